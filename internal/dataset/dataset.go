package dataset

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/edgerun/edgerun/internal/npy"
)

// Input describes a network input.
type Input struct {
	Name  string
	Shape []int
}

func (in Input) len() int {
	n := 1
	for _, d := range in.Shape {
		n *= d
	}
	return n
}

// Set is labelled or unlabelled data for a network. It implements
// quant.Samples.
type Set struct {
	inputs []Input
	pre    Preprocess
	items  []item
	data   map[string]*array // arrays of an .npz file
	// Classes names the classes that sub-directories stand for, by label.
	Classes []string
	masks   *npy.Array // labels per pixel, from an .npz file
}

// item is one sample: a file, or a position in the arrays.
type item struct {
	path  string
	index int
	label int    // -1: none
	mask  string // file with a label per pixel
}

// array is data for one input, with a leading axis of samples.
type array struct {
	path   string
	floats []float32
	per    int // elements of a sample
}

// Error names the file that is wrong.
type Error struct {
	Path string
	Err  error
}

func (e *Error) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func fail(path string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return &Error{Path: path, Err: err}
}

// Open finds the samples in DATA: a directory of files, where sub-directories
// are classes; a CSV file with the header path,label; or an .npz file with
// arrays x and y (y optional; x may also have the input's name). A single file
// is one sample.
func Open(path string, inputs []Input, pre Preprocess) (*Set, error) {
	if err := pre.Check(); err != nil {
		return nil, err
	}
	s := &Set{inputs: inputs, pre: pre}
	st, err := os.Stat(path)
	if err != nil {
		return nil, fail(path, err)
	}
	switch ext := strings.ToLower(filepath.Ext(path)); {
	case st.IsDir():
		err = s.openDir(path)
	case ext == ".csv":
		err = s.openCSV(path)
	case ext == ".npz":
		err = s.openArchive(path)
	case ext == ".npy":
		err = s.openArray(path)
	case isSample(path):
		s.items = []item{{path: path, label: -1}}
	default:
		err = fail(path, fmt.Errorf("want a directory, a .csv list, an .npz archive, or a picture, .wav or .npy file"))
	}
	if err != nil {
		return nil, err
	}
	if len(s.items) == 0 {
		if strings.EqualFold(filepath.Ext(path), ".csv") {
			return nil, fail(path, errors.New("there are no samples in it; want lines path,label below the header"))
		}
		return nil, fail(path, errors.New("there are no samples in it; want pictures (jpg, png, bmp, gif, webp), .wav or .npy files"))
	}
	return s, nil
}

var pictures = []string{".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp"}

// isSample reports whether a file's name is that of a sample.
func isSample(path string) bool {
	e := strings.ToLower(filepath.Ext(path))
	return slices.Contains(pictures, e) || e == ".wav" || e == ".npy"
}

func (s *Set) openDir(root string) error {
	if err := s.single(root); err != nil {
		return err
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return fail(root, err)
	}
	var classes []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		p := filepath.Join(root, e.Name())
		if e.IsDir() {
			classes = append(classes, e.Name())
		} else if isSample(p) {
			s.items = append(s.items, item{path: p, label: -1})
		}
	}
	// Directories called 0, 1, 2, … mean those classes; others count in
	// alphabetical order.
	slices.Sort(classes)
	numbers := len(classes) > 0
	label := map[string]int{}
	for i, c := range classes {
		label[c] = i
		n, err := strconv.Atoi(c)
		numbers = numbers && err == nil && n >= 0
	}
	for _, c := range classes {
		l := label[c]
		if numbers {
			l, _ = strconv.Atoi(c)
		}
		err := filepath.WalkDir(filepath.Join(root, c), func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if !d.IsDir() && isSample(p) && !strings.HasPrefix(d.Name(), ".") {
				s.items = append(s.items, item{path: p, label: l})
			}
			return nil
		})
		if err != nil {
			return fail(root, err)
		}
	}
	if !numbers {
		s.Classes = classes
	}
	return nil
}

// single fails when files, which are one tensor each, meet a network with
// several inputs.
func (s *Set) single(path string) error {
	if len(s.inputs) != 1 {
		var names []string
		for _, in := range s.inputs {
			names = append(names, in.Name)
		}
		return fail(path, fmt.Errorf("the network has %d inputs; want an .npz archive with an array for each: %s", len(names), strings.Join(names, ", ")))
	}
	return nil
}

