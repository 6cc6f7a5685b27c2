package edgerun_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ermoracle"
	edgerun "github.com/edgerun/edgerun/runtime"
)

// identity is a network whose input is its output, of any type and order.
func identity(d ermfmt.DType, dims ermoracle.Dims, scale float32, zero int32) *ermfmt.Model {
	n := ermoracle.NewNet(1)
	x := n.Input(d, dims)
	n.M.Tensors[x].Scale, n.M.Tensors[x].Zero = scale, zero
	m := n.Finish()
	m.Outputs = append(m.Outputs, m.Inputs[0])
	m.Outputs[0].Name = "same"
	return m
}

// TestSetFloat32 holds quantization at the input to arithmetic.md §14: the
// nearest integer, halves to even, clamped to the type.
func TestSetFloat32(t *testing.T) {
	big := float32(math.MaxFloat32)
	for _, c := range []struct {
		d     ermfmt.DType
		scale float32
		zero  int32
		x     []float32
		want  []int16
	}{
		{ermfmt.Int8, 1, 0, []float32{0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999997}, []int16{0, 0, 2, 2, 0, -2, -2, 0}},
		{ermfmt.Int8, 1, 0, []float32{127, 127.4, 127.5, 1000, big, -128, -128.6, -big}, []int16{127, 127, 127, 127, 127, -128, -128, -128}},
		{ermfmt.Int8, 0.5, -128, []float32{0, 0.25, 0.75, 127.5, 128, -0.25, -1, 63}, []int16{-128, -128, -126, 127, 127, -128, -128, -2}},
		{ermfmt.Int8, 0.25, 127, []float32{0, 1, -1, -63.75, -64, -1e30, 1e30, 0.126}, []int16{127, 127, 123, -128, -128, -128, 127, 127}},
		{ermfmt.Int16, 0.125, 0, []float32{0.0625, 0.1875, 4095.875, 4096, 1e20, -4096, -4097, 1}, []int16{0, 2, 32767, 32767, 32767, -32768, -32768, 8}},
		// Scales at which 1/scale is infinite or 0·∞ is not a number.
		{ermfmt.Int8, math.SmallestNonzeroFloat32, 3, []float32{0, 1e-45, -1e-45, 1, -1, big, 0, 0}, []int16{3, 127, -128, 127, -128, 127, 3, 3}},
		{ermfmt.Int8, math.MaxFloat32, 3, []float32{0, 1, big, -big, 0, 0, 0, 0}, []int16{3, 3, 4, 2, 3, 3, 3, 3}},
	} {
		m := identity(c.d, ermoracle.Dims{1, 1, 1, int32(len(c.x))}, c.scale, c.zero)
		for _, tier := range tiers() {
			s, err := load(t, m, edgerun.Tier(tier)).NewSession()
			require.NoError(t, err)
			in := s.Input(0)
			require.NoError(t, in.SetFloat32(c.x))
			got := make([]int16, len(c.x))
			for i := range got {
				if c.d == ermfmt.Int8 {
					got[i] = int16(in.Int8()[i])
				} else {
					got[i] = in.Int16()[i]
				}
			}
			require.Equal(t, c.want, got, "%s, scale %g, zero point %d", tier, c.scale, c.zero)
			// And back again.
			real := make([]float32, len(c.x))
			require.NoError(t, s.Output(0).Float32(real))
			for i, q := range got {
				require.Equal(t, float32(float32(int32(q)-c.zero)*c.scale), real[i])
			}
		}
	}
}

// TestSetFloat32Errors: data that cannot be quantized is an error that says
// what is wrong, and changes nothing.
func TestSetFloat32Errors(t *testing.T) {
	s, err := load(t, identity(ermfmt.Int8, ermoracle.Dims{1, 2, 2, 3}, 0.5, 7)).NewSession()
	require.NoError(t, err)
	in := s.Input(0)
	x := make([]float32, 12)
	for i := range x {
		x[i] = float32(i)
	}
	require.NoError(t, in.SetFloat32(x))
	before := append([]int8{}, in.Int8()...)
	for name, c := range map[string]struct {
		x    []float32
		want string
	}{
		"none":  {nil, `edgerun: input "ina": 0 values, want 12`},
		"short": {x[:11], `edgerun: input "ina": 11 values, want 12`},
		"long":  {append(x[:12:12], 1), `edgerun: input "ina": 13 values, want 12`},
		"NaN":   {append(append(x[:5:5], float32(math.NaN())), x[6:]...), `edgerun: input "ina": element 5 is not a finite number`},
		"+Inf":  {append(append([]float32{}, x[:11]...), float32(math.Inf(1))), `edgerun: input "ina": element 11 is not a finite number`},
		"-Inf":  {append([]float32{float32(math.Inf(-1))}, x[1:]...), `edgerun: input "ina": element 0 is not a finite number`},
	} {
		t.Run(name, func(t *testing.T) {
			err := in.SetFloat32(c.x)
			require.EqualError(t, err, c.want)
			var ve *edgerun.ValueError
			require.ErrorAs(t, err, &ve)
			require.Equal(t, "ina", ve.Tensor)
			require.Equal(t, before, in.Int8())
		})
	}
	out := s.Output(0)
	require.EqualError(t, out.Float32(make([]float32, 11)), `edgerun: output "same": room for 11 values, want 12`)
	require.EqualError(t, out.Integers(make([]int32, 13)), `edgerun: output "same": room for 13 values, want 12`)
}

