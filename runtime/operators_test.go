package edgerun_test

import (
	ermfmt "github.com/edgerun/edgerun/fmt"
	"github.com/edgerun/edgerun/internal/ermoracle"
)

// operators has a network for every operator and shape that has a path of its
// own somewhere.
func operators() map[string]func(n *ermoracle.Net) {
	type (
		net  = ermoracle.Net
		dims = ermoracle.Dims
		conv = ermoracle.Conv
		win  = ermoracle.Window
	)
	const i8, i16 = ermfmt.Int8, ermfmt.Int16
	// in makes an operand that is computed, so that it can be a view.
	in := func(n *net, d ermfmt.DType, s dims) int32 { return n.Requantize(n.Input(d, s), d) }
	one := func(k ermfmt.Kind, s dims, c conv) func(n *net) {
		return func(n *net) { n.Conv(k, in(n, i8, s), c) }
	}
	const (
		plain, deep, dense       = ermfmt.KindConv, ermfmt.KindDepthwise, ermfmt.KindDense
		deform, transposed       = ermfmt.KindDeformConv, ermfmt.KindConvTranspose
		maxH               int32 = 16384
	)
	k3 := win{KH: 3, KW: 3, PT: 1, PL: 1, PB: 1, PR: 1}
	// addMul has sums and products of all widths, with a second operand of shape b.
	addMul := func(s, b dims) func(n *net) {
		return func(n *net) {
			for _, w := range [][3]ermfmt.DType{{i8, i8, i8}, {i8, i8, i16}, {i8, i16, i8}, {i16, i8, i16}, {i16, i16, i16}, {i16, i16, i8}} {
				x := in(n, w[0], s)
				n.Add(x, in(n, w[1], b), w[2])
				n.Mul(x, n.Const(w[1], b), w[2])
			}
		}
	}
	return map[string]func(n *net){
		"conv: one of all":                one(plain, dims{1, 1, 1, 1}, conv{}),
		"conv: pointwise":                 one(plain, dims{1, 7, 9, 16}, conv{OC: 12}),
		"conv: pointwise odd channels":    one(plain, dims{2, 5, 3, 15}, conv{OC: 13}),
		"conv: pointwise one column":      one(plain, dims{1, 9, 1, 8}, conv{OC: 5}),
		"conv: pointwise with stride":     one(plain, dims{1, 9, 8, 6}, conv{OC: 5, Window: win{SH: 2, SW: 3}}),
		"conv: 3x3":                       one(plain, dims{1, 9, 11, 5}, conv{Window: k3, OC: 7}),
		"conv: 3x3 stride 2, uneven pads": one(plain, dims{2, 8, 8, 3}, conv{Window: win{KH: 3, KW: 3, SH: 2, SW: 2, PB: 1, PR: 1}, OC: 9}),
		"conv: 5x2 dilated":               one(plain, dims{1, 13, 9, 4}, conv{Window: win{KH: 5, KW: 2, DH: 2, DW: 5, PT: 4, PL: 2, PB: 4, PR: 3}, OC: 3}),
		"conv: causal":                    one(plain, dims{1, 1, 50, 4}, conv{Window: win{KW: 3, DW: 8, PL: 16}, OC: 6}),
		"conv: groups":                    one(plain, dims{1, 6, 5, 12}, conv{Window: k3, OC: 18, Groups: 3}),
		"conv: groups of one":             one(plain, dims{1, 6, 5, 7}, conv{Window: k3, OC: 14, Groups: 7}),
		"conv: 16 bits":                   one(plain, dims{1, 6, 5, 9}, conv{Window: k3, OC: 4, Wide: true}),
		"conv: leaky":                     one(plain, dims{1, 6, 5, 9}, conv{Window: k3, OC: 6, Leaky: true}),
		"conv: leaky, 16 bits, pre-shift": one(plain, dims{1, 6, 5, 9}, conv{OC: 6, Leaky: true, Wide: true, Pre: 5}),
		"conv: pre-shift that saturates":  one(plain, dims{1, 6, 5, 9}, conv{Window: k3, OC: 6, Pre: 31}),
		"conv: long rows":                 one(plain, dims{1, 2, 3, 1000}, conv{OC: 25}),
		"conv: many pixels":               one(plain, dims{1, 30, 31, 3}, conv{Window: k3, OC: 13}),
		"conv: output beyond the input":   one(plain, dims{1, 3, 3, 2}, conv{Window: win{KH: 2, KW: 2, PB: 9, PR: 9}, OC: 3}),
		"conv: kernel larger than input":  one(plain, dims{1, 2, 2, 4}, conv{Window: win{KH: 7, KW: 7, PT: 3, PL: 3, PB: 3, PR: 3}, OC: 3}),
		"conv: a long signal":             one(plain, dims{1, 1, 40001, 2}, conv{Window: win{KW: 7, SW: 3, DW: 5, PL: 30}, OC: 5}),
		"conv: a high picture":            one(plain, dims{1, 20000, 1, 3}, conv{Window: win{KH: 3, SH: 2, PT: 2}, OC: 4}),
		"depthwise: a long signal":        one(deep, dims{1, 1, 40001, 3}, conv{Window: win{KW: 9, SW: 2, PL: 4, PR: 4}, OC: 3}),
		"transposed: a long signal":       one(transposed, dims{1, 1, 20001, 2}, conv{Window: win{KW: 4, SW: 2}, OC: 3}),
		"pools: a long signal": func(n *net) {
			n.MaxPool(in(n, i8, dims{1, 1, 40001, 3}), win{KW: 5, SW: 3, PL: 2})
			n.AveragePool(in(n, i8, dims{1, 1, 40001, 3}), win{KW: 5, SW: 3, PL: 2}, false, 0, i16)
		},
		"conv: taps far apart":             one(plain, dims{1, 3, 3, 2}, conv{Window: win{KH: 2, KW: 2, DH: 16000, DW: 16000, PT: 16000, PL: 16000}, OC: 2}),
		"depthwise: one of all":            one(deep, dims{1, 1, 1, 1}, conv{}),
		"depthwise: 3x3":                   one(deep, dims{1, 9, 8, 17}, conv{Window: k3, OC: 17}),
		"depthwise: 3x3 stride 2":          one(deep, dims{2, 9, 8, 5}, conv{Window: win{KH: 3, KW: 3, SH: 2, SW: 2, PT: 1, PL: 1, PB: 1, PR: 1}, OC: 5}),
		"depthwise: stride 3 and dilation": one(deep, dims{1, 17, 19, 3}, conv{Window: win{KH: 3, KW: 3, SH: 3, SW: 3, DH: 2, DW: 3, PT: 2, PL: 3}, OC: 3}),
		"depthwise: multiplier":            one(deep, dims{1, 6, 7, 3}, conv{Window: k3, OC: 12, Leaky: true}),
		"depthwise: high kernel":           one(deep, dims{1, 40, 3, 2}, conv{Window: win{KH: 35, KW: 1}, OC: 2}),
		"depthwise: wide kernel":           one(deep, dims{1, 1, 90, 2}, conv{Window: win{KW: 71, DW: 2, PL: 100}, OC: 4, Wide: true}),
		"depthwise: taps far apart":        one(deep, dims{1, 2, 2, 2}, conv{Window: win{KW: 3, DW: 16384, PL: 16384, PR: 16384}, OC: 2}),
		"dense: one of all":                one(dense, dims{1, 1, 1, 1}, conv{}),
		"dense: rows everywhere":           one(dense, dims{2, 3, 4, 37}, conv{OC: 11}),
		"dense: 16 bits":                   one(dense, dims{1, 1, 1, 321}, conv{OC: 10, Wide: true}),
		"deform: v1":                       one(deform, dims{1, 6, 7, 8}, conv{Window: k3, OC: 5}),
		"deform: v2":                       one(deform, dims{1, 6, 7, 8}, conv{Window: k3, OC: 5, Mask: true}),
		"deform: groups, offset groups":    one(deform, dims{2, 6, 5, 12}, conv{Window: win{KH: 2, KW: 3, SH: 2, DW: 2, PL: 2}, OC: 8, Groups: 2, OffsetGroups: 3, Mask: true}),
		"deform: leaky, 16 bits":           one(deform, dims{1, 5, 5, 3}, conv{Window: k3, OC: 4, Leaky: true, Wide: true}),
		"transposed: 2x2 stride 2":         one(transposed, dims{1, 4, 5, 6}, conv{Window: win{KH: 2, KW: 2, SH: 2, SW: 2}, OC: 5}),
		"transposed: 4x4 padded, groups":   one(transposed, dims{2, 4, 5, 6}, conv{Window: win{KH: 4, KW: 4, SH: 2, SW: 2, PT: 1, PL: 1, PB: 1, PR: 1}, OC: 4, Groups: 2}),
		"transposed: dilated, stride 3":    one(transposed, dims{1, 3, 3, 4}, conv{Window: win{KH: 3, KW: 2, SH: 3, SW: 3, DH: 2, DW: 4, PT: 2}, OC: 3, Wide: true}),
		"transposed: smaller than stride":  one(transposed, dims{1, 3, 3, 4}, conv{Window: win{SH: 4, SW: 4}, OC: 3, Leaky: true}),
		"se": func(n *net) {
			n.SE(in(n, i8, dims{1, 7, 6, 24}), 6, false)
			n.SE(in(n, i8, dims{3, 5, 1, 9}), 4, true)
			n.SE(in(n, i8, dims{2, 1, 1, 1}), 1, true)
		},
		"add, mul: one element":    addMul(dims{1, 1, 1, 1}, dims{1, 1, 1, 1}),
		"add, mul: same shape":     addMul(dims{2, 3, 4, 5}, dims{2, 3, 4, 5}),
		"add, mul: per channel":    addMul(dims{2, 3, 4, 5}, dims{1, 1, 1, 5}),
		"add, mul: per pixel":      addMul(dims{2, 3, 4, 5}, dims{2, 3, 4, 1}),
		"add, mul: per row":        addMul(dims{2, 3, 4, 5}, dims{1, 3, 1, 1}),
		"add, mul: rows repeat":    addMul(dims{2, 3, 4, 5}, dims{2, 1, 4, 5}),
		"add, mul: long":           addMul(dims{1, 40, 30, 7}, dims{1, 40, 30, 7}),
		"add, mul: long, channels": addMul(dims{1, 40, 30, 7}, dims{1, 1, 1, 7}),
		"add, mul: long, pixels":   addMul(dims{1, 40, 30, 7}, dims{1, 40, 30, 1}),
		"add, mul: long, rows":     addMul(dims{1, 40, 30, 7}, dims{1, 40, 1, 1}),
		"add, mul of a tensor with itself": func(n *net) {
			x := in(n, i8, dims{1, 3, 5, 7})
			n.Mul(n.Add(x, x, i8), x, i16)
		},
		"tables, requantize: all widths": func(n *net) {
			for _, s := range []dims{{1, 1, 1, 1}, {2, 3, 4, 5}, {1, 30, 30, 20}} {
				for _, w := range [][2]ermfmt.DType{{i8, i8}, {i8, i16}, {i16, i8}, {i16, i16}} {
					n.LUT(n.Requantize(in(n, w[0], s), w[1]), w[0])
				}
			}
		},
		"max pool": func(n *net) {
			n.MaxPool(in(n, i8, dims{2, 7, 9, 5}), win{KH: 2, KW: 3, SH: 2, SW: 1})
			n.MaxPool(in(n, i8, dims{1, 7, 7, 18}), win{KH: 3, KW: 3, SH: 2, SW: 2, PT: 1, PL: 1, PB: 1, PR: 1})
			n.MaxPool(in(n, i8, dims{1, 9, 9, 3}), win{KH: 3, KW: 2, DH: 3, DW: 4, PT: 2, PL: 3})
			n.MaxPool(in(n, i8, dims{1, 3, 4, 2}), win{KH: maxH, KW: 3, PT: 3, PL: 1, PB: maxH - 4, PR: 1})
		},
		"average pool": func(n *net) {
			for _, wide := range []ermfmt.DType{i8, i16} {
				for _, include := range []bool{false, true} {
					n.AveragePool(in(n, i8, dims{2, 7, 9, 5}), win{KH: 3, KW: 3, PT: 1, PL: 2, PB: 1, PR: 0}, include, 0, wide)
					n.AveragePool(in(n, i8, dims{1, 8, 8, 3}), win{KH: 3, KW: 3, SH: 2, SW: 2, PT: 1, PL: 1, PB: 0, PR: 0}, include, 1, wide)
					n.AveragePool(in(n, i8, dims{1, 9, 9, 3}), win{KH: 2, KW: 3, DH: 4, DW: 2, PL: 2, PR: 1}, include, 0, wide)
					n.AveragePool(in(n, i8, dims{2, 5, 4, 300}), win{KH: 5, KW: 4}, include, 0, wide)
				}
			}
		},
		"resize": func(n *net) {
			for _, d := range []ermfmt.DType{i8, i16} {
				for _, ty := range []int32{1, 2, 4, 7} {
					for _, tx := range []int32{1, 2, 3, 4} {
						n.Resize(in(n, d, dims{2, 5, 6, 3}), 7, 4, ty, tx)
					}
				}
			}
		},
		"softmax": func(n *net) {
			for _, s := range []dims{{1, 1, 1, 10}, {2, 3, 4, 7}, {1, 1, 1, 1}, {5, 1, 1, 300}} {
				for _, w := range [][2]ermfmt.DType{{i8, i8}, {i8, i16}, {i16, i8}, {i16, i16}} {
					n.Softmax(in(n, w[0], s), w[1])
				}
			}
		},
		"lrn": func(n *net) {
			for _, s := range []dims{{1, 1, 1, 1}, {2, 3, 4, 7}, {1, 9, 8, 96}, {1, 5, 1, 300}} {
				for _, size := range []int32{1, 2, 5, 8, 99, 16384} {
					n.LRN(in(n, i8, s), size, i8)
					n.LRN(in(n, i8, s), size, i16)
				}
			}
		},
		"log softmax": func(n *net) {
			for _, s := range []dims{{1, 1, 1, 10}, {2, 3, 4, 7}, {1, 1, 1, 1}, {5, 1, 1, 300}} {
				for _, w := range [][2]ermfmt.DType{{i8, i8}, {i8, i16}, {i16, i8}, {i16, i16}} {
					n.LogSoftmax(in(n, w[0], s), w[1])
				}
			}
		},
		"copies": func(n *net) {
			for _, d := range []ermfmt.DType{i8, i16} {
				x := in(n, d, dims{2, 3, 4, 5})
				n.Move(x, [4]int{0, 1, 2, 3})
				n.Move(x, [4]int{3, 1, 0, 2})
				n.Move(x, [4]int{2, 0, 3, 1})
				n.Pad(x, dims{0, 1, 2, 0}, dims{1, 0, 2, 3})
				for axis := range 4 {
					n.Slice(x, axis, 2)
					n.Slice(x, axis, -1)
				}
				n.Repeat(x, 3)
			}
			n.Move(n.ArgMax(n.Input(i8, dims{2, 3, 4, 5}), false, false), [4]int{2, 1, 0, 3})
		},
		"copies of constants": func(n *net) {
			for _, d := range []ermfmt.DType{i8, i16} {
				n.Move(n.Const(d, dims{2, 3, 4, 5}), [4]int{0, 3, 1, 2})
			}
		},
		"arg max": func(n *net) {
			for _, d := range []ermfmt.DType{i8, i16} {
				for _, last := range []bool{false, true} {
					for _, low := range []bool{false, true} {
						n.ArgMax(n.LUT(in(n, d, dims{2, 3, 1, 30}), i8), last, low)
						n.ArgMax(in(n, d, dims{1, 1, 1, 500}), last, low)
					}
				}
			}
		},
	}
}
