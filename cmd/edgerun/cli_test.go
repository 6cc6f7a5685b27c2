package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/edgerun/edgerun/internal/npy"
)

// asCommand makes the test program behave as edgerun itself.
const asCommand = "EDGERUN_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// command is edgerun as a process of its own.
func command(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), asCommand+"=1")
	return c
}

// edgerunCLI runs the command line and returns what it printed and its exit code.
func edgerunCLI(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, os.Args[0], args...)
	c.Env = append(os.Environ(), asCommand+"=1")
	var out, err bytes.Buffer
	c.Stdout, c.Stderr = &out, &err
	if e := c.Run(); e != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, e, &exit)
	}
	require.NoError(t, ctx.Err(), "edgerun %v hangs", args)
	return out.String(), err.String(), c.ProcessState.ExitCode()
}

// good runs a command that has to work, and returns its stdout.
func good(t testing.TB, args ...string) string {
	t.Helper()
	out, stderr, code := edgerunCLI(t, args...)
	require.Zero(t, code, "edgerun %s: %s", strings.Join(args, " "), stderr)
	return out
}

// goodJSON runs a command with --json: stdout is one object, stderr is empty
// but for warnings.
func goodJSON(t testing.TB, v any, args ...string) {
	t.Helper()
	out := good(t, append(args, "--json", "-q")...)
	d := json.NewDecoder(strings.NewReader(out))
	require.NoError(t, d.Decode(v), out)
	_, err := d.Token()
	require.ErrorIs(t, err, io.EOF, "more than one object on stdout")
}

// bad runs a command that has to fail with one line on stderr, which is
// returned without the program's name.
func bad(t testing.TB, want int, args ...string) string {
	t.Helper()
	out, stderr, code := edgerunCLI(t, args...)
	require.Equal(t, want, code, "edgerun %s: %s", strings.Join(args, " "), stderr)
	require.Empty(t, out, "stdout of edgerun %s", strings.Join(args, " "))
	line, ok := strings.CutPrefix(stderr, "edgerun: ")
	require.True(t, ok, stderr)
	require.Equal(t, 1, strings.Count(line, "\n"), stderr)
	require.NotContains(t, line, "goroutine")
	require.NotContains(t, line, "internal error")
	return strings.TrimSuffix(line, "\n")
}

// fixture is what `demo --keep` leaves, made once for all tests.
var fixture struct {
	dir  string
	demo demoResult
}

// kept returns the path of a file of the fixture.
func kept(t testing.TB, name ...string) string {
	if fixture.dir == "" {
		dir, err := os.MkdirTemp("", "edgerun-test-")
		require.NoError(t, err)
		goodJSON(t, &fixture.demo, "demo", "--keep", dir)
		fixture.dir = dir
	}
	return filepath.Join(append([]string{fixture.dir}, name...)...)
}

func write(t testing.TB, path string, b []byte) string {
	t.Helper()
	require.NoError(t, os.WriteFile(path, b, 0o644))
	return path
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

// archive writes an .npz file of float32 arrays.
func archive(t testing.TB, path string, arrays map[string][]float32, shapes map[string][]int) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, v := range arrays {
		w, err := z.Create(name + ".npy")
		require.NoError(t, err)
		require.NoError(t, npy.Encode(w, shapes[name], v))
	}
	require.NoError(t, z.Close())
	return write(t, path, b.Bytes())
}

func TestDemo(t *testing.T) {
	kept(t)
	d := fixture.demo
	require.Equal(t, 400, d.Samples)
	require.GreaterOrEqual(t, d.FloatTop1, 0.9)
	require.InDelta(t, d.FloatTop1, d.Int8Top1, 0.01)
	require.GreaterOrEqual(t, d.Agreement, 0.97)
	require.Less(t, d.Bytes, d.FloatBytes/3)
	require.Positive(t, d.Arena)
	require.Positive(t, d.Latency.Min)
	require.LessOrEqual(t, d.Latency.P50, d.Latency.Max)
	require.Zero(t, d.Allocs)

	out := good(t, "demo", "--show", "2")
	require.NotContains(t, out, "\x1b", "colours in a pipe")
	require.Contains(t, out, "Ankle boot")
	require.Contains(t, out, fmt.Sprintf("%.2f %%", 100*d.Int8Top1))
	require.Contains(t, out, "+++***+***") // a picture
	require.NotContains(t, good(t, "demo", "--show", "0"), "+++***+***")
}

