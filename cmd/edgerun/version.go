package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/cpu"
	"github.com/edgerun/edgerun/kernels/dispatch"
)

// release is set by the linker: -ldflags "-X main.release=v0.1.0".
var release = ""

// version is the release, or what the Go toolchain knows of the build.
func version() string {
	if release != "" {
		return release
	}
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" && b.Main.Version != "(devel)" {
		return b.Main.Version
	}
	return "development"
}

func newVersion(g *global) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "version of edgerun, of the file format, and the CPU tier in use",
		Example: "  edgerun version --json",
		Args:    exactly(0, "none"),
		RunE: func(*cobra.Command, []string) error {
			isa, err := cpu.ISA()
			if err != nil {
				return err
			}
			v := struct {
				Version string `json:"version"`
				Format  string `json:"format"`
				Go      string `json:"go"`
				OS      string `json:"os"`
				Arch    string `json:"arch"`
				Tier    string `json:"tier"`
			}{version(), fmt.Sprintf("%d.%d", ermfmt.Major, ermfmt.Minor), runtime.Version(), runtime.GOOS, runtime.GOARCH, dispatch.Best(isa).Tier}
			if g.json {
				return printJSON(v)
			}
			fmt.Printf("edgerun %s, format %s, %s %s/%s, %s tier\n", v.Version, v.Format, v.Go, v.OS, v.Arch, v.Tier)
			return nil
		},
	}
}
