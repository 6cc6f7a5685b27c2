package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/edgerun/edgerun/internal/npy"
)

// The errors below are read by people: each names the file, where in it, what
// is wrong, and what would be right. bad checks that it is one line, that
// stdout stays empty and the exit code.

func TestBadModelFiles(t *testing.T) {
	erm, onnx := read(t, kept(t, "fashion.erm")), read(t, kept(t, "fashion.onnx"))
	picture := kept(t, "pictures", "000-ankle_boot.png")
	dir := t.TempDir()
	put := func(name string, b []byte) string { return write(t, filepath.Join(dir, name), b) }
	flip := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 1
		return b
	}
	// A header that asks for 4 EiB, with a checksum that holds.
	huge := bytes.Clone(erm)
	binary.LittleEndian.PutUint64(huge[24:], 1<<62)
	table := crc32.MakeTable(crc32.Castagnoli)
	sections := int(binary.LittleEndian.Uint32(huge[40:]))
	binary.LittleEndian.PutUint32(huge[60:], crc32.Update(crc32.Checksum(huge[:60], table), table, huge[64:64+32*sections]))

	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"empty .erm":      {put("a.erm", nil), []string{"a.erm", "byte 0x0", "want at least 64 bytes"}},
		"truncated .erm":  {put("b.erm", erm[:len(erm)/2]), []string{"b.erm", "should have"}},
		"flipped bit":     {put("c.erm", flip(erm, len(erm)-1000)), []string{"c.erm", "data", "damaged"}},
		"flipped header":  {put("d.erm", flip(erm, 25)), []string{"d.erm", "header", "damaged"}},
		"not an .erm":     {put("e.erm", onnx), []string{"e.erm", "not an .erm file"}},
		"huge arena":      {put("f.erm", huge), []string{"f.erm", "limit"}},
		"empty .onnx":     {put("a.onnx", nil), []string{"a.onnx", "no graph"}},
		"truncated .onnx": {put("b.onnx", onnx[:len(onnx)/2]), []string{"b.onnx", "byte"}},
		"text as .onnx":   {put("c.onnx", []byte("hello, this is text, not a network\n")), []string{"c.onnx"}},
		"erm as .onnx":    {put("d.onnx", erm), []string{"d.onnx"}},
		"other type":      {put("a.txt", []byte("x")), []string{"a.txt", ".onnx"}},
		"no such file":    {filepath.Join(dir, "none.onnx"), []string{"none.onnx", "no such file"}},
		"a directory":     {dir + "/", []string{dir, "extension"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, args := range [][]string{{"run", c.file, picture}, {"inspect", c.file}, {"eval", c.file, kept(t, "pictures.csv")}} {
				msg := bad(t, 1, args...)
				for _, w := range c.want {
					require.Contains(t, msg, w)
				}
			}
		})
	}
}