func TestRunAndEval(t *testing.T) {
	erm, onnx := kept(t, "fashion.erm"), kept(t, "fashion.onnx")
	boot := kept(t, "pictures", "000-ankle_boot.png")
	type result struct {
		Outputs []outputJSON
		Samples []sampleJSON
	}

	t.Run("one picture", func(t *testing.T) {
		var r result
		goodJSON(t, &r, "run", erm, boot, "--topk", "3")
		require.Len(t, r.Outputs, 1)
		o := r.Outputs[0]
		require.Equal(t, "logits", o.Name)
		require.Equal(t, []int{1, 10}, o.Shape)
		require.Len(t, o.Top, 3)
		require.Equal(t, "Ankle boot", o.Top[0].Label)
		require.Equal(t, 9, o.Top[0].Index)
		require.Regexp(t, `^[0-9a-f]{64}$`, o.SHA256)
		require.Empty(t, r.Samples)
		for _, threads := range []string{"2", "4"} {
			var again result
			goodJSON(t, &again, "run", erm, boot, "--threads", threads, "--topk", "3")
			require.Equal(t, r, again)
		}
	})
	t.Run("float and int8 agree", func(t *testing.T) {
		text := good(t, "run", onnx, boot, "--mean", "127.5", "--std", "127.5", "--labels", write(t, filepath.Join(t.TempDir(), "l.txt"), []byte(strings.Join(demoLabels, "\n")+"\n")))
		require.Contains(t, text, "Ankle boot")
		require.Contains(t, text, "logits 1x10")
	})
	t.Run("outputs as files", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "new", "out")
		var r result
		goodJSON(t, &r, "run", erm, boot, kept(t, "pictures", "001-pullover.png"), "--out", dir, "--raw")
		require.Equal(t, []int{2, 10}, r.Outputs[0].Shape)
		require.Len(t, r.Samples, 2)
		f, err := npy.ReadFile(filepath.Join(dir, "logits.npy"))
		require.NoError(t, err)
		q, err := npy.ReadFile(filepath.Join(dir, "logits.raw.npy"))
		require.NoError(t, err)
		require.Equal(t, []int{2, 10}, f.Shape)
		require.Equal(t, []int{2, 10}, q.Shape)
		require.Equal(t, r.Samples[0].Outputs[0].Top[0].Score, f.Float32s()[9])
		// The checksum is over the integers, little-endian.
		var raw []byte
		for _, v := range q.Float32s() {
			raw = append(raw, byte(int16(v)), byte(int16(v)>>8))
		}
		require.Equal(t, checksum(raw), r.Outputs[0].SHA256)
	})
	t.Run("arrays with a leading axis of samples", func(t *testing.T) {
		x := make([]float32, 3*784)
		for i := range x {
			x[i] = float32(i%7)/3.5 - 1
		}
		var b bytes.Buffer
		require.NoError(t, npy.Encode(&b, []int{3, 1, 28, 28}, x))
		f := write(t, filepath.Join(t.TempDir(), "x.npy"), b.Bytes())
		var r, named result
		goodJSON(t, &r, "run", erm, f)
		require.Equal(t, []int{3, 10}, r.Outputs[0].Shape)
		goodJSON(t, &named, "run", erm, "--input", "image="+f)
		require.Equal(t, r.Outputs, named.Outputs)
	})
	t.Run("eval", func(t *testing.T) {
		var e scores
		goodJSON(t, &e, "eval", erm, kept(t, "pictures.csv"), "--against", onnx)
		require.Equal(t, 100, e.Samples)
		require.GreaterOrEqual(t, *e.Top1, 0.85)
		require.GreaterOrEqual(t, *e.Top5, *e.Top1)
		require.GreaterOrEqual(t, *e.Agreement, 0.95)
		var one scores
		goodJSON(t, &one, "eval", erm, kept(t, "pictures.csv"), "--against", onnx, "--threads", "1")
		require.Equal(t, e, one)
		// The same pictures as directories of classes.
		dir := t.TempDir()
		for _, line := range strings.Split(strings.TrimSpace(string(read(t, kept(t, "pictures.csv")))), "\n")[1:] {
			path, class, _ := strings.Cut(line, ",")
			require.NoError(t, os.MkdirAll(filepath.Join(dir, class), 0o755))
			write(t, filepath.Join(dir, class, filepath.Base(path)), read(t, kept(t, path)))
		}
		var dirs scores
		goodJSON(t, &dirs, "eval", erm, dir)
		require.Equal(t, e.Top1, dirs.Top1)
		require.Contains(t, good(t, "eval", erm, dir), "top-1")
	})
	t.Run("compare", func(t *testing.T) {
		var c struct {
			Layers []struct {
				Name, Op string
				SQNR     *float64 `json:"sqnr_db"`
				Cosine   float64
			}
			OutputSQNR float64 `json:"output_sqnr_db"`
			Agreement  float64
		}
		goodJSON(t, &c, "compare", onnx, erm, "--data", kept(t, "pictures"), "--samples", "20")
		require.Greater(t, len(c.Layers), 20)
		require.Greater(t, c.OutputSQNR, 20.0)
		worst := math.Inf(-1)
		for _, l := range c.Layers {
			require.NotEmpty(t, l.Name)
			require.NotEmpty(t, l.Op)
			if l.SQNR != nil {
				require.GreaterOrEqual(t, *l.SQNR, worst, "worst layers come first")
				worst = *l.SQNR
			}
		}
	})
}