func (s *Set) openCSV(path string) error {
	if err := s.single(path); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return fail(path, err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	abs := func(p string) string {
		if filepath.IsAbs(p) {
			return p
		}
		return filepath.Join(filepath.Dir(path), p)
	}
	hasLabel, masks := false, 0
	for i := -1; ; i++ {
		row, err := r.Read()
		if err == io.EOF && i >= 0 {
			return nil
		}
		if err != nil && err != io.EOF {
			return fail(path, err) // says which line
		}
		if i < 0 {
			if err != nil || strings.TrimSpace(strings.TrimPrefix(row[0], "\ufeff")) != "path" {
				return fail(path, errors.New("line 1: want the header path,label"))
			}
			hasLabel = len(row) > 1 && strings.TrimSpace(row[1]) == "label"
			continue
		}
		line, _ := r.FieldPos(0)
		p := strings.TrimSpace(row[0])
		if p == "" {
			return fail(path, fmt.Errorf("line %d: the path is missing", line))
		}
		it := item{path: abs(p), label: -1}
		if hasLabel {
			if len(row) < 2 {
				return fail(path, fmt.Errorf("line %d: the label is missing", line))
			}
			l := strings.TrimSpace(row[1])
			n, err := strconv.Atoi(l)
			switch {
			case err == nil && n >= 0:
				it.label = n
			case slices.Contains(pictures, strings.ToLower(filepath.Ext(l))):
				it.mask = abs(l)
				masks++
			default:
				return fail(path, fmt.Errorf("line %d: label %q is neither a class number nor a picture of classes", line, l))
			}
		}
		s.items = append(s.items, it)
		if masks > 0 && masks != len(s.items) {
			return fail(path, fmt.Errorf("line %d: labels are class numbers or pictures of classes, want the same for all", line))
		}
	}
}

func (s *Set) openArchive(path string) error {
	names := []string{"x", "y"}
	for _, in := range s.inputs {
		names = append(names, in.Name)
	}
	arrays, have, err := npy.ReadArchive(path, names...)
	if err != nil {
		return fail(path, err)
	}
	n := -1
	s.data = map[string]*array{}
	for _, in := range s.inputs {
		a := arrays[in.Name]
		if a == nil && len(s.inputs) == 1 {
			a = arrays["x"]
		}
		if a == nil {
			want := fmt.Sprintf("%q", in.Name)
			if len(s.inputs) == 1 && in.Name != "x" {
				want = "\"x\" or " + want
			}
			return fail(path, fmt.Errorf("there is no array %s; the archive has %s", want, strings.Join(have, ", ")))
		}
		m, err := s.addArray(path, in, a)
		if err != nil {
			return fail(path, err)
		}
		if n >= 0 && m != n {
			return fail(path, fmt.Errorf("the arrays hold %d and %d samples", n, m))
		}
		n = m
	}
	y := arrays["y"]
	if slices.ContainsFunc(s.inputs, func(in Input) bool { return in.Name == "y" }) {
		y = nil // an input of that name, and no labels
	}
	for i := range n {
		s.items = append(s.items, item{index: i, label: -1})
	}
	if y == nil {
		return nil
	}
	switch {
	case y.Len() == n:
		for i, v := range y.Float32s() {
			if v < 0 || v != float32(int(v)) {
				return fail(path, fmt.Errorf("y[%d] is %g, want a class number", i, v))
			}
			s.items[i].label = int(v)
		}
	case len(y.Shape) >= 2 && y.Shape[0] == n && y.Ints != nil:
		s.masks = y
	default:
		return fail(path, fmt.Errorf("y has shape %v, want one class for each of the %d samples, or a class per pixel", y.Shape, n))
	}
	return nil
}

// addArray takes an array as samples of one input: its shape is the input's,
// with a leading axis that counts samples, or is a multiple of the batch.
func (s *Set) addArray(path string, in Input, a *npy.Array) (int, error) {
	per := in.len()
	if per == 0 || a.Len()%per != 0 || a.Len() == 0 || !fits(a.Shape, in.Shape) {
		return 0, fmt.Errorf("the array has shape %v, want %v or several of these along the first axis, for input %q", a.Shape, in.Shape, in.Name)
	}
	if s.data == nil {
		s.data = map[string]*array{}
	}
	s.data[in.Name] = &array{path, a.Float32s(), per}
	return a.Len() / per, nil
}

// fits compares shapes behind the first axis; axes of one may be left out.
func fits(have, want []int) bool {
	drop := func(s []int) []int {
		var out []int
		for _, d := range s {
			if d != 1 {
				out = append(out, d)
			}
		}
		return out
	}
	if len(want) == 0 {
		return true
	}
	rest := drop(want[1:])
	for _, h := range [][]int{have, have[min(1, len(have)):]} {
		if slices.Equal(drop(h), rest) || slices.Equal(drop(h), drop(want)) {
			return true
		}
	}
	return false
}

func (s *Set) openArray(path string) error {
	if err := s.single(path); err != nil {
		return err
	}
	a, err := npy.ReadFile(path)
	if err != nil {
		return fail(path, err)
	}
	n, err := s.addArray(path, s.inputs[0], a)
	if err != nil {
		return fail(path, err)
	}
	for i := range n {
		s.items = append(s.items, item{index: i, label: -1})
	}
	return nil
}

// Len implements quant.Samples.
func (s *Set) Len() int { return len(s.items) }

// Limit keeps n samples, spread over the data.
func (s *Set) Limit(n int) {
	if n <= 0 || n >= len(s.items) {
		return
	}
	out := make([]item, n)
	for i := range out {
		out[i] = s.items[i*len(s.items)/n]
	}
	s.items = out
}

// Name is the sample's file, or its number.
func (s *Set) Name(i int) string {
	if it := s.items[i]; it.path != "" {
		return it.path
	}
	return fmt.Sprintf("sample %d", s.items[i].index)
}

// Label returns the class of a sample, if it has one.
func (s *Set) Label(i int) (int, bool) { l := s.items[i].label; return l, l >= 0 }

// Labelled reports whether every sample has a class.
func (s *Set) Labelled() bool {
	for _, it := range s.items {
		if it.label < 0 {
			return false
		}
	}
	return true
}

// Masked reports whether samples have a class per pixel.
func (s *Set) Masked() bool { return s.masks != nil || s.items[0].mask != "" }

// Mask returns the classes of a sample's pixels and their size.
func (s *Set) Mask(i int) (classes []int, h, w int, err error) {
	if s.masks != nil {
		sh := s.masks.Shape
		w = sh[len(sh)-1]
		per := len(s.masks.Ints) / sh[0]
		for _, v := range s.masks.Ints[s.items[i].index*per:][:per] {
			classes = append(classes, int(v))
		}
		return classes, per / w, w, nil
	}
	p := s.items[i].mask
	img, err := LoadImage(p)
	if err != nil {
		return nil, 0, 0, fail(p, err)
	}
	classes, h, w = maskOf(img)
	return classes, h, w, nil
}

// Sample implements quant.Samples.
func (s *Set) Sample(i int) (sample [][]float32, err error) {
	it := s.items[i]
	if it.path == "" {
		for _, in := range s.inputs {
			a := s.data[in.Name]
			x := a.floats[it.index*a.per:][:a.per]
			if k := notFinite(x); k >= 0 {
				return nil, fail(a.path, fmt.Errorf("sample %d, input %q: element %d is not a finite number", it.index, in.Name, k))
			}
			sample = append(sample, x)
		}
		return sample, nil
	}
	x, err := LoadFile(it.path, s.inputs[0], &s.pre)
	if err != nil {
		return nil, fail(it.path, err)
	}
	return [][]float32{x}, nil
}

func notFinite(x []float32) int {
	return slices.IndexFunc(x, func(v float32) bool { return v-v != 0 })
}

// LoadFile reads one file as one input.
func LoadFile(path string, in Input, pre *Preprocess) ([]float32, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".npy":
		a, err := npy.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if a.Len() != in.len() || !fits(a.Shape, in.Shape) {
			return nil, fmt.Errorf("the array has shape %v, want %v for input %q", a.Shape, in.Shape, in.Name)
		}
		x := a.Float32s()
		if k := notFinite(x); k >= 0 {
			return nil, fmt.Errorf("element %d is not a finite number", k)
		}
		return x, nil
	case ".wav":
		return loadWAV(path, in)
	}
	if len(in.Shape) != 4 || in.Shape[0] != 1 {
		return nil, fmt.Errorf("input %q has shape %v, want [1, channels, height, width] or [1, height, width, channels] for a picture", in.Name, in.Shape)
	}
	img, err := LoadImage(path)
	if err != nil {
		return nil, err
	}
	c, h, w := in.Shape[1], in.Shape[2], in.Shape[3]
	if (w == 1 || w == 3) && c != 1 && c != 3 { // networks from TensorFlow
		x, err := pre.Tensor(img, w, c, h)
		return channelsLast(x, w), err
	}
	return pre.Tensor(img, c, h, w)
}

// channelsLast puts the elements of a picture of c channels in the order H, W, C.
func channelsLast(x []float32, c int) []float32 {
	out := make([]float32, len(x))
	n := len(x) / c
	for i, v := range x {
		out[i%n*c+i/n] = v
	}
	return out
}

// Pictures reports whether the samples are pictures, at least the first.
func (s *Set) Pictures() bool {
	return slices.Contains(pictures, strings.ToLower(filepath.Ext(s.items[0].path)))
}
