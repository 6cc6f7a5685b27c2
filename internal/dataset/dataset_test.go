package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"archive/zip"

	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/npy"
)

// allocated returns the bytes that f allocates.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

func crcOf(b []byte) []byte { return binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)) }

// tree makes files of the given contents.
func tree(t *testing.T, files map[string][]byte) string {
	root := t.TempDir()
	for name, b := range files {
		p := filepath.Join(root, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(p), 0o755))
		require.NoError(t, os.WriteFile(p, b, 0o644))
	}
	return root
}

// dot is a PNG of one gray pixel.
func dot(v uint8) []byte {
	img := image.NewGray(image.Rect(0, 0, 1, 1))
	img.SetGray(0, 0, color.Gray{Y: v})
	var b bytes.Buffer
	_ = png.Encode(&b, img)
	return b.Bytes()
}

func npyOf[T npy.Number](shape []int, v ...T) []byte {
	var b bytes.Buffer
	_ = npy.Encode(&b, shape, v)
	return b.Bytes()
}

func npzOf(arrays map[string][]byte) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, a := range arrays {
		w, _ := z.Create(name + ".npy")
		_, _ = w.Write(a)
	}
	_ = z.Close()
	return b.Bytes()
}

var gray = []Input{{Name: "x", Shape: []int{1, 1, 1, 1}}}

// first returns the first element and the label of every sample.
func first(t *testing.T, s *Set) (values []float32, labels []int) {
	for i := range s.Len() {
		x, err := s.Sample(i)
		require.NoError(t, err)
		values = append(values, x[0][0])
		l, ok := s.Label(i)
		require.Equal(t, ok, l >= 0)
		labels = append(labels, l)
	}
	return values, labels
}

// TestDirectories: files are samples, sub-directories classes.
func TestDirectories(t *testing.T) {
	root := tree(t, map[string][]byte{
		"cat/b.png": dot(2), "cat/a.PNG": dot(1), "cat/deep/c.png": dot(3), "dog/a.png": dot(4), "empty/readme.txt": nil,
		"ant/x.npy": npyOf([]int{1, 1}, float32(5.5)), ".hidden/z.png": dot(9), "dog/.z.png": dot(9), "zebra/notes.md": nil,
	})
	s, err := Open(root, gray, Preprocess{})
	require.NoError(t, err)
	require.Equal(t, []string{"ant", "cat", "dog", "empty", "zebra"}, s.Classes)
	values, labels := first(t, s)
	require.Equal(t, []float32{5.5, 1, 2, 3, 4}, values)
	require.Equal(t, []int{0, 1, 1, 1, 2}, labels)
	require.True(t, s.Labelled())
	require.False(t, s.Masked())
	require.Equal(t, filepath.Join(root, "cat", "a.PNG"), s.Name(1))

	// Numbers mean those classes, whatever their order.
	s, err = Open(tree(t, map[string][]byte{"10/a.png": dot(1), "9/a.png": dot(2), "0/a.png": dot(3)}), gray, Preprocess{})
	require.NoError(t, err)
	require.Nil(t, s.Classes)
	values, labels = first(t, s)
	require.Equal(t, []float32{3, 1, 2}, values)
	require.Equal(t, []int{0, 10, 9}, labels)

	// Names of which only some are numbers count in alphabetical order.
	s, err = Open(tree(t, map[string][]byte{"1x/a.png": dot(1), "7/a.png": dot(2)}), gray, Preprocess{})
	require.NoError(t, err)
	require.Equal(t, []string{"1x", "7"}, s.Classes)
	_, labels = first(t, s)
	require.Equal(t, []int{0, 1}, labels)

	// Files without a class.
	s, err = Open(tree(t, map[string][]byte{"b.png": dot(2), "a.png": dot(1), "c/d.png": dot(3)}), gray, Preprocess{})
	require.NoError(t, err)
	_, labels = first(t, s)
	require.Equal(t, []int{-1, -1, 0}, labels)
	require.False(t, s.Labelled())
	require.True(t, s.Pictures())

	// One file.
	s, err = Open(filepath.Join(root, "cat", "b.png"), gray, Preprocess{})
	require.NoError(t, err)
	require.Equal(t, 1, s.Len())
}