func TestQuantize(t *testing.T) {
	onnx, pictures := kept(t, "fashion.onnx"), kept(t, "pictures")
	pre := []string{"--mean", "127.5", "--std", "127.5"}
	quantize := func(t *testing.T, v any, out string, more ...string) {
		args := append([]string{"quantize", onnx, "-o", out, "--calib", pictures}, pre...)
		goodJSON(t, v, append(args, more...)...)
	}
	t.Run("file, report, labels", func(t *testing.T) {
		dir := t.TempDir()
		out, labels := filepath.Join(dir, "a.erm"), write(t, filepath.Join(dir, "labels.txt"), []byte(strings.Join(demoLabels, "\r\n")))
		var q struct {
			File       string
			Bytes      int64
			FloatBytes int64 `json:"float_bytes"`
			Layers     []struct {
				Name string
				SQNR *float64 `json:"sqnr_db"`
			}
			Agreement *float64
		}
		quantize(t, &q, out, "--labels", labels, "--report", filepath.Join(dir, "r.json"), "--min-agreement", "0.5")
		require.Equal(t, out, q.File)
		require.EqualValues(t, len(read(t, out)), q.Bytes)
		require.EqualValues(t, len(read(t, onnx)), q.FloatBytes)
		require.NotEmpty(t, q.Layers)
		require.GreaterOrEqual(t, *q.Agreement, 0.5)
		var report map[string]any
		require.NoError(t, json.Unmarshal(read(t, filepath.Join(dir, "r.json")), &report))
		require.Contains(t, report, "tensors")
		require.Contains(t, good(t, "run", out, filepath.Join(pictures, "000-ankle_boot.png")), "Ankle boot")
		// The same again gives the same bytes.
		again := filepath.Join(dir, "b.erm")
		quantize(t, &q, again, "--labels", labels)
		require.Equal(t, read(t, out), read(t, again))
		left, err := filepath.Glob(filepath.Join(dir, ".*"))
		require.NoError(t, err)
		require.Empty(t, left, "temporary files stay behind")
	})
	t.Run("every method", func(t *testing.T) {
		for _, m := range []string{"minmax", "percentile", "mse", "entropy"} {
			out := filepath.Join(t.TempDir(), m+".erm")
			var q struct {
				SQNR float64 `json:"output_sqnr_db"`
			}
			quantize(t, &q, out, "--method", m, "--samples", "40")
			require.Greater(t, q.SQNR, 8.0, m)
		}
	})
	t.Run("html report", func(t *testing.T) {
		f := filepath.Join(t.TempDir(), "r.html")
		var q map[string]any
		quantize(t, &q, filepath.Join(t.TempDir(), "a.erm"), "--report", f)
		selfContained(t, string(read(t, f)))
	})
	t.Run("gate", func(t *testing.T) {
		dir := t.TempDir()
		out := filepath.Join(dir, "a.erm")
		// Inputs far from what the network was trained on: answers close to ties.
		_, stderr, code := edgerunCLI(t, "quantize", onnx, "-o", out, "--calib", pictures, "--min-agreement", "1", "-q", "--mean", "120", "--std", "40")
		require.Equal(t, 3, code, stderr)
		require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
		require.Contains(t, stderr, "agree")
		require.NoFileExists(t, out)
	})
}

// selfContained checks a page: pictures in it, and nothing loaded from outside.
func selfContained(t *testing.T, page string) {
	t.Helper()
	require.Contains(t, page, "<svg")
	require.Contains(t, page, "</html>")
	for _, m := range regexp.MustCompile(`(?i)(?:src|href)\s*=\s*"([^"]*)"`).FindAllStringSubmatch(page, -1) {
		require.True(t, strings.HasPrefix(m[1], "#") || strings.HasPrefix(m[1], "data:"), "the page loads %s", m[1])
	}
	require.NotContains(t, page, "@import")
	require.NotRegexp(t, `url\((?:"|')?http`, page)
}

