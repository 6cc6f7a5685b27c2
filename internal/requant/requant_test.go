package requant

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// exact rounds acc·m·2^pre / 2^(31+s) half up with big integers.
func exact(acc int32, m Multiplier) int64 {
	v := big.NewInt(int64(acc))
	v.Lsh(v, uint(m.Pre))
	lo, hi := big.NewInt(math.MinInt32), big.NewInt(math.MaxInt32)
	if v.Cmp(lo) < 0 {
		v = lo
	}
	if v.Cmp(hi) > 0 {
		v = hi
	}
	v = new(big.Int).Mul(v, big.NewInt(int64(m.M)))
	n := uint(31 + m.Shift)
	v.Add(v, new(big.Int).Lsh(big.NewInt(1), n-1))
	return v.Rsh(v, n).Int64() // Rsh of big.Int rounds down
}

func TestApplyIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	accs := []int32{0, 1, -1, 1 << 30, -1 << 30, math.MaxInt32, math.MinInt32, 127, -128}
	for range 200 {
		accs = append(accs, r.Int32(), -r.Int32())
	}
	for s := uint8(1); s <= 31; s++ {
		for _, m := range []int32{1 << 30, 1<<31 - 1, 1<<30 + 1, 1<<30 + r.Int32N(1<<30)} {
			for _, pre := range []uint8{0, 1, 7, 31} {
				mul := Multiplier{M: m, Shift: s, Pre: pre}
				for _, a := range accs {
					require.Equal(t, exact(a, mul), int64(mul.Apply(a)), "%+v %d", mul, a)
				}
			}
		}
	}
}

func TestTiesGoUp(t *testing.T) {
	half := Multiplier{M: 1 << 30, Shift: 1} // 0.25
	for acc, want := range map[int32]int32{2: 1, -2: 0, 6: 2, -6: -1, 1: 0, -1: 0, 3: 1, -3: -1} {
		require.Equal(t, want, half.Apply(acc), "%d/4", acc)
	}
}

func TestFrom(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		scale := math.Ldexp(0.5+r.Float64()/2, r.IntN(50)-31)
		m, ok := From(scale)
		require.True(t, ok)
		require.True(t, m.Valid(), "%g: %+v", scale, m)
		require.InEpsilon(t, scale, m.Real(), 1e-9)
		if m.Pre > 0 {
			require.Equal(t, uint8(1), m.Shift)
		}
		w := m.WithPre(m.Pre + 3)
		require.True(t, w.Valid())
		if w.M == m.M {
			require.Equal(t, m.Real(), w.Real())
		}
	}
	for _, bad := range []float64{-1, math.NaN(), math.Inf(1), MaxScale} {
		_, ok := From(bad)
		require.False(t, ok, "%g", bad)
	}
	for _, tiny := range []float64{0, 1e-30, math.Ldexp(1, -33)} {
		m, ok := From(tiny)
		require.True(t, ok)
		require.Zero(t, m.Apply(1<<30))
		require.Zero(t, m.Apply(-1<<30))
	}
	m, _ := From(math.Nextafter(1, 0))
	require.True(t, m.Valid())
	m, _ = From(1)
	require.EqualValues(t, 77, m.Apply(77))
}