// message, varint and text build protobuf messages of ONNX by hand.
func pbMessage(num protowire.Number, body []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), body)
}
func pbInt(num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), v)
}
func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// onnxModel is a network of one operator on an input x with constant c.
func onnxModel(op string, shape []uint64, constant []float32, attrs ...[]byte) []byte {
	value := func(num protowire.Number, name string, shape []uint64) []byte {
		var dims []byte
		for _, d := range shape {
			dims = append(dims, pbMessage(1, pbInt(1, d))...)
		}
		typ := pbMessage(1, join(pbInt(1, 1), pbMessage(2, dims)))
		return pbMessage(num, join(pbMessage(1, []byte(name)), pbMessage(2, typ)))
	}
	var raw []byte
	for _, v := range constant {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	tensor := join(pbInt(1, uint64(len(constant))), pbInt(2, 1), pbMessage(8, []byte("c")), pbMessage(9, raw))
	node := join(pbMessage(1, []byte("x")), pbMessage(1, []byte("c")), pbMessage(2, []byte("y")), pbMessage(3, []byte("the_node")), pbMessage(4, []byte(op)))
	for _, a := range attrs {
		node = append(node, pbMessage(5, a)...)
	}
	graph := join(pbMessage(1, node), pbMessage(2, []byte("g")), pbMessage(5, tensor), value(11, "x", shape), value(12, "y", nil))
	return join(pbInt(1, 8), pbMessage(7, graph), pbMessage(8, pbInt(2, 17)))
}

func TestBadNetworks(t *testing.T) {
	dir := t.TempDir()
	var calib bytes.Buffer
	require.NoError(t, npy.Encode(&calib, []int{1, 1, 2, 2}, []float32{1, 2, 3, 4}))
	data := write(t, filepath.Join(dir, "x.npy"), calib.Bytes())
	axis := join(pbMessage(1, []byte("broadcast")), pbInt(3, 1), pbInt(20, 2))
	for name, c := range map[string]struct {
		model []byte
		want  []string
	}{
		"unsupported operator":  {onnxModel("Einsum", []uint64{1, 1, 2, 2}, []float32{1}), []string{"the_node", "Einsum"}},
		"unsupported attribute": {onnxModel("Add", []uint64{1, 1, 2, 2}, []float32{1}, axis), []string{"the_node", "Add", "broadcast"}},
		"huge dimensions":       {onnxModel("Add", []uint64{1, 1 << 20, 1 << 20, 1 << 20}, []float32{1}), []string{"x"}},
		"shapes do not fit":     {onnxModel("Add", []uint64{1, 1, 2, 2}, []float32{1, 2, 3}), []string{"the_node", "Add"}},
		"NaN in weights":        {onnxModel("Mul", []uint64{1, 1, 2, 2}, []float32{float32(math.NaN())}), []string{"the_node", "\"c\"", "NaN, want finite numbers"}},
		"infinity in weights":   {onnxModel("Mul", []uint64{1, 1, 2, 2}, []float32{float32(math.Inf(1))}), []string{"the_node", "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := write(t, filepath.Join(t.TempDir(), "net.onnx"), c.model)
			out := filepath.Join(t.TempDir(), "out.erm")
			msg := bad(t, 1, "quantize", f, "-o", out, "--calib", data, "-q")
			for _, w := range append(c.want, f) {
				require.Contains(t, msg, w)
			}
			require.NoFileExists(t, out)
		})
	}
	t.Run("fine", func(t *testing.T) { // so that the ones above fail for their own reasons
		f := write(t, filepath.Join(dir, "net.onnx"), onnxModel("Mul", []uint64{1, 1, 2, 2}, []float32{2}))
		good(t, "quantize", f, "-o", filepath.Join(dir, "net.erm"), "--calib", data)
		require.Contains(t, good(t, "run", filepath.Join(dir, "net.erm"), data), "8.0")
	})
}

func TestBadData(t *testing.T) {
	dir := t.TempDir()
	onnx, erm := kept(t, "fashion.onnx"), kept(t, "fashion.erm")
	put := func(name string, b []byte) string {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		return write(t, filepath.Join(dir, name), b)
	}
	array := func(name string, shape []int, v []float32) string {
		var b bytes.Buffer
		require.NoError(t, npy.Encode(&b, shape, v))
		return put(name, b.Bytes())
	}
	nan := make([]float32, 784)
	nan[5] = float32(math.NaN())
	png := read(t, kept(t, "pictures", "000-ankle_boot.png"))
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.Mkdir(empty, 0o755))
	for name, c := range map[string]struct {
		data string
		want []string
	}{
		"missing":             {filepath.Join(dir, "none"), []string{"none", "no such file"}},
		"empty directory":     {empty, []string{"empty", "no samples"}},
		"wrong type":          {put("a.xyz", []byte("x")), []string{"a.xyz", "want"}},
		"no picture":          {put("a/a.png", []byte("no picture")), []string{"a.png"}},
		"cut-off picture":     {put("b/b.png", png[:len(png)/2]), []string{"b.png"}},
		"wrong shape":         {array("c.npy", []int{1, 1, 28, 27}, make([]float32, 28*27)), []string{"c.npy", "28"}},
		"wrong rank":          {array("d.npy", []int{784}, make([]float32, 784)), []string{"d.npy"}},
		"NaN":                 {array("e.npy", []int{1, 1, 28, 28}, nan), []string{"e.npy", "not a finite number"}},
		"csv without header":  {put("f.csv", []byte("a.png,1\n")), []string{"f.csv", "path,label"}},
		"csv, missing file":   {put("g.csv", []byte("path,label\nnone.png,1\n")), []string{"none.png"}},
		"csv, strange label":  {put("h.csv", []byte("path,label\na.png,boot\n")), []string{"h.csv", "boot"}},
		"npz that is no zip":  {put("i.npz", []byte("PK")), []string{"i.npz"}},
		"npz without x":       {archive(t, filepath.Join(dir, "j.npz"), map[string][]float32{"z": {1}}, map[string][]int{"z": {1}}), []string{"j.npz", "x"}},
		"npy with a huge dim": {put("k.npy", append([]byte("\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,), }"), bytes.Repeat([]byte(" "), 200)...)), []string{"k.npy"}},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out.erm")
			msgs := []string{bad(t, 1, "quantize", onnx, "-o", out, "--calib", c.data, "-q"), bad(t, 1, "eval", erm, c.data, "-q"),
				bad(t, 1, "compare", onnx, erm, "--data", c.data, "-q")}
			for _, msg := range msgs {
				for _, w := range c.want {
					require.Contains(t, msg, w)
				}
			}
			require.NoFileExists(t, out)
		})
	}
}