func TestInspect(t *testing.T) {
	for _, f := range []string{"fashion.erm", "fashion.onnx"} {
		t.Run(f, func(t *testing.T) {
			var r struct {
				Ops []struct {
					Index           int
					Name, Op        string
					Inputs, Outputs []any
					MACs            int64
					WeightBytes     int64 `json:"weight_bytes"`
				}
				MACs        int64
				WeightBytes int64  `json:"weight_bytes"`
				Arena       *int64 `json:"arena_bytes"`
				Bound       *int64 `json:"arena_lower_bound"`
			}
			goodJSON(t, &r, "inspect", kept(t, f))
			require.NotEmpty(t, r.Ops)
			var macs, weights int64
			for i, o := range r.Ops {
				require.Equal(t, i, o.Index)
				require.NotEmpty(t, o.Op)
				require.NotEmpty(t, o.Outputs)
				macs += o.MACs
				weights += o.WeightBytes
			}
			require.Equal(t, r.MACs, macs)
			require.Equal(t, r.WeightBytes, weights)
			require.EqualValues(t, fixture.demo.MACs, r.MACs)
			if strings.HasSuffix(f, ".erm") {
				require.Equal(t, fixture.demo.Arena, *r.Arena)
				require.LessOrEqual(t, float64(*r.Arena), 1.05*float64(*r.Bound))
			}
			page := filepath.Join(t.TempDir(), "i.html")
			require.Contains(t, good(t, "inspect", kept(t, f), "--html", page), "MACs")
			selfContained(t, string(read(t, page)))
		})
	}
}

func TestBench(t *testing.T) {
	var r benchResult
	goodJSON(t, &r, "bench", kept(t, "fashion.erm"), "--iters", "5", "--layers", "--threads", "2")
	require.Equal(t, 2, r.Threads)
	require.Zero(t, r.Allocs)
	require.Positive(t, r.Latency.Min)
	require.LessOrEqual(t, r.Latency.P90, r.Latency.P99)
	require.Equal(t, fixture.demo.Arena, r.Arena)
	var macs int64
	for i, l := range r.Layers {
		require.Equal(t, i, l.Index)
		require.NotEmpty(t, l.Kernel)
		macs += l.MACs
	}
	require.Equal(t, r.MACs, macs)
	require.Contains(t, good(t, "bench", kept(t, "fashion.erm"), "--iters", "2", "--tier", "generic", "--layers"), "block4/deform")
}

func TestBoards(t *testing.T) {
	var d struct {
		Name, SoC string
		Cores     int
		ISA       []string
		Evidence  []any
	}
	goodJSON(t, &d, "boards", "detect")
	require.NotEmpty(t, d.Evidence)
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "proc", "device-tree"), 0o755))
	write(t, filepath.Join(root, "proc", "device-tree", "model"), []byte("Raspberry Pi 4 Model B Rev 1.4\x00"))
	goodJSON(t, &d, "boards", "detect", "--root", root)
	require.Equal(t, "rpi4b", d.Name)
	require.Equal(t, "BCM2711", d.SoC)
	require.Contains(t, good(t, "boards", "list"), "jetson-orin-nano")
	require.Contains(t, good(t, "boards"), "rpi5")
	require.Contains(t, good(t, "boards", "show", "rpi3b"), "BCM2837")
	require.Contains(t, bad(t, 1, "boards", "show", "nope"), "rpi4b")
	require.Contains(t, bad(t, 1, "boards", "detect", "--root", filepath.Join(root, "none")), "no such")
}

func TestVersionAndCompletion(t *testing.T) {
	var v struct{ Version, Format, Go, OS, Arch, Tier string }
	goodJSON(t, &v, "version")
	require.Regexp(t, `^\d+\.\d+$`, v.Format)
	for _, f := range []string{v.Version, v.Go, v.OS, v.Arch, v.Tier} {
		require.NotEmpty(t, f)
	}
	for _, sh := range []string{"bash", "zsh", "fish", "powershell"} {
		require.Contains(t, good(t, "completion", sh), "edgerun")
	}
}

// TestHelp: every command says what it does and shows how.
func TestHelp(t *testing.T) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		require.NotEmpty(t, c.Short, c.CommandPath())
		require.NotEmpty(t, c.Example, c.CommandPath())
		for _, line := range strings.Split(c.Example, "\n") {
			require.LessOrEqual(t, len(line), 130, line)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot())
	require.Contains(t, good(t, "quantize", "--help"), "--min-agreement")
}