// TestLimit keeps samples from all over the data.
func TestLimit(t *testing.T) {
	v := make([]float32, 100)
	for i := range v {
		v[i] = float32(i)
	}
	path := filepath.Join(tree(t, map[string][]byte{"x.npy": npyOf([]int{100, 1, 1, 1}, v...)}), "x.npy")
	for n, want := range map[int]int{0: 100, -1: 100, 1: 1, 7: 7, 100: 100, 1000: 100} {
		s, err := Open(path, gray, Preprocess{})
		require.NoError(t, err)
		s.Limit(n)
		require.Equal(t, want, s.Len())
		values, _ := first(t, s)
		for i, x := range values {
			require.Equal(t, float32(i*100/want), x)
		}
		require.Equal(t, "sample 0", s.Name(0))
	}
}

// TestCSV reads lists of files.
func TestCSV(t *testing.T) {
	root := tree(t, map[string][]byte{"in/a.png": dot(1), "in/b c.png": dot(2), "m.png": dot(7),
		"list.csv":   []byte("\ufeffpath,label\r\nin/a.png, 3\r\n\"in/b c.png\",0\r\n"),
		"plain.csv":  []byte("path\nin/a.png\n\nin/b c.png\n"),
		"masks.csv":  []byte("path,label\nin/a.png,m.png\nin/b c.png,m.png\n"),
		"header.csv": []byte("file,class\nin/a.png,1\n"), "empty.csv": nil, "none.csv": []byte("path,label\n"),
		"label.csv":    []byte("path,label\nin/a.png,1\n\n\nin/a.png,cat\n"),
		"negative.csv": []byte("path,label\nin/a.png,-1\n"),
		"short.csv":    []byte("path,label\nin/a.png,1\nin/a.png\n"),
		"nopath.csv":   []byte("path,label\n\"\n\n\",1\n,2\n"),
		"mixed.csv":    []byte("path,label\nin/a.png,m.png\nin/a.png,2\n"),
		"quote.csv":    []byte("path,label\nin/a.png,\"1\n"),
		"missing.csv":  []byte("path,label\nin/none.png,1\n"),
	})
	open := func(name string) (*Set, error) { return Open(filepath.Join(root, name), gray, Preprocess{}) }
	s, err := open("list.csv")
	require.NoError(t, err)
	values, labels := first(t, s)
	require.Equal(t, []float32{1, 2}, values)
	require.Equal(t, []int{3, 0}, labels)
	s, err = open("plain.csv")
	require.NoError(t, err)
	_, labels = first(t, s)
	require.Equal(t, []int{-1, -1}, labels)
	s, err = open("masks.csv")
	require.NoError(t, err)
	require.True(t, s.Masked())
	classes, h, w, err := s.Mask(1)
	require.NoError(t, err)
	require.Equal(t, []int{7}, classes)
	require.Equal(t, [2]int{1, 1}, [2]int{h, w})

	for name, want := range map[string]string{
		"header.csv":   "line 1: want the header path,label",
		"empty.csv":    "line 1: want the header path,label",
		"none.csv":     "there are no samples in it; want lines path,label below the header",
		"label.csv":    `line 5: label "cat" is neither a class number nor a picture of classes`,
		"negative.csv": `line 2: label "-1" is neither a class number nor a picture of classes`,
		"short.csv":    "line 3: the label is missing",
		"nopath.csv":   "line 2: the path is missing",
		"mixed.csv":    "line 3: labels are class numbers or pictures of classes, want the same for all",
	} {
		_, err := open(name)
		require.EqualError(t, err, filepath.Join(root, name)+": "+want)
	}
	_, err = open("quote.csv")
	require.ErrorContains(t, err, filepath.Join(root, "quote.csv")+": ")
	require.ErrorContains(t, err, "line 2")
	s, err = open("missing.csv")
	require.NoError(t, err)
	_, err = s.Sample(0)
	require.EqualError(t, err, filepath.Join(root, "in", "none.png")+": no such file or directory")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestArchives reads samples and labels from arrays.
func TestArchives(t *testing.T) {
	two := []Input{{Name: "a", Shape: []int{1, 2}}, {Name: "b", Shape: []int{1, 1, 3}}}
	pair := []Input{{Name: "x", Shape: []int{1, 2}}}
	x := npyOf([]int{3, 2}, float32(1), 2, 3, 4, 5, 6)
	open := func(arrays map[string][]byte, in []Input) (*Set, string, error) {
		p := filepath.Join(tree(t, map[string][]byte{"data.npz": npzOf(arrays)}), "data.npz")
		s, err := Open(p, in, Preprocess{})
		return s, p, err
	}
	s, _, err := open(map[string][]byte{"x": x, "y": npyOf([]int{3}, int64(2), 0, 1), "other": []byte("nonsense that nobody reads")}, pair)
	require.NoError(t, err)
	values, labels := first(t, s)
	require.Equal(t, []float32{1, 3, 5}, values)
	require.Equal(t, []int{2, 0, 1}, labels)
	require.False(t, s.Pictures())

	// The input's own name, labels as floats, other axes of one.
	s, _, err = open(map[string][]byte{"image": npyOf([]int{3, 1, 2, 1}, uint8(1), 2, 3, 4, 5, 255), "y": npyOf([]int{3, 1}, float32(2), 0, 1)}, []Input{{Name: "image", Shape: []int{1, 2, 1, 1}}})
	require.NoError(t, err)
	v, err := s.Sample(2)
	require.NoError(t, err)
	require.Equal(t, [][]float32{{5, 255}}, v)
	require.True(t, s.Labelled())

	// Several inputs, one of them called y.
	s, _, err = open(map[string][]byte{"a": npyOf([]int{2, 2}, float32(1), 2, 3, 4), "b": npyOf([]int{2, 1, 3}, int8(-1), 2, 3, 4, 5, 6)}, two)
	require.NoError(t, err)
	v, err = s.Sample(1)
	require.NoError(t, err)
	require.Equal(t, [][]float32{{3, 4}, {4, 5, 6}}, v)
	s, _, err = open(map[string][]byte{"x": x, "y": npyOf([]int{3, 2}, float32(7), 8, 9, 10, 11, 12)}, []Input{{Name: "x", Shape: []int{1, 2}}, {Name: "y", Shape: []int{1, 2}}})
	require.NoError(t, err)
	v, err = s.Sample(0)
	require.NoError(t, err)
	require.Equal(t, [][]float32{{1, 2}, {7, 8}}, v)
	require.False(t, s.Labelled())

	// A network whose batch is 2.
	s, _, err = open(map[string][]byte{"x": npyOf([]int{4, 2}, float32(1), 2, 3, 4, 5, 6, 7, 8)}, []Input{{Name: "x", Shape: []int{2, 2}}})
	require.NoError(t, err)
	require.Equal(t, 2, s.Len())

	// Classes per pixel.
	s, _, err = open(map[string][]byte{"x": x, "y": npyOf([]int{3, 2, 2}, uint8(0), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255)}, pair)
	require.NoError(t, err)
	require.True(t, s.Masked())
	classes, h, w, err := s.Mask(2)
	require.NoError(t, err)
	require.Equal(t, []int{8, 9, 10, 255}, classes)
	require.Equal(t, [2]int{2, 2}, [2]int{h, w})

	for name, c := range map[string]struct {
		arrays map[string][]byte
		in     []Input
		want   string
	}{
		"no array":    {map[string][]byte{"data": x, "z": x}, pair, `there is no array "x"; the archive has data, z`},
		"no name":     {map[string][]byte{"data": x}, []Input{{Name: "in", Shape: []int{1, 2}}}, `there is no array "x" or "in"; the archive has data`},
		"one missing": {map[string][]byte{"a": npyOf([]int{2, 2}, float32(1), 2, 3, 4)}, two, `there is no array "b"; the archive has a`},
		"numbers":     {map[string][]byte{"a": npyOf([]int{1, 2}, float32(1), 2), "b": npyOf([]int{2, 1, 3}, int8(-1), 2, 3, 4, 5, 6)}, two, "the arrays hold 1 and 2 samples"},
		"shape":       {map[string][]byte{"x": npyOf([]int{2, 3}, float32(1), 2, 3, 4, 5, 6)}, pair, `the array has shape [2 3], want [1 2] or several of these along the first axis, for input "x"`},
		"rank":        {map[string][]byte{"x": npyOf([]int{2, 2, 2}, float32(1), 2, 3, 4, 5, 6, 7, 8)}, pair, `the array has shape [2 2 2], want [1 2] or several of these along the first axis, for input "x"`},
		"empty":       {map[string][]byte{"x": npyOf[float32]([]int{0, 2})}, pair, `the array has shape [0 2], want [1 2] or several of these along the first axis, for input "x"`},
		"label":       {map[string][]byte{"x": x, "y": npyOf([]int{3}, float32(1), 0.5, 2)}, pair, "y[1] is 0.5, want a class number"},
		"label -1":    {map[string][]byte{"x": x, "y": npyOf([]int{3}, int64(1), -1, 2)}, pair, "y[1] is -1, want a class number"},
		"label NaN":   {map[string][]byte{"x": x, "y": npyOf([]int{3}, float32(1), float32(math.NaN()), 2)}, pair, "y[1] is NaN, want a class number"},
		"labels":      {map[string][]byte{"x": x, "y": npyOf([]int{2}, int64(1), 2)}, pair, "y has shape [2], want one class for each of the 3 samples, or a class per pixel"},
		"broken":      {map[string][]byte{"x": x[:140]}, pair, `npy: array "x": the file ends after 3 of 6 elements`},
	} {
		t.Run(name, func(t *testing.T) {
			_, path, err := open(c.arrays, c.in)
			require.EqualError(t, err, path+": "+c.want)
		})
	}
	s, path, err := open(map[string][]byte{"x": npyOf([]int{2, 2}, float32(1), 2, 3, float32(math.Inf(1)))}, pair)
	require.NoError(t, err)
	_, err = s.Sample(0)
	require.NoError(t, err)
	_, err = s.Sample(1)
	require.EqualError(t, err, path+`: sample 1, input "x": element 1 is not a finite number`)
}

// TestOpenErrors: every error names the file, and what is wrong with it.
func TestOpenErrors(t *testing.T) {
	root := tree(t, map[string][]byte{
		"empty/.keep": nil, "model.txt": []byte("hello"), "text.png": []byte("hello"), "cut.png": dot(1)[:40], "text.npy": []byte("hello"),
		"shape.npy": npyOf([]int{2}, float32(1), 2), "nan.npy": npyOf([]int{1}, float32(math.NaN())), "text.wav": []byte("hello"), "text.npz": []byte("PKhello"),
		"dir/sample.npy": npyOf([]int{2}, float32(1), 2),
	})
	pic := []Input{{Name: "image", Shape: []int{1, 3, 2, 2}}}
	flat := []Input{{Name: "v", Shape: []int{1, 1}}}
	two := []Input{{Name: "a", Shape: []int{1}}, {Name: "b", Shape: []int{1}}}
	for name, c := range map[string]struct {
		file string
		in   []Input
		want string
	}{
		"missing":         {"none", gray, "no such file or directory"},
		"no samples":      {"empty", gray, "there are no samples in it; want pictures (jpg, png, bmp, gif, webp), .wav or .npy files"},
		"extension":       {"model.txt", gray, "want a directory, a .csv list, an .npz archive, or a picture, .wav or .npy file"},
		"two inputs":      {"empty", two, "the network has 2 inputs; want an .npz archive with an array for each: a, b"},
		"two inputs, npy": {"shape.npy", two, "the network has 2 inputs; want an .npz archive with an array for each: a, b"},
		"npz":             {"text.npz", gray, "npy: this is not an .npz file, or it is cut off"},
		"npy":             {"text.npy", gray, "npy: this is not a .npy file"},
		"npy shape":       {"shape.npy", pic, `the array has shape [2], want [1 3 2 2] or several of these along the first axis, for input "image"`},
		"npy of a set":    {"dir", flat, `the array has shape [2], want [1 1] for input "v"`},
		"text":            {"text.png", gray, "this is not a picture in a format that edgerun reads (jpg, png, bmp, gif, webp), or it is damaged: image: unknown format"},
		"cut":             {"cut.png", gray, "the png file is damaged: "},
		"picture for 2-D": {"text.png", flat, `input "v" has shape [1 1], want [1, channels, height, width] or [1, height, width, channels] for a picture`},
		"NaN":             {"nan.npy", flat, `element 0 is not a finite number`},
		"wav":             {"text.wav", flat, "this is not a WAV file"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(root, c.file)
			s, err := Open(path, c.in, Preprocess{})
			if err == nil {
				_, err = s.Sample(0)
			}
			var de *Error
			require.ErrorAs(t, err, &de)
			require.True(t, strings.HasPrefix(err.Error(), path), err)
			require.ErrorContains(t, err, c.want)
			require.Equal(t, 1, strings.Count(err.Error(), root), err)
			require.NotContains(t, err.Error(), "\n")
		})
	}
	_, err := Open(root, gray, Preprocess{Color: "yuv"})
	require.EqualError(t, err, `color "yuv" is unknown, want rgb, bgr or gray`)
}