// TestAxisOrder: values come and go in the source model's axis order; a network
// that does nothing gives back what it got. Source shapes have up to eight axes;
// more than four that lie crosswise are refused.
func TestAxisOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	taken, refused := 0, 0
	for range 400 {
		// Axes by stride, the innermost last, and then in any order.
		var dims, stride []int32
		size := int32(1)
		for range r.IntN(9) {
			d := min(1+r.Int32N(4), 32000/size) // each value is another integer
			dims, stride = append(dims, d), append(stride, size)
			size *= d
		}
		order := r.Perm(len(dims))
		if r.IntN(2) == 0 { // mostly as they are, two parts exchanged
			for i := range order {
				order[i] = len(order) - 1 - i
			}
			if k := len(order); k > 2 {
				order = append(order[k/2:], order[:k/2]...)
			}
		}
		n := ermoracle.NewNet(3)
		x := n.Packed(ermfmt.Int16, ermoracle.Dims{1, 1, 1, size})
		n.M.Tensors[x].Scale = 1
		io := ermfmt.IO{Name: "x", Tensor: x, Type: ermfmt.SourceFloat32}
		for _, k := range order {
			io.Dims, io.Stride = append(io.Dims, dims[k]), append(io.Stride, stride[k])
		}
		m := n.Finish()
		m.Inputs, m.Outputs = []ermfmt.IO{io}, []ermfmt.IO{io}
		// Axes that are neighbours in both orders count as one.
		groups := 0
		var long []int
		for _, k := range order {
			if dims[k] > 1 {
				long = append(long, k)
			}
		}
		for i, k := range long {
			if i == 0 || stride[long[i-1]] != stride[k]*dims[k] {
				groups++
			}
		}
		em, err := edgerun.LoadBytes(encode(t, m))
		if groups > 4 {
			require.EqualError(t, err, `edgerun: op 0 (input "x"): the axes are mixed too much`)
			refused++
			continue
		}
		require.NoError(t, err, "dims %v, strides %v", io.Dims, io.Stride)
		taken++
		s, err := em.NewSession()
		require.NoError(t, err)
		in := s.Input(0)
		src := make([]float32, in.Len())
		for i := range src {
			src[i] = float32(i)
		}
		require.NoError(t, in.SetFloat32(src))
		// Source element (i0, i1, …) is the tensor's element Σ i·stride.
		ix := make([]int32, len(dims))
		for i := range src {
			at := int32(0)
			for k := range ix {
				at += ix[k] * io.Stride[k]
			}
			require.Equal(t, int16(i), in.Int16()[at], "dims %v, strides %v", io.Dims, io.Stride)
			for k := len(ix) - 1; k >= 0; k-- {
				if ix[k]++; ix[k] < io.Dims[k] {
					break
				}
				ix[k] = 0
			}
		}
		got, ints := make([]float32, len(src)), make([]int32, len(src))
		require.NoError(t, s.Output(0).Float32(got))
		require.Equal(t, src, got)
		require.NoError(t, s.Output(0).Integers(ints))
		for i := range ints {
			require.Equal(t, int32(i), ints[i])
		}
		for i, d := range in.Shape() {
			require.Equal(t, int(io.Dims[i]), d)
		}
	}
	require.Greater(t, taken, 100)
	require.Greater(t, refused, 20)
}

