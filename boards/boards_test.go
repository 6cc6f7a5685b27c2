package boards

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAll(t *testing.T) {
	var names []string
	for _, p := range All() {
		names = append(names, p.Name)
	}
	assert.Equal(t, []string{
		"generic-arm", "generic-arm64",
		"jetson-agx-orin", "jetson-agx-xavier", "jetson-nano", "jetson-orin-nano", "jetson-orin-nx", "jetson-tx2", "jetson-xavier-nx",
		"rpi-cm4", "rpi-zero-2-w", "rpi3b", "rpi3b-plus", "rpi4b", "rpi5",
	}, names)
}

func TestIDsAreUnique(t *testing.T) {
	kebab := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	owner := map[string]string{}
	for _, p := range All() {
		assert.Regexp(t, kebab, p.Name)
		for _, id := range slices.Concat([]string{"name " + p.Name, "full name " + p.FullName}, p.Models.Value, p.Compatible.Value) {
			assert.Empty(t, owner[id], "%s of %s", id, p.Name)
			owner[id] = p.Name
		}
	}
}

func TestEveryFigureHasASource(t *testing.T) {
	facts := 0
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			walk(path, v.Elem())
		case reflect.Slice:
			for i := range v.Len() {
				walk(path, v.Index(i))
			}
		case reflect.Struct:
			source := v.FieldByName("Source")
			if !source.IsValid() {
				for i := range v.NumField() {
					walk(path+"."+v.Type().Field(i).Name, v.Field(i))
				}
				return
			}
			facts++
			s, value := source.String(), v.FieldByName("Value")
			absent := strings.HasPrefix(s, notPublished) || s == none || s == varies
			assert.NotEmpty(t, s, path)
			assert.Equal(t, value.IsZero(), absent, "%s: %v from %q", path, value, s)
		case reflect.Int, reflect.Float64:
			assert.Fail(t, "a figure outside a Fact", path)
		}
	}
	for _, p := range All() {
		walk(p.Name, reflect.ValueOf(p))
	}
	assert.Greater(t, facts, 250)
}

func TestProfilesAreConsistent(t *testing.T) {
	for _, p := range All() {
		if !strings.HasPrefix(p.Name, "generic-") {
			require.NotEmpty(t, p.Clusters, p.Name)
			isa := slices.Clone(p.Clusters[0].Core.ISA.Value)
			for _, c := range p.Clusters {
				isa = slices.DeleteFunc(isa, func(f string) bool { return !slices.Contains(c.Core.ISA.Value, f) })
				assert.Equal(t, c.Core.Name, coreName(c.Core.ID.Value))
				assert.Positive(t, c.Cores.Value, p.Name)
				assert.Positive(t, c.MaxMHz.Value, p.Name)
				assert.Equal(t, 1, c.L1I.Value.SharedBy, p.Name)
				assert.Equal(t, 1, c.L1D.Value.SharedBy, p.Name)
				assert.Contains(t, []int{1, c.Cores.Value}, c.L2.Value.SharedBy, p.Name)
				assert.Contains(t, []int{0, c.Cores.Value, p.Cores()}, c.L3.Value.SharedBy, p.Name)
			}
			assert.Equal(t, isa, p.ISA.Value, "%s: the ISA is what all cores have", p.Name)
		}
		assert.True(t, slices.IsSorted(p.RAMMiB.Value), p.Name)
		for _, c := range p.Compatible.Value {
			assert.Same(t, p, profileOfCompatible(c), c)
		}
		for _, m := range p.Models.Value {
			assert.Same(t, p, profileOfModel(m), m)
			assert.Same(t, p, profileOfModel(m+" Rev 1.0"), m)
		}
	}
}

func TestFigures(t *testing.T) {
	for name, want := range map[string]struct {
		cores, mhz int
		isa        string
	}{
		"rpi-zero-2-w":      {4, 1000, "arm64 neon"},
		"rpi3b":             {4, 1200, "arm64 neon"},
		"rpi3b-plus":        {4, 1400, "arm64 neon"},
		"rpi4b":             {4, 1800, "arm64 neon"},
		"rpi-cm4":           {4, 1500, "arm64 neon"},
		"rpi5":              {4, 2400, "arm64 neon dotprod fp16"},
		"jetson-nano":       {4, 1430, "arm64 neon"},
		"jetson-tx2":        {6, 2000, "arm64 neon"},
		"jetson-xavier-nx":  {6, 1900, "arm64 neon fp16"},
		"jetson-agx-xavier": {8, 2260, "arm64 neon fp16"},
		"jetson-orin-nano":  {6, 1700, "arm64 neon dotprod fp16"},
		"jetson-orin-nx":    {8, 2000, "arm64 neon dotprod fp16"},
		"jetson-agx-orin":   {12, 2200, "arm64 neon dotprod fp16"},
	} {
		p, err := ByName(name)
		require.NoError(t, err)
		assert.Equal(t, want.cores, p.Cores(), name)
		assert.Equal(t, want.mhz, p.Clusters[0].MaxMHz.Value, name)
		assert.Equal(t, want.isa, strings.Join(p.ISA.Value, " "), name)
	}
}

func TestByName(t *testing.T) {
	p, err := ByName("rpi4b")
	require.NoError(t, err)
	assert.Equal(t, "Raspberry Pi 4 Model B", p.FullName)

	for name, want := range map[string]string{
		"rpi4":         `boards: board "rpi4": no such profile, near: rpi4b, rpi5`,
		"RPI 4B":       `near: rpi3b, rpi4b`,
		"orin":         `near: jetson-agx-orin, jetson-orin-nano, jetson-orin-nx`,
		"jetson_tx2":   `near: jetson-tx2`,
		"jeston-nano":  `near: jetson-nano`,
		"beaglebone":   `no such profile, want one of generic-arm, generic-arm64, jetson-agx-orin,`,
		"":             `want one of`,
		"\x1b[31m\xff": `boards: board "\x1b[31m\xff": no such profile`,
	} {
		p, err := ByName(name)
		assert.Nil(t, p)
		assert.ErrorContains(t, err, want)
	}
	_, err = ByName(strings.Repeat("x", 1<<20))
	assert.Less(t, len(err.Error()), 1000)
}

func TestProfileJSON(t *testing.T) {
	p, err := ByName("jetson-tx2")
	require.NoError(t, err)
	b, err := json.Marshal(p)
	require.NoError(t, err)
	var back Profile
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, *p, back)
	assert.Contains(t, string(b), `"cores":{"value":2,"source":"`)
	assert.Contains(t, string(b), `"l2":{"value":{"kib":2048,"shared_by":4},"source":"`)
}
