package dataset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWAV reads what Python's wave module wrote (tools/vectors/dataset.py).
func TestWAV(t *testing.T) {
	in := Input{Name: "x", Shape: []int{1, 6}}
	want := []float64{0, 0.25, 0.5, -0.5, -1, 1}
	for _, bits := range []int{8, 16, 24, 32} {
		for ch := 1; ch <= 2; ch++ {
			x, err := LoadFile(fmt.Sprintf("testdata/%dbit-%dch.wav", bits, ch), in, &Preprocess{})
			require.NoError(t, err)
			require.Len(t, x, 6)
			for i, v := range want {
				v *= []float64{1, 0.75}[ch-1] // the right channel is half as loud
				require.InDelta(t, v, x[i], 1.0/float64(int(1)<<(bits-2)), "%d bits, %d channels, sample %d", bits, ch, i)
			}
			require.Less(t, x[5], float32(1.0001))
			require.GreaterOrEqual(t, x[4], float32(-1))
		}
	}
	x, err := LoadFile("testdata/float.wav", in, &Preprocess{})
	require.NoError(t, err)
	require.Equal(t, []float32{0, 0.25, 0.5, -0.5, -1, 1}, x)
	// Cut, and followed by silence.
	x, err = LoadFile("testdata/16bit-1ch.wav", Input{Name: "x", Shape: []int{1, 1, 2}}, &Preprocess{})
	require.NoError(t, err)
	require.Equal(t, []float32{0, 0.25}, x)
	x, err = LoadFile("testdata/16bit-1ch.wav", Input{Name: "x", Shape: []int{8}}, &Preprocess{})
	require.NoError(t, err)
	require.Equal(t, []float32{0, 0}, x[6:])
}

// chunk is one chunk of a RIFF file.
func chunk(id string, body []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(body)))
	b = append(b, body...)
	return append(b, make([]byte, len(b)%2)...)
}

// format is a fmt chunk.
func format(tag, channels, bits int, more ...byte) []byte {
	var b []byte
	for _, v := range []int{tag, channels, 8000, 0, 0, 0, channels * bits / 8, bits} {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return chunk("fmt ", append(b, more...))
}

func riff(chunks ...[]byte) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WAVE")
	return append(b, bytes.Join(chunks, nil)...)
}

// TestWAVFiles: other chunks are skipped, broken files say what is wrong.
func TestWAVFiles(t *testing.T) {
	pcm := format(1, 1, 16)
	data := chunk("data", []byte{0, 0x40, 0, 0xc0})
	extensible := append(append([]byte{22, 0, 16, 0, 4, 0, 0, 0}, 1, 0), make([]byte, 14)...)
	long := bytes.Clone(data)
	binary.LittleEndian.PutUint32(long[4:], 1000)
	stream := bytes.Clone(data)
	binary.LittleEndian.PutUint32(stream[4:], 1<<32-1)
	huge := chunk("LIST", []byte("INFO"))
	binary.LittleEndian.PutUint32(huge[4:], 1<<32-2)
	wrong := bytes.Clone(pcm)
	wrong[8+12] = 4
	for name, c := range map[string]struct {
		file []byte
		want string // "": two samples, 0.5 and -0.5
	}{
		"plain":             {riff(pcm, data), ""},
		"chunks in between": {riff(chunk("LIST", []byte("odd")), pcm, chunk("fact", nil), data, chunk("LIST", nil)), ""},
		"longer format":     {riff(format(1, 1, 16, 0, 0), data), ""},
		"extensible":        {riff(format(0xfffe, 1, 16, extensible...), data), ""},
		"streamed":          {riff(pcm, stream), ""},
		"empty":             {nil, "this is not a WAV file"},
		"other RIFF":        {[]byte("RIFF\x00\x00\x00\x00AVI LIST"), "this is not a WAV file"},
		"no chunk":          {riff(), "the WAV file has no data chunk, or is cut off in front of it"},
		"no data":           {riff(pcm), "the WAV file has no data chunk, or is cut off in front of it"},
		"no format":         {riff(data, pcm), "the WAV file has no fmt chunk in front of the data"},
		"no samples":        {riff(pcm, chunk("data", nil)), "there are no samples in the WAV file"},
		"half a sample":     {riff(pcm, chunk("data", []byte{1})), "there are no samples in the WAV file"},
		"cut off":           {riff(pcm, long), "the WAV file ends after 2 of 500 samples"},
		"huge chunk":        {riff(huge), "the WAV file ends 4 bytes into a chunk of 4294967294"},
		"cut format":        {riff(pcm)[:30], "the WAV file is cut off in its format"},
		"short format":      {riff(chunk("fmt ", make([]byte, 14)), data), "a WAV format of 14 bytes, want at least 16"},
		"ADPCM":             {riff(format(2, 1, 16), data), "WAV format 2 with 16 bits is not supported, want PCM (1) with 8, 16, 24 or 32 or float (3) with 32"},
		"12 bits":           {riff(format(1, 1, 12), data), "WAV format 1 with 12 bits is not supported, want PCM (1) with 8, 16, 24 or 32 or float (3) with 32"},
		"double":            {riff(format(3, 1, 64), data), "WAV format 3 with 64 bits is not supported, want PCM (1) with 8, 16, 24 or 32 or float (3) with 32"},
		"no channel":        {riff(format(1, 0, 16), data), "0 bytes for 0 channels of 16 bits"},
		"frame size":        {riff(wrong, data), "4 bytes for 1 channels of 16 bits"},
		"NaN":               {riff(format(3, 1, 32), chunk("data", []byte{0, 0, 0xc0, 0x7f})), "sample 0 is not a finite number"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.wav")
			require.NoError(t, os.WriteFile(path, c.file, 0o600))
			s, err := Open(path, []Input{{Name: "x", Shape: []int{1, 4}}}, Preprocess{})
			require.NoError(t, err)
			x, err := s.Sample(0)
			if c.want != "" {
				require.EqualError(t, err, path+": "+c.want)
				return
			}
			require.NoError(t, err)
			require.Equal(t, [][]float32{{0.5, -0.5, 0, 0}}, x)
		})
	}
}

// FuzzWAV reads arbitrary files.
func FuzzWAV(f *testing.F) {
	f.Add(riff(format(1, 2, 16), chunk("data", make([]byte, 20))))
	f.Add(riff(chunk("LIST", []byte("odd")), format(3, 1, 32), chunk("data", make([]byte, 20))))
	f.Fuzz(func(t *testing.T, b []byte) {
		out := make([]float32, 7)
		got := allocated(func() { _ = readWAV(bytes.NewReader(b), out) })
		require.Less(t, got, int64(1<<20))
	})
}
