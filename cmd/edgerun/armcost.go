package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// armcost models cycles of Arm cores with a program that counts the
// instructions of bench and prices them.
type armcost struct {
	script, bin string
}

// accounted are the functions whose instructions count: the kernels and what
// drives them.
const accounted = `edgerun/(kernels|runtime|internal)|runtime\.memmove|runtime\.memclr`

// armCPUs are the runs: what the program sees, and the cores that are priced.
// Cores that have the same instructions share a run.
var armCPUs = []struct {
	cpu   string
	cores []string
}{
	{"cortex-a53", []string{"cortex-a53", "cortex-a72"}},
	{"cortex-a76", []string{"cortex-a76"}},
}

// newArmcost finds the program, and builds edgerun for it in dir when bin is
// empty.
func newArmcost(ctx context.Context, tool, bin, dir string) (*armcost, error) {
	a := &armcost{filepath.Join(tool, "armcost.py"), bin}
	if _, err := os.Stat(a.script); err != nil {
		return nil, fmt.Errorf("--armcost %s: there is no armcost.py; want its directory", tool)
	}
	if bin != "" {
		_, err := os.Stat(bin)
		if err != nil {
			err = fmt.Errorf("--arm64 %s: there is no such file; want edgerun for linux/arm64", bin)
		}
		return a, err
	}
	a.bin = filepath.Join(dir, "edgerun")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", a.bin, "github.com/edgerun/edgerun/cmd/edgerun")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("--armcost: edgerun for linux/arm64 cannot be built here: %w: %s; want the source's directory, or --arm64 FILE", err, bytes.TrimSpace(out))
	}
	return a, nil
}

// cores lists them in order.
func (a *armcost) cores() (cores []string) {
	for _, c := range armCPUs {
		cores = append(cores, c.cores...)
	}
	return cores
}

// cycles models one run of a file on every core: the difference between three
// runs and one, without what happens once.
func (a *armcost) cycles(ctx context.Context, erm string) (map[string]int64, error) {
	out := map[string]int64{}
	for _, c := range armCPUs {
		cmd := exec.CommandContext(ctx, a.script, "--go", "--sym", accounted, "--cpu", c.cpu, "--cores", strings.Join(c.cores, ","),
			"--diff", "1,3", "--json", "-", "--", a.bin, "bench", erm, "--warmup", "0", "--iters", "{n}", "--quiet")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		text, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w: %s", a.script, err, lastLine(stderr.String()))
		}
		// What bench prints comes first.
		if i := bytes.IndexByte(text, '{'); i >= 0 {
			text = text[i:]
		}
		var res struct {
			Cycles map[string]float64
		}
		if err := json.NewDecoder(bytes.NewReader(text)).Decode(&res); err != nil {
			return nil, fmt.Errorf("%s: its output is not what was expected: %w", a.script, err)
		}
		for _, core := range c.cores {
			n, ok := res.Cycles[core]
			if !ok {
				return nil, fmt.Errorf("%s: no cycles for %s", a.script, core)
			}
			out[core] = int64(math.Round(n))
		}
	}
	return out, nil
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}
