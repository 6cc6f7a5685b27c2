// Command edgerun quantizes, checks, benchmarks and runs int8 networks on ARM
// boards and anywhere else.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes: docs/cli.md.
const (
	exitFailure = 1
	exitUsage   = 2
	exitGate    = 3
)

// usageError is a mistake on the command line.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }

// gateError is a quality gate that was not met.
type gateError struct{ err error }

func (e gateError) Error() string { return e.err.Error() }

func main() { os.Exit(run(os.Args[1:])) }

// run is main without the exit.
func run(args []string) (code int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second interrupt ends the program at once, without waiting for it to
	// tidy up.
	go func() { <-ctx.Done(); stop() }()
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(os.Stderr, "edgerun: internal error: %v; please report it with the command and the file\n", oneLine(fmt.Sprint(r)))
			if os.Getenv("EDGERUN_DEBUG") != "" {
				debug.PrintStack()
			}
			code = exitFailure
		}
	}()
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if ctx.Err() != nil {
		fmt.Fprintln(os.Stderr, "edgerun: interrupted; nothing was written")
		return exitFailure
	}
	fmt.Fprintln(os.Stderr, message(err))
	var usage usageError
	var gate gateError
	switch {
	case errors.As(err, &gate):
		return exitGate
	case errors.As(err, &usage):
		return exitUsage
	}
	return exitFailure
}

// message makes one line of an error, with the program's name in front once.
func message(err error) string {
	s := oneLine(err.Error())
	for {
		t := s
		for _, p := range []string{"edgerun: ", "quant: ", "ermfmt: "} {
			t = strings.TrimPrefix(t, p)
		}
		if t == s {
			return "edgerun: " + s
		}
		s = t
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// global holds the flags of all commands.
type global struct {
	json  bool
	quiet bool
}

func newRoot() *cobra.Command {
	g := &global{}
	root := &cobra.Command{
		Use:   "edgerun",
		Short: "int8 networks on ARM boards, without cgo",
		Long: `edgerun turns a trained float network (ONNX) into one compact int8 file and
runs that file on Raspberry Pi, Jetson and everything else that Go runs on, with
the same bits everywhere.`,
		Example: `  edgerun demo
  edgerun quantize mobilenet.onnx -o mobilenet.erm --calib photos/ --mean 127.5 --std 127.5
  edgerun run mobilenet.erm cat.jpg
  edgerun bench mobilenet.erm --threads 4 --layers`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("command %q is unknown; see edgerun --help", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().BoolVar(&g.json, "json", false, "print one JSON object and nothing else on stdout")
	root.PersistentFlags().BoolVarP(&g.quiet, "quiet", "q", false, "no progress and no warnings on stderr")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
	})
	root.AddCommand(
		newDemo(g), newQuantize(g), newRun(g), newEval(g), newCompare(g), newBench(g), newInspect(g), newBoards(g), newVersion(g),
		newZoo(g),
	)
	root.InitDefaultCompletionCmd()
	if c, _, err := root.Find([]string{"completion"}); err == nil && c != root {
		c.Short, c.Args = "completion script for a shell: bash, zsh, fish or powershell", cobra.ArbitraryArgs
		c.Example = `  edgerun completion bash > /etc/bash_completion.d/edgerun
  edgerun completion zsh > "${fpath[1]}/_edgerun"`
		for _, sh := range c.Commands() {
			sh.Example = "  edgerun completion " + sh.Name()
		}
		c.RunE = func(_ *cobra.Command, args []string) error {
			return usageError{fmt.Errorf("completion %s: want bash, zsh, fish or powershell", strings.Join(args, " "))}
		}
	}
	return root
}

// exactly makes wrong numbers of arguments usage errors.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("%d arguments, want %s; see %s --help", len(args), what, cmd.CommandPath())}
		}
		return nil
	}
}

func atLeast(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return usageError{fmt.Errorf("%d arguments, want %s; see %s --help", len(args), what, cmd.CommandPath())}
		}
		return nil
	}
}