func TestBadOutputs(t *testing.T) {
	onnx, pictures := kept(t, "fashion.onnx"), kept(t, "pictures")
	quantize := []string{"quantize", onnx, "--calib", pictures, "--mean", "127.5", "--std", "127.5", "-q", "-o"}
	t.Run("no such directory", func(t *testing.T) {
		require.Contains(t, bad(t, 1, append(quantize, filepath.Join(t.TempDir(), "none", "a.erm"))...), "no such")
	})
	t.Run("a directory", func(t *testing.T) {
		require.Contains(t, bad(t, 1, append(quantize, t.TempDir())...), "is a directory")
	})
	t.Run("the input", func(t *testing.T) {
		dir := t.TempDir()
		model := write(t, filepath.Join(dir, "net.onnx"), read(t, onnx))
		link := filepath.Join(dir, "link.erm")
		require.NoError(t, os.Symlink(model, link))
		require.Contains(t, bad(t, 1, "quantize", model, "--calib", pictures, "-o", link), "which it would overwrite")
		require.Contains(t, bad(t, 2, "quantize", model, "--calib", pictures, "-o", model), "want a name that ends in .erm")
		erm := write(t, filepath.Join(dir, "net.erm"), read(t, kept(t, "fashion.erm")))
		require.Contains(t, bad(t, 1, "inspect", erm, "--html", erm), "which it would overwrite")
		require.Contains(t, bad(t, 1, append(quantize, filepath.Join(dir, "a.erm"), "--report", filepath.Join(dir, "a.erm"))...), "two outputs")
		require.Equal(t, read(t, onnx), read(t, model))
		require.Equal(t, read(t, kept(t, "fashion.erm")), read(t, erm))
	})
	t.Run("a link stays", func(t *testing.T) {
		dir := t.TempDir()
		file, link := write(t, filepath.Join(dir, "net.erm"), nil), filepath.Join(dir, "link.erm")
		require.NoError(t, os.Symlink("net.erm", link))
		good(t, append(quantize, link)...)
		require.NotEmpty(t, read(t, file))
		st, err := os.Lstat(link)
		require.NoError(t, err)
		require.NotZero(t, st.Mode()&os.ModeSymlink)
	})
	t.Run("not writable", func(t *testing.T) {
		if os.Getuid() == 0 {
			require.Contains(t, bad(t, 1, append(quantize, "/proc/a.erm")...), "/proc")
			return
		}
		dir := t.TempDir()
		require.NoError(t, os.Chmod(dir, 0o555))
		require.Contains(t, bad(t, 1, append(quantize, filepath.Join(dir, "a.erm"))...), "permission")
	})
	t.Run("device is full", func(t *testing.T) {
		if _, err := os.Stat("/dev/full"); err != nil {
			t.Skip("this system has no /dev/full")
		}
		require.Contains(t, bad(t, 1, append(quantize, "/dev/full")...), "no space left")
	})
	t.Run("disk is full", func(t *testing.T) {
		dir := t.TempDir()
		// 40 KiB hold the test of whether files can be made, and not the file.
		if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", dir).CombinedOutput(); err != nil {
			t.Skipf("needs a small file system, which only root can mount: %s", out)
		}
		defer exec.Command("umount", dir).Run()
		out := write(t, filepath.Join(dir, "a.erm"), []byte("what was there before"))
		require.Contains(t, bad(t, 1, append(quantize, out)...), "no space left")
		require.Equal(t, "what was there before", string(read(t, out)))
		files, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, files, 1, "something is left behind")
	})
	t.Run("closed pipe", func(t *testing.T) {
		c := command("inspect", kept(t, "fashion.erm"), "--json")
		r, w, err := os.Pipe()
		require.NoError(t, err)
		r.Close()
		var stderr bytes.Buffer
		c.Stdout, c.Stderr = w, &stderr
		require.Error(t, c.Run())
		require.NotContains(t, stderr.String(), "goroutine")
	})
}

// TestInterrupt stops a quantization in the middle.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no SIGINT between processes")
	}
	// Thousands of samples take many seconds.
	x := make([]float32, 20000*784)
	for i := range x {
		x[i] = float32(i%251)/125 - 1
	}
	dir := t.TempDir()
	data := archive(t, filepath.Join(dir, "x.npz"), map[string][]float32{"x": x}, map[string][]int{"x": {20000, 1, 28, 28}})
	out := filepath.Join(dir, "out", "a.erm")
	require.NoError(t, os.Mkdir(filepath.Dir(out), 0o755))
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		c := command("quantize", kept(t, "fashion.onnx"), "-o", out, "--calib", data)
		var stderr bytes.Buffer
		c.Stderr = &stderr
		require.NoError(t, c.Start())
		time.Sleep(1500 * time.Millisecond)
		require.NoError(t, c.Process.Signal(sig))
		done := make(chan error, 1)
		go func() { done <- c.Wait() }()
		select {
		case err := <-done:
			require.Error(t, err)
		case <-time.After(10 * time.Second):
			t.Fatal("the interrupt is not heard")
		}
		require.Equal(t, 1, c.ProcessState.ExitCode(), stderr.String())
		require.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())
		require.Contains(t, stderr.String(), "interrupted")
		files, err := os.ReadDir(filepath.Dir(out))
		require.NoError(t, err)
		require.Empty(t, files)
	}
}