// TestAppendRaw: raw integers are little-endian everywhere.
func TestAppendRaw(t *testing.T) {
	n := ermoracle.NewNet(1)
	x := n.Input(ermfmt.Int16, ermoracle.Dims{1, 1, 1, 400})
	n.M.Tensors[x].Scale = 1
	n.Output(x)
	n.Output(n.ArgMax(x, false, false))
	s, err := load(t, n.Finish()).NewSession()
	require.NoError(t, err)
	v := make([]float32, 400)
	v[0], v[399] = -2, 258
	require.NoError(t, s.Input(0).SetFloat32(v))
	require.NoError(t, s.Run())
	raw := s.Output(0).AppendRaw([]byte{9})
	require.Equal(t, []byte{9, 0xfe, 0xff, 0, 0}, raw[:5])
	require.Equal(t, []byte{2, 1}, raw[799:])
	require.Equal(t, []byte{0x8f, 1, 0, 0}, s.Output(1).AppendRaw(nil))
	require.Equal(t, []int32{399}, s.Output(1).Int32())
}

// TestClosed: a closed session says so, however often it is closed.
func TestClosed(t *testing.T) {
	for _, threads := range []int{1, 4} {
		s, err := load(t, ermoracle.Every()).NewSession(edgerun.Threads(threads))
		require.NoError(t, err)
		require.NoError(t, s.Run())
		for range 3 {
			require.NoError(t, s.Close())
		}
		require.ErrorIs(t, s.Run(), edgerun.ErrClosed)
		require.ErrorIs(t, s.RunFunc(nil, nil), edgerun.ErrClosed)
		require.ErrorIs(t, s.Input(0).SetFloat32(nil), edgerun.ErrClosed)
		require.ErrorIs(t, s.Output(0).Float32(nil), edgerun.ErrClosed)
		require.ErrorIs(t, s.Output(0).Integers(nil), edgerun.ErrClosed)
		require.EqualError(t, s.Run(), "edgerun: closed")
	}
}

// TestMaxMemory: the limit holds for the arena, for scratch and for threads, and
// is checked before anything of that size is allocated.
func TestMaxMemory(t *testing.T) {
	m := ermoracle.Every()
	file := encode(t, m)
	em := load(t, m)
	one, four := em.SessionBytes(1), em.SessionBytes(4)
	require.Greater(t, one, em.ArenaBytes())
	require.Greater(t, four, one)

	_, err := edgerun.LoadBytes(file, edgerun.MaxMemory(em.ArenaBytes()-1))
	require.ErrorIs(t, err, edgerun.ErrMemory)
	require.Regexp(t, `^edgerun: the arena needs \d+ KiB, the limit is \d+ KiB$`, err.Error())
	_, err = edgerun.LoadBytes(file, edgerun.MaxMemory(one-1))
	require.ErrorIs(t, err, edgerun.ErrMemory)
	require.Regexp(t, `^edgerun: a session needs \d+ KiB, the limit is \d+ KiB$`, err.Error())

	em = load(t, m, edgerun.MaxMemory(one))
	s, err := em.NewSession()
	require.NoError(t, err)
	require.Equal(t, one, int64(len(s.Arena()))+s.ScratchBytes())
	_, err = em.NewSession(edgerun.Threads(4))
	require.ErrorIs(t, err, edgerun.ErrMemory)
	require.Regexp(t, `^edgerun: a session with 4 threads needs \d+ KiB, the limit is \d+ KiB$`, err.Error())
	em = load(t, m, edgerun.MaxMemory(four))
	s, err = em.NewSession(edgerun.Threads(4))
	require.NoError(t, err)
	require.Equal(t, four, int64(len(s.Arena()))+s.ScratchBytes())
	require.NoError(t, s.Close())
	for _, limit := range []int64{0, -1, math.MinInt64} {
		_, err = edgerun.LoadBytes(file, edgerun.MaxMemory(limit))
		require.ErrorIs(t, err, edgerun.ErrMemory)
	}
	_, err = edgerun.LoadBytes(file, edgerun.MaxMemory(math.MaxInt64))
	require.NoError(t, err)
}

// far is a network with its tensors at the end of an arena of so many bytes.
func far(arena int64) *ermfmt.Model {
	m := identity(ermfmt.Int8, ermoracle.Dims{1, 1, 1, 16}, 1, 0)
	m.Plan = ermfmt.Plan{Arena: arena}
	m.Tensors[0].Offset = arena - 16
	return m
}

