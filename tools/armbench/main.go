// Command armbench runs one layer a number of times, as a session of a network
// that is nothing but this layer. It is what an instruction counter is pointed
// at, to price a kernel together with the Go code around it:
//
//	CGO_ENABLED=0 GOARCH=arm64 go build -o armbench ./tools/armbench
//	armcost.py --go --sym 'edgerun/(kernels|runtime)' --diff 2,12 -- ./armbench "conv3x3 56x56x64->64" {n}
//
// table.py does that for all layers of layers.csv and compares with the figures
// there. Instead of a layer there may be a file; with -cut, armbench makes such
// files of the operators of a network, which is what layers.py prices.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strconv"

	ermfmt "github.com/edgerun/edgerun/fmt"
	edgerun "github.com/edgerun/edgerun/runtime"
)

func main() {
	verbose := flag.Bool("v", false, "print the kernel and the MACs")
	tier := flag.String("tier", "", "kernels to use: generic, neon, dotprod or i8mm (default the best this CPU has)")
	cutTo := flag.String("cut", "", "write every operator of NET.erm into this directory, as a network of its own")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, "usage: armbench [-v] [-tier T] LAYER|NET.erm N\n       armbench -cut DIR NET.erm\n\n"+grammar)
	}
	flag.Parse()
	if *cutTo != "" && flag.NArg() == 1 {
		if err := cutNetwork(flag.Arg(0), *cutTo); err != nil {
			fmt.Fprintln(os.Stderr, "armbench:", err)
			os.Exit(1)
		}
		return
	}
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), flag.Arg(1), *tier, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "armbench:", err)
		os.Exit(1)
	}
}

func run(name, count, tier string, verbose bool) error {
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 {
		return fmt.Errorf("%q runs: want a number", count)
	}
	var opts []edgerun.Option
	if tier != "" {
		opts = append(opts, edgerun.Tier(tier))
	}
	m, kind, err := load(name, opts)
	if err != nil {
		return err
	}
	s, err := m.NewSession()
	if err != nil {
		return err
	}
	defer s.Close()
	if verbose {
		for _, st := range m.Steps() {
			fmt.Printf("%s: %s, %d MACs\n", st.Op, st.Kernel, st.MACs)
		}
	}
	x, y := s.Input(0), s.Output(0)
	real := make([]float32, max(x.Len(), y.Len()))
	for range n {
		switch kind {
		case "quant":
			err = x.SetFloat32(real[:x.Len()])
		case "dequant":
			err = y.Float32(real[:y.Len()])
		default:
			err = s.Run()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// loadLayer builds the network that is a layer.
func loadLayer(name string, opts []edgerun.Option) (m *edgerun.Model, kind string, err error) {
	l, err := parse(name)
	if err != nil {
		return nil, "", err
	}
	var file bytes.Buffer
	if err := ermfmt.Encode(&file, l.model()); err != nil {
		return nil, "", err
	}
	m, err = edgerun.LoadBytes(file.Bytes(), opts...)
	return m, l.kind, err
}