// TestMasks reads classes from palettes and from gray values.
func TestMasks(t *testing.T) {
	p := image.NewPaletted(image.Rect(2, 3, 4, 5), color.Palette{color.Black, color.White, color.Gray{Y: 5}})
	p.SetColorIndex(3, 3, 2)
	p.SetColorIndex(2, 4, 1)
	classes, h, w := maskOf(p)
	require.Equal(t, []int{0, 2, 1, 0}, classes)
	require.Equal(t, [2]int{2, 2}, [2]int{h, w})
	g := image.NewGray(image.Rect(0, 0, 3, 1))
	copy(g.Pix, []byte{0, 20, 255})
	classes, _, _ = maskOf(g)
	require.Equal(t, []int{0, 20, 255}, classes)
}

// TestIoU compares with counts done by hand.
func TestIoU(t *testing.T) {
	var s IoU
	// Scores of 3 classes for 2x2 pixels: the best are 0, 1, 2, 2.
	scores := []float32{5, 0, 0, 1 /**/, 1, 9, 1, 2 /**/, 0, 3, 7, 4}
	require.NoError(t, s.Count([]int{1, 3, 2, 2}, scores, []int{0, 1, 1, 2}, 2, 2))
	// Class 0: 1 of 1. Class 1: 1 of 2. Class 2: 1 of 2.
	require.InDelta(t, (1+0.5+0.5)/3, s.Mean(), 1e-12)
	// 255 does not count; a class that nobody wants lowers nothing but its victim.
	var q IoU
	require.NoError(t, q.Count([]int{1, 2, 2}, []float32{0, 0, 9, 1}, []int{0, 255, 0, 1}, 2, 2))
	require.InDelta(t, (1.0/2+1)/2, q.Mean(), 1e-12)
	// An output of half the size, looked up at the nearest pixel.
	var z IoU
	require.NoError(t, z.Count([]int{1, 1, 1}, []float32{3}, []int{3, 4, 4, 4}, 2, 2))
	require.Equal(t, 1.0, z.Mean())
	q.Add(&s)
	require.Greater(t, q.Mean(), 0.0)
	require.Zero(t, (&IoU{}).Mean())
	for _, c := range []struct {
		shape   []int
		classes int
		h, w    int
	}{{[]int{1, 3}, 4, 2, 2}, {[]int{1, 3, 2, 2}, 3, 2, 2}, {[]int{1, 3, 2, 2}, 0, 0, 0}} {
		require.ErrorContains(t, s.Count(c.shape, scores, make([]int, c.classes), c.h, c.w), "has no class per pixel")
	}
}

func TestErrorUnwraps(t *testing.T) {
	err := fail("a", &os.PathError{Op: "open", Path: "a", Err: os.ErrPermission})
	require.EqualError(t, err, "a: permission denied")
	require.True(t, errors.Is(err, os.ErrPermission))
}