// TestHugeArenas: an arena that the machine cannot address is an error; one
// that it can costs nothing before there is a session.
func TestHugeArenas(t *testing.T) {
	for _, c := range []struct {
		arena, limit int64
		fits, bits32 bool
	}{
		{1 << 29, 0, true, true},
		{1<<29 + 1, 0, true, false}, // 512 MiB are the default on 32-bit machines
		{1 << 31, 0, true, false},
		{1<<31 + 1, 0, false, false},
		{1 << 31, math.MaxInt64, true, false},
		{1<<32 + 64, math.MaxInt64, true, false},
		{1 << 40, math.MaxInt64, true, false},
		{1<<40 + 1, math.MaxInt64, false, false},
		{math.MaxInt64, math.MaxInt64, false, false},
	} {
		var opts []edgerun.Option
		if c.limit != 0 {
			opts = append(opts, edgerun.MaxMemory(c.limit))
		}
		want := c.fits
		if strconv.IntSize == 32 {
			want = c.bits32
		}
		m, err := edgerun.LoadBytes(encode(t, far(c.arena)), opts...)
		if !want {
			require.ErrorIs(t, err, edgerun.ErrMemory, "arena %d", c.arena)
			continue
		}
		require.NoError(t, err, "arena %d", c.arena)
		require.Equal(t, c.arena, m.ArenaBytes())
	}
}

// TestLoadErrors: errors of Load name the file, once, and keep what is behind
// them.
func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(p, b, 0o644))
		return p
	}
	every := encode(t, ermoracle.Every())
	wrong := ermoracle.Every()
	wrong.Ops[0].Conv.StrideH = 0
	newer := ermoracle.Split(every)
	newer.Major = 2
	for name, c := range map[string]struct {
		path string
		opts []edgerun.Option
		want string
		is   error
	}{
		"missing":   {filepath.Join(dir, "no.erm"), nil, "no such file or directory", os.ErrNotExist},
		"directory": {dir, nil, "not a regular file", nil},
		"empty":     {write("empty.erm", nil), nil, "header, byte 0x0: the file ends here, want at least 64 bytes", nil},
		"text":      {write("text.erm", []byte(strings.Repeat("hello ", 20))), nil, "header, byte 0x0: this is not an .erm file", nil},
		"cut off":   {write("cut.erm", every[:1000]), nil, "header, byte 0x10: the file should have " + strconv.Itoa(len(every)) + " bytes and has 1000", nil},
		"newer":     {write("newer.erm", newer.Bytes()), nil, "header, byte 0x8: format version 2 is not supported, want 1; the file was made by a newer edgerun", ermfmt.ErrUnsupported},
		"wrong op":  {write("wrong.erm", encode(t, wrong)), nil, `op 0 (conv "conv 00"): kernel 3x3, stride 0x1, dilation 1x1, groups 2: want values in [1, 16384]`, nil},
		"memory":    {write("every.erm", every), []edgerun.Option{edgerun.MaxMemory(1024)}, "the arena needs " + strconv.Itoa(int(ermoracle.Every().Plan.Arena+1023)/1024) + " KiB, the limit is 1 KiB", edgerun.ErrMemory},
		"tier":      {write("every.erm", every), []edgerun.Option{edgerun.Tier("avx512")}, "cpu: tier avx512 is unknown, want one of generic", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" {
				t.Skip("the texts are those of Unix")
			}
			m, err := edgerun.Load(c.path, c.opts...)
			require.Nil(t, m)
			require.ErrorContains(t, err, c.path+": "+c.want)
			require.Equal(t, 1, strings.Count(err.Error(), dir), err)
			var fe *edgerun.FileError
			require.ErrorAs(t, err, &fe)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
		})
	}
}

// TestManySessions runs sessions of one model at the same time, each on its own
// data.
func TestManySessions(t *testing.T) {
	m := load(t, ermoracle.Every())
	var wg sync.WaitGroup
	results := make([]string, 12)
	for i := range results {
		wg.Go(func() {
			s, err := m.NewSession(edgerun.Threads(1+i%3), edgerun.SplitAlways())
			if err != nil {
				panic(err)
			}
			defer s.Close()
			for round := range 10 {
				for k := range s.NumInputs() {
					if err := s.Input(k).SetFloat32(pattern(s.Input(k), k+i/3)); err != nil {
						panic(err)
					}
				}
				if err := s.Run(); err != nil {
					panic(err)
				}
				out := ""
				for k := range s.NumOutputs() {
					out += fmt.Sprintf("%x ", s.Output(k).AppendRaw(nil))
				}
				if round > 0 && out != results[i] {
					panic("a session gave two results for the same input")
				}
				results[i] = out
			}
		})
	}
	wg.Wait()
	for i := range results {
		require.Equal(t, results[i/3*3], results[i], "the number of threads changes the result")
	}
	require.NotEqual(t, results[0], results[3])
}