func TestUsage(t *testing.T) {
	erm := kept(t, "fashion.erm")
	for want, args := range map[string][]string{
		"nope":             {"nope"},
		"--nope":           {"run", erm, "--nope"},
		"the model":        {"run"},
		"needs inputs":     {"run", erm},
		"--topk":           {"run", erm, "x.png", "--topk", "-1"},
		"--calib":          {"quantize", "a.onnx", "-o", "a.erm"},
		"minmax":           {"quantize", "a.onnx", "-o", "a.erm", "--calib", "x", "--method", "best"},
		"1x3x224x224":      {"quantize", "a.onnx", "-o", "a.erm", "--calib", "x", "--shape", "x=1xa"},
		"one number":       {"run", erm, "x.png", "--scale", "1,2"},
		"--mean":           {"run", erm, "x.png", "--mean", "zero"},
		"resize":           {"run", erm, "x.png", "--resize", "big"},
		"--threads":        {"bench", erm, "--threads", "0"},
		"edgerun quantize": {"bench", kept(t, "fashion.onnx")},
		"--data":           {"compare", "a.onnx", erm},
		"only int8":        {"run", kept(t, "fashion.onnx"), "x.png", "--raw", "--out", "x"},
		"with --out":       {"run", erm, "x.png", "--raw"},
		"from 0 to 1":      {"quantize", "a.onnx", "-o", "a.erm", "--calib", "x", "--min-agreement", "1.5"},
		"or percent":       {"quantize", "a.onnx", "-o", "a.erm", "--calib", "x", "--min-agreement", "nan"},
		"fish":             {"completion", "tcsh"},
		"inputs are image": {"run", erm, "--input", "nope=x.npy"},
		"one way":          {"run", erm, "x.png", "--input", "image=x.npy"},
		"boards nope":      {"boards", "nope"},
	} {
		require.Contains(t, bad(t, 2, args...), want)
	}
}

// TestDocuments parses every edgerun command line in README and docs: the
// commands and flags they show exist.
func TestDocuments(t *testing.T) {
	docs, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	n := 0
	for _, f := range append(docs, "../../README.md") {
		text := strings.ReplaceAll(string(read(t, f)), "\\\n", " ")
		fenced := false
		for _, line := range strings.Split(text, "\n") {
			fenced = fenced != strings.HasPrefix(line, "```")
			if !fenced && !strings.HasPrefix(line, "    ") {
				continue // prose
			}
			line = strings.TrimPrefix(strings.TrimSpace(line), "go run ./cmd/")
			args, ok := strings.CutPrefix(line, "edgerun ")
			if !ok || strings.Contains(line, "  ") && !strings.Contains(line, "--calib") || strings.ContainsAny(line, "[|`") {
				continue
			}
			args, _, _ = strings.Cut(args, " > ")
			root := newRoot()
			root.InitDefaultCompletionCmd()
			cmd, rest, err := root.Find(strings.Fields(args))
			require.NoError(t, err, "%s: %s", f, line)
			require.NotEqual(t, "edgerun", cmd.Name(), "%s: %s", f, line)
			require.NoError(t, cmd.ParseFlags(rest), "%s: %s", f, line)
			n++
		}
	}
	require.Greater(t, n, 12, "the command lines in the documents are not found any more")
}

// TestReadmeExample: the Go code in the README is the body of an example that
// the compiler has seen.
func TestReadmeExample(t *testing.T) {
	_, code, ok := strings.Cut(string(read(t, "../../README.md")), "```go\n")
	require.True(t, ok)
	code, _, _ = strings.Cut(code, "```")
	var indented strings.Builder
	for _, line := range strings.SplitAfter(code, "\n") {
		if strings.TrimSpace(line) != "" {
			line = "\t" + line
		}
		indented.WriteString(line)
	}
	require.Contains(t, string(read(t, "../../runtime/example_test.go")), indented.String())
}

// TestShown: names come from files, and a terminal obeys what it is sent.
func TestShown(t *testing.T) {
	require.Equal(t, "block1/dw", shown("block1/dw"))
	require.Equal(t, "Größe ×2 字", shown("Größe ×2 字"))
	require.Equal(t, "a\uFFFD[31mb\uFFFDc\uFFFDd", shown("a\x1b[31mb\nc\td"))
	long := shown(strings.Repeat("conv/", 100) + "last")
	require.LessOrEqual(t, len([]rune(long)), 72)
	require.True(t, strings.HasSuffix(long, "conv/last"), long)
}
