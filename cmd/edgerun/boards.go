package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/edgerun/edgerun/boards"
)

func newBoards(g *global) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "boards",
		Short: "what is known about boards, and which one this is",
		Example: `  edgerun boards list
  edgerun boards detect
  edgerun boards detect --root /mnt/sdcard --json
  edgerun boards show rpi4b`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("boards %s is unknown, want list, detect or show NAME", args[0])}
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error { return listBoards(g) },
	}
	var root string
	detect := &cobra.Command{
		Use:   "detect",
		Short: "which board this is, and how that was found out",
		Long: `detect reads the device tree, /proc/cpuinfo and sysfs, and says what it concluded
from which file. With --root it looks below another directory, such as a mounted
card.`,
		Example: `  edgerun boards detect
  edgerun boards detect --root /mnt/sdcard --json`,
		Args: exactly(0, "none"),
		RunE: func(*cobra.Command, []string) error { return detectBoard(g, root) },
	}
	detect.Flags().StringVar(&root, "root", "/", "directory to look below")
	cmd.AddCommand(
		&cobra.Command{Use: "list", Short: "all boards", Example: "  edgerun boards list --json", Args: exactly(0, "none"), RunE: func(*cobra.Command, []string) error { return listBoards(g) }},
		detect,
		&cobra.Command{
			Use: "show NAME", Short: "all about a board, with sources", Example: "  edgerun boards show rpi4b",
			Args: exactly(1, "the board's name"),
			ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
				var names []string
				for _, b := range boards.All() {
					names = append(names, b.Name)
				}
				return names, cobra.ShellCompDirectiveNoFileComp
			},
			RunE: func(_ *cobra.Command, args []string) error { return showBoard(g, args[0]) },
		},
	)
	return cmd
}

func listBoards(g *global) error {
	all := boards.All()
	if g.json {
		return printJSON(struct {
			Boards []*boards.Profile `json:"boards"`
		}{all})
	}
	var rows [][]string
	for _, b := range all {
		rows = append(rows, boardRow(b))
	}
	table(os.Stdout, []string{"name", "board", "SoC", "cores", "ISA", "bandwidth"}, rows)
	return nil
}

func detectBoard(g *global, root string) error {
	// A root of its own: /proc/device-tree is an absolute link, which must not
	// lead out of a copied tree.
	r, err := os.OpenRoot(root)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return fmt.Errorf("%s: %w; want a directory", root, err)
	}
	defer r.Close()
	d := boards.Detect(r.FS())
	if g.json {
		return printJSON(d)
	}
	soc, cores, isa := d.SoC, fmt.Sprintf("%d cores", d.Cores), strings.Join(d.ISA, " ")
	if soc == "" {
		soc = "SoC unknown"
	}
	switch d.Cores {
	case 0:
		cores = "number of cores unknown"
	case 1:
		cores = "1 core"
	}
	if isa == "" {
		isa = "ISA unknown"
	}
	fmt.Printf("%s: %s, %s, %s\n", d.Name, soc, cores, isa)
	for _, e := range d.Evidence {
		fmt.Printf("  %s: %s\n", e.Path, e.What)
	}
	return nil
}

func boardRow(b *boards.Profile) []string {
	bw := "-"
	if v := b.Bandwidth.Value; v > 0 {
		bw = fmt.Sprintf("%.1f GB/s", v)
	}
	var cores []string
	for _, c := range b.Clusters {
		cores = append(cores, fmt.Sprintf("%d x %s", c.Cores.Value, c.Core.Name))
	}
	return []string{b.Name, b.FullName, b.SoC.Value, strings.Join(cores, " + "), strings.Join(b.ISA.Value, " "), bw}
}

func showBoard(g *global, name string) error {
	b, err := boards.ByName(name)
	if err != nil {
		return err
	}
	if g.json {
		return printJSON(b)
	}
	fmt.Printf("%s: %s\n", b.Name, b.FullName)
	if b.Note != "" {
		fmt.Printf("  %s\n", b.Note)
	}
	fact := func(what, value, source string) {
		if value == "" { // the source says why there is none
			fmt.Printf("  %-14s %s\n", what, source)
			return
		}
		fmt.Printf("  %-14s %-28s %s\n", what, value, source)
	}
	cache := func(what string, c boards.Fact[boards.Cache]) {
		v := ""
		if c.Value.KiB > 0 {
			v = fmt.Sprintf("%d KiB", c.Value.KiB)
			if c.Value.SharedBy > 1 {
				v += fmt.Sprintf(" for %d cores", c.Value.SharedBy)
			}
		}
		fact(what, v, c.Source)
	}
	fact("SoC", b.SoC.Value, b.SoC.Source)
	fact("ISA", strings.Join(b.ISA.Value, " "), b.ISA.Source)
	for i, c := range b.Clusters {
		fact(fmt.Sprintf("cluster %d", i), fmt.Sprintf("%d x %s", c.Cores.Value, c.Core.Name), c.Cores.Source)
		mhz := ""
		if c.MaxMHz.Value > 0 {
			mhz = fmt.Sprintf("%d MHz", c.MaxMHz.Value)
		}
		fact("  clock", mhz, c.MaxMHz.Source)
		cache("  L1 instr.", c.L1I)
		cache("  L1 data", c.L1D)
		cache("  L2", c.L2)
		cache("  L3", c.L3)
	}
	cache("system cache", b.SystemCache)
	bw := ""
	if b.Bandwidth.Value > 0 {
		bw = fmt.Sprintf("%.1f GB/s", b.Bandwidth.Value)
	}
	fact("bandwidth", bw, b.Bandwidth.Source)
	var ram []string
	for _, m := range b.RAMMiB.Value {
		ram = append(ram, fmt.Sprintf("%d MiB", m))
	}
	fact("RAM", strings.Join(ram, ", "), b.RAMMiB.Source)
	return nil
}
