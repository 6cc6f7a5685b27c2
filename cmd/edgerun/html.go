package main

import "github.com/spf13/cobra"

func newDemo(g *global) *cobra.Command { return nil }
