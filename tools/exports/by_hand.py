#!/usr/bin/env python3
"""Writes, with onnx.helper, spellings that are known from the wild but that no
exporter at hand writes any more (or only for other hardware):

    by_hand.py OUT

Names are BLOCK/hand-WHAT.
"""
import sys
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from common import Store, data, grid, rng

store = Store(sys.argv[1])
X = (1, 8, 9, 10)


class Graph:
    """A graph under construction; values are names."""

    def __init__(self, *shapes, names="xyz"):
        self.nodes, self.init, self.seen = [], [], {}
        self.shapes = shapes or (X,)
        self.inputs = list(names[: len(self.shapes)])

    def const(self, a, dtype=None, name=None):
        a = np.asarray(a, dtype)
        name = name or "c%d" % len(self.init)
        self.init.append(numpy_helper.from_array(a, name))
        return name

    def weight(self, *shape, what="weight"):
        like = "%s %s" % (shape, what)
        self.seen[like] = self.seen.get(like, 0) + 1
        r = rng("%s %d" % (like, self.seen[like]))
        fan = max(1, int(np.prod(shape[1:])))
        if what == "running_var":
            a = grid(0.5 + r.random(shape), 1 / 16)
        elif len(shape) > 1:
            a = grid(r.normal(size=shape) * (1.5 / fan) ** 0.5, 1 / 64)
        elif what == "weight":
            a = grid(0.75 + r.random(shape) / 2, 1 / 16)
        else:
            a = grid(r.normal(size=shape) * 0.2, 1 / 64)
        return a

    def op(self, kind, *ins, outs=1, **attrs):
        names = ["v%d_%d" % (len(self.nodes), i) for i in range(outs)]
        self.nodes.append(helper.make_node(kind, ["" if i is None else i for i in ins], names, name="n%d" % len(self.nodes), **attrs))
        return names[0] if outs == 1 else names

    def conv(self, x, i, o, k=3, bias=True, **attrs):
        attrs.setdefault("pads", [k // 2] * 4)
        ins = [x, self.const(self.weight(o, i, k, k))]
        if bias:
            ins.append(self.const(self.weight(o, what="bias")))
        return self.op("Conv", *ins, kernel_shape=[k, k], **attrs)

    def bn(self, x, c):
        return self.op("BatchNormalization", x, *[self.const(self.weight(c, what=w)) for w in ("weight", "bias", "running_mean", "running_var")], epsilon=1e-3)

    def model(self, out, opset=13):
        outs = out if isinstance(out, list) else [out]
        g = helper.make_graph(self.nodes, "g", [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in zip(self.inputs, self.shapes)],
                              [helper.make_empty_tensor_value_info(o) for o in outs], self.init)
        return helper.make_model(g, opset_imports=[helper.make_opsetid("", opset)], ir_version=8 if opset < 21 else 10, producer_name="by hand")


def save(name, g, out, opset=13, scale=1.0, change=None):
    m = g.model(out, opset)
    if change:
        m = change(m)
    store.attempt(name, lambda path: onnx.save(m, path), [data(*s, which=i, scale=scale) for i, s in enumerate(g.shapes)])


def activations():
    # TensorFlow and Caffe converters of 2019: Add, Clip, Mul, Mul or Div in any order.
    def hs(name, f, opset=13):
        g = Graph()
        save("hard_swish/hand-" + name, g, f(g, g.conv("x", 8, 8)), opset, scale=2)

    def clip(g, y, lo, hi, opset):
        return g.op("Clip", y, min=lo, max=hi) if opset < 11 else g.op("Clip", y, g.const(np.float32(lo)), g.const(np.float32(hi)))

    three, six = np.float32(3), np.float32(6)
    hs("add-clip-mul-div", lambda g, y: g.op("Div", g.op("Mul", y, clip(g, g.op("Add", y, g.const(three)), 0.0, 6.0, 9)), g.const(six)), 9)
    hs("add-clip-div-mul", lambda g, y: g.op("Mul", y, g.op("Div", clip(g, g.op("Add", g.const(three), y), 0.0, 6.0, 13), g.const(six))))
    hs("add-relu-min", lambda g, y: g.op("Mul", g.op("Mul", y, g.op("Min", g.op("Relu", g.op("Add", y, g.const(three))), g.const(six))), g.const(np.float32(1 / 6))))
    hs("add-max-min", lambda g, y: g.op("Mul", g.op("Min", g.op("Max", g.op("Add", y, g.const(three)), g.const(np.float32(0))), g.const(six)), g.op("Mul", y, g.const(np.float32(1 / 6)))))
    hs("clip-in-two", lambda g, y: g.op("Mul", y, g.op("Div", g.op("Clip", g.op("Relu", g.op("Add", y, g.const(three))), None, g.const(six)), g.const(six))))
    hs("scale-first", lambda g, y: g.op("Mul", y, clip(g, g.op("Add", g.op("Mul", y, g.const(np.float32(1 / 6))), g.const(np.float32(0.5))), 0.0, 1.0, 13)))
    hs("constants-of-rank-4", lambda g, y: g.op("Mul", y, g.op("Div", clip(g, g.op("Add", y, g.const(np.full((1, 1, 1, 1), 3, np.float32))), 0.0, 6.0, 13), g.const(np.full((1, 1, 1, 1), 6, np.float32)))))
    hs("constant-nodes", lambda g, y: g.op("Mul", y, g.op("Div", g.op("Clip", g.op("Add", y, g.op("Constant", value_float=3.0)), g.op("Constant", value_float=0.0), g.op("Constant", value_float=6.0)), g.op("Constant", value_float=6.0))))
    hs("identities", lambda g, y: g.op("Mul", g.op("Identity", y), g.op("Identity", g.op("Div", clip(g, g.op("Identity", g.op("Add", g.op("Identity", y), g.const(three))), 0.0, 6.0, 13), g.const(six)))))
    for name, f in dict(
        mul=lambda g, y: g.op("Mul", g.op("Sigmoid", y), y),
        div=lambda g, y: g.op("Div", y, g.op("Add", g.const(np.float32(1)), g.op("Exp", g.op("Neg", y)))),
        reciprocal=lambda g, y: g.op("Mul", y, g.op("Reciprocal", g.op("Add", g.op("Exp", g.op("Neg", y)), g.const(np.float32(1))))),
    ).items():
        g = Graph()
        save("silu/hand-" + name, g, f(g, g.conv("x", 8, 8)))
    for name, f in dict(
        softplus=lambda g, y: g.op("Mul", y, g.op("Tanh", g.op("Softplus", y))),
        log=lambda g, y: g.op("Mul", y, g.op("Tanh", g.op("Log", g.op("Add", g.op("Exp", y), g.const(np.float32(1)))))),
    ).items():
        g = Graph()
        save("mish/hand-" + name, g, f(g, g.conv("x", 8, 8)))
    g = Graph()
    y = g.conv("x", 8, 8)
    save("gelu/hand-erf", g, g.op("Mul", g.op("Mul", y, g.const(np.float32(0.5))), g.op("Add", g.const(np.float32(1)), g.op("Erf", g.op("Mul", y, g.const(np.float32(2**-0.5)))))))
    g = Graph()
    y = g.conv("x", 8, 8)
    c = lambda v: g.const(np.float32(v))
    inner = g.op("Mul", c((2 / np.pi) ** 0.5), g.op("Add", y, g.op("Mul", c(0.044715), g.op("Pow", y, c(3)))))
    save("gelu_tanh/hand-pow", g, g.op("Mul", g.op("Mul", c(0.5), y), g.op("Add", c(1), g.op("Tanh", inner))))
    # Leaky and parametric rectifiers without their operators.
    g = Graph()
    y = g.conv("x", 8, 8)
    save("leaky/hand-max", g, g.op("Max", y, g.op("Mul", y, g.const(np.float32(0.125)))))
    g = Graph()
    y = g.conv("x", 8, 8)
    save("leaky/hand-relu-neg-relu", g, g.op("Add", g.op("Relu", y), g.op("Mul", g.const(np.float32(-0.125)), g.op("Relu", g.op("Neg", y)))))
    slope = lambda g: g.const((np.arange(8, dtype=np.float32) / 16).reshape(8, 1, 1))
    g = Graph()
    save("prelu_channels/hand-op", g, g.op("PRelu", g.conv("x", 8, 8), slope(g)))
    g = Graph()
    y = g.conv("x", 8, 8)
    s = slope(g)
    save("prelu_channels/hand-relu-abs", g, g.op("Add", g.op("Relu", y), g.op("Mul", g.op("Mul", s, g.op("Sub", y, g.op("Abs", y))), g.const(np.float32(0.5)))))


def excite():
    def se(name, squeeze, gate, dense="conv", opset=13, mid="Relu", swap=False, bias=True):
        g = Graph()
        x = g.conv("x", 8, 16, bias=False)
        s = squeeze(g, x)
        if dense == "conv":
            a = g.op(mid, g.conv(s, 16, 4, 1, bias=bias))
            b = g.conv(a, 4, 16, 1, bias=bias)
        elif dense == "gemm":
            a = g.op(mid, g.op("Gemm", s, g.const(g.weight(4, 16)), g.const(g.weight(4, what="bias")), transB=1))
            b = g.op("Gemm", a, g.const(g.weight(16, 4)), g.const(g.weight(16, what="bias")), transB=1)
        elif dense == "gemm-kn":
            a = g.op(mid, g.op("Gemm", s, g.const(g.weight(16, 4)), g.const(g.weight(4, what="bias"))))
            b = g.op("Gemm", a, g.const(g.weight(4, 16)), g.const(g.weight(16, what="bias")))
        else:
            a = g.op(mid, g.op("Add", g.op("MatMul", s, g.const(g.weight(16, 4))), g.const(g.weight(4, what="bias"))))
            b = g.op("Add", g.op("MatMul", a, g.const(g.weight(4, 16))), g.const(g.weight(16, what="bias")))
        b = gate(g, b)
        save("se/hand-" + name, g, g.op("Mul", *((b, x) if swap else (x, b))), opset)

    sig = lambda g, b: g.op("Sigmoid", b)
    gap = lambda g, x: g.op("GlobalAveragePool", x)
    shape = lambda g, *s: g.const(s, np.int64)
    up = lambda g, b: g.op("Reshape", b, shape(g, 1, 16, 1, 1))
    se("conv", gap, sig)
    se("conv-no-bias", gap, sig, bias=False)
    se("conv-swapped", gap, sig, swap=True)
    se("average-pool", lambda g, x: g.op("AveragePool", x, kernel_shape=[9, 10]), sig)
    se("reduce-mean-11", lambda g, x: g.op("ReduceMean", x, axes=[2, 3], keepdims=1), sig, opset=11)
    se("reduce-mean-18", lambda g, x: g.op("ReduceMean", x, shape(g, -1, -2), keepdims=1), sig, opset=18)
    se("reduce-sum", lambda g, x: g.op("Mul", g.op("ReduceSum", x, shape(g, 2, 3), keepdims=1), g.const(np.float32(1 / 90))), sig)
    se("reduce-mean-twice", lambda g, x: g.op("ReduceMean", g.op("ReduceMean", x, axes=[3], keepdims=1), axes=[2], keepdims=1), sig)
    se("reduce-mean-flat", lambda g, x: g.op("ReduceMean", g.op("Reshape", x, shape(g, 1, 16, 90)), axes=[2], keepdims=0), lambda g, b: up(g, sig(g, b)), "gemm")
    se("gemm-reshape", lambda g, x: g.op("Reshape", gap(g, x), shape(g, -1, 16)), lambda g, b: up(g, sig(g, b)), "gemm")
    se("gemm-flatten", lambda g, x: g.op("Flatten", gap(g, x)), lambda g, b: g.op("Unsqueeze", g.op("Unsqueeze", sig(g, b), shape(g, 2)), shape(g, 3)), "gemm-kn")
    se("gemm-squeeze", lambda g, x: g.op("Squeeze", gap(g, x), shape(g, 2, 3)), lambda g, b: g.op("Unsqueeze", sig(g, b), shape(g, 2, 3)), "gemm")
    se("gemm-expand", lambda g, x: g.op("Squeeze", gap(g, x), shape(g, 2, 3)), lambda g, b: g.op("Expand", up(g, sig(g, b)), shape(g, 1, 16, 9, 10)), "gemm")
    se("gemm-sigmoid-last", lambda g, x: g.op("Flatten", gap(g, x)), lambda g, b: sig(g, up(g, b)), "gemm")
    se("matmul-squeeze", lambda g, x: g.op("Squeeze", gap(g, x), shape(g, 2, 3)), lambda g, b: g.op("Unsqueeze", sig(g, b), shape(g, 2, 3)), "matmul")
    se("matmul-transposed", lambda g, x: g.op("Transpose", gap(g, x), perm=[0, 2, 3, 1]), lambda g, b: g.op("Transpose", sig(g, b), perm=[0, 3, 1, 2]), "matmul")
    se("hard-sigmoid-op", gap, lambda g, b: g.op("HardSigmoid", b, alpha=1 / 6, beta=0.5))
    se("hard-sigmoid-0.2", gap, lambda g, b: g.op("HardSigmoid", b))
    se("hard-clip-div", gap, lambda g, b: g.op("Div", g.op("Clip", g.op("Add", b, g.const(np.float32(3))), g.const(np.float32(0)), g.const(np.float32(6))), g.const(np.float32(6))))
    se("hard-clip-mul-9", gap, lambda g, b: g.op("Mul", g.op("Clip", g.op("Add", b, g.const(np.float32(3))), min=0.0, max=6.0), g.const(np.float32(1 / 6))), opset=9)


def shuffles():
    def sh(name, f, opset=13):
        g = Graph()
        y = f(g, g.conv("x", 8, 12, 1))
        save("shuffle/hand-" + name, g, g.conv(g.conv(y, 1, 12, group=12), 12, 8, 1), opset)

    shape = lambda g, *s: g.const(s, np.int64)
    perm = lambda g, y, **kw: g.op("Transpose", y, perm=[0, 2, 1, 3, 4], **kw)
    sh("reshape", lambda g, y: g.op("Reshape", perm(g, g.op("Reshape", y, shape(g, 1, 3, 4, 9, 10))), shape(g, 1, 12, 9, 10)))
    sh("reshape-zeros", lambda g, y: g.op("Reshape", perm(g, g.op("Reshape", y, shape(g, 0, 3, 4, 9, 10))), shape(g, 0, -1, 9, 10)))
    sh("reshape-flat", lambda g, y: g.op("Reshape", g.op("Transpose", g.op("Reshape", y, shape(g, 1, 3, 4, 90)), perm=[0, 2, 1, 3]), shape(g, 1, 12, 9, 10)))
    sh("reshape-3d", lambda g, y: g.op("Reshape", g.op("Transpose", g.op("Reshape", y, shape(g, 3, 4, 90)), perm=[1, 0, 2]), shape(g, 1, 12, 9, 10)))
    sh("gather", lambda g, y: g.op("Gather", y, shape(g, *np.arange(12).reshape(3, 4).T.flatten()), axis=1))
    sh("split-concat", lambda g, y: g.op("Concat", *np.array(g.op("Split", y, outs=12, axis=1)).reshape(3, 4).T.flatten(), axis=1))
    sh("slice-concat", lambda g, y: g.op("Concat", *[g.op("Slice", y, shape(g, i), shape(g, 12), shape(g, 1), shape(g, 4)) for i in range(4)], axis=1))

    def computed(g, y):
        s = g.op("Shape", y)
        at = lambda i: g.op("Gather", s, g.const(i, np.int64))
        one = lambda v: g.op("Unsqueeze", v, shape(g, 0))
        c4 = g.op("Div", at(1), g.const(3, np.int64))
        r = g.op("Reshape", y, g.op("Concat", one(at(0)), shape(g, 3), one(c4), one(at(2)), one(at(3)), axis=0))
        return g.op("Reshape", perm(g, r), g.op("Concat", one(at(0)), shape(g, -1), one(at(2)), one(at(3)), axis=0))

    sh("computed", computed)


def files():
    def half(m, dtype=TensorProto.FLOAT16):
        """Weights of 16 bits, widened by a Cast each."""
        new = []
        for t in list(m.graph.initializer):
            if t.data_type != TensorProto.FLOAT:
                continue
            a = numpy_helper.to_array(t)
            m.graph.initializer.remove(t)
            h = helper.make_tensor(t.name + "_half", dtype, a.shape, a.flatten().tolist())
            m.graph.initializer.append(h)
            new.append(helper.make_node("Cast", [h.name], [t.name], name="cast_" + t.name, to=TensorProto.FLOAT))
        nodes = list(m.graph.node)
        del m.graph.node[:]
        m.graph.node.extend(new + nodes)
        return m

    def net(g):
        return g.conv(g.op("Relu", g.bn(g.conv("x", 8, 12, bias=False), 12)), 12, 4, 1)

    g = Graph()
    save("plain_net/hand-float32", g, net(g))
    g = Graph()
    save("plain_net/hand-float16", g, net(g), change=half)
    g = Graph()
    save("plain_net/hand-bfloat16", g, net(g), change=lambda m: half(m, TensorProto.BFLOAT16))

    def as_inputs(m):
        for t in m.graph.initializer:
            m.graph.input.append(helper.make_tensor_value_info(t.name, t.data_type, t.dims))
        m.ir_version = 3
        return m

    g = Graph()
    save("plain_net/hand-initializers-as-inputs", g, net(g), 8, change=as_inputs)

    def constants(m):
        """Every initializer as a Constant node, as old exporters of MXNet wrote."""
        nodes = [helper.make_node("Constant", [], [t.name], name="k_" + t.name, value=t) for t in m.graph.initializer] + list(m.graph.node)
        del m.graph.node[:], m.graph.initializer[:]
        m.graph.node.extend(nodes)
        return m

    g = Graph()
    save("plain_net/hand-constant-nodes", g, net(g), change=constants)
    g = Graph()
    y = "x"
    for _ in range(3):
        y = g.op("Identity", y)
    y = g.op("Relu", g.op("Dropout", g.bn(g.op("Identity", g.conv(y, 8, 12, bias=False)), 12)))
    y = g.op("Identity", g.op("Cast", g.conv(g.op("Identity", y), 12, 4, 1), to=TensorProto.FLOAT))
    save("plain_net/hand-identities", g, y)
    g = Graph()
    y = g.op("Relu", g.bn(g.conv("x", 8, 12, bias=False), 12))
    w, b = g.weight(4, 12, 1, 1), g.weight(4, what="bias")
    out = helper.make_empty_tensor_value_info
    sub = lambda n, v: helper.make_graph(n, "sub", [], [out(v)])
    wn, bn = g.const(w), g.const(b)
    y = g.op("If", g.op("Constant", value=numpy_helper.from_array(np.array(True))),
             then_branch=sub([helper.make_node("Conv", [y, wn, bn], ["t"], kernel_shape=[1, 1])], "t"), else_branch=sub([helper.make_node("Identity", [y], ["e"])], "e"))
    save("plain_net/hand-if", g, y)
    g = Graph()  # a condition on the shape, as torch.squeeze leaves it
    y = g.op("Relu", g.bn(g.conv("x", 8, 12, bias=False), 12))
    cond = g.op("Equal", g.op("Gather", g.op("Shape", y), g.const(1, np.int64)), g.const(12, np.int64))
    wn, bn = g.const(w), g.const(b)
    y = g.op("If", cond, then_branch=sub([helper.make_node("Conv", [y, wn, bn], ["t"], kernel_shape=[1, 1])], "t"), else_branch=sub([helper.make_node("Identity", [y], ["e"])], "e"))
    save("plain_net/hand-if-shape", g, y)


def normalization():
    # BatchNormalization written out, and around everything.
    g = Graph()
    y = g.conv("x", 8, 12, bias=False)
    c = lambda v, what: g.const(g.weight(12, what=what).reshape(v))
    s, b, m, v = (g.weight(12, what=w) for w in ("weight", "bias", "running_mean", "running_var"))
    k = lambda a: g.const(a.reshape(12, 1, 1))
    save("bn_written_out/hand-sub-div", g, g.op("Relu", g.op("Add", g.op("Mul", g.op("Div", g.op("Sub", y, k(m)), k(np.sqrt(v + np.float32(1e-3)))), k(s)), k(b))))
    g = Graph()
    y = g.conv("x", 8, 12, bias=False)
    k = lambda a: g.const(a.reshape(1, 12, 1, 1))
    inv = g.op("Reciprocal", g.op("Sqrt", g.op("Add", k(v), g.const(np.float32(1e-3)))))
    a = g.op("Mul", inv, k(s))
    save("bn_written_out/hand-moments", g, g.op("Relu", g.op("Add", g.op("Mul", y, a), g.op("Sub", k(b), g.op("Mul", k(m), a)))))
    g = Graph()
    save("conv_bn_relu/hand-bn-opset7", g, g.op("Relu", g.bn(g.conv("x", 8, 12, bias=False), 12)), 8)
    g = Graph()
    save("conv_bias_node/hand-add", g, g.op("Relu", g.op("Add", g.conv("x", 8, 12, bias=False), g.const(g.weight(12, what="bias").reshape(1, 12, 1, 1)))))
    g = Graph()
    save("conv_bias_node/hand-add-left", g, g.op("Relu", g.op("Add", g.const(g.weight(12, what="bias").reshape(12, 1, 1)), g.conv("x", 8, 12, bias=False))))
    g = Graph()
    save("conv_pad_node/hand-pads", g, g.conv(g.op("Pad", "x", g.const([0, 0, 1, 1, 0, 0, 1, 1], np.int64)), 8, 8, pads=[0, 0, 0, 0]))
    g = Graph()
    save("conv_pad_node/hand-pads-opset2", g, g.conv(g.op("Pad", "x", pads=[0, 0, 1, 1, 0, 0, 1, 1]), 8, 8, pads=[0, 0, 0, 0]), 9)
    g = Graph()
    save("conv_pad_node/hand-auto-pad", g, g.op("Conv", "x", g.const(g.weight(8, 8, 3, 3)), g.const(g.weight(8, what="bias")), kernel_shape=[3, 3], auto_pad="SAME_UPPER"))
    g = Graph()
    save("conv_pad_node/hand-half-and-half", g, g.conv(g.op("Pad", "x", g.const([0, 0, 1, 0, 0, 0, 0, 1], np.int64)), 8, 8, pads=[0, 1, 1, 0]))
    g = Graph()
    y = g.op("Transpose", "x", perm=[0, 2, 3, 1])
    y = g.op("Pad", y, g.const([0, 1, 1, 0, 0, 1, 1, 0], np.int64))
    save("conv_pad_node/hand-channels-last", g, g.conv(g.op("Transpose", y, perm=[0, 3, 1, 2]), 8, 8, pads=[0, 0, 0, 0]))
    # Upsample of opsets 7 and 9, Resize of 10.
    for name, opset, f in ("upsample-7", 7, lambda g, y: g.op("Upsample", y, scales=[1.0, 1.0, 2.0, 2.0])), ("upsample-9", 9, lambda g, y: g.op("Upsample", y, g.const([1, 1, 2, 2], np.float32))), (
            "resize-10", 10, lambda g, y: g.op("Resize", y, g.const([1, 1, 2, 2], np.float32))), ("resize-11", 11, lambda g, y: g.op("Resize", y, g.const([], np.float32), g.const([1, 1, 2, 2], np.float32), coordinate_transformation_mode="asymmetric", nearest_mode="floor")), (
            "tile", 13, lambda g, y: g.op("Reshape", g.op("Tile", g.op("Reshape", y, g.const([1, 8, 9, 1, 10, 1], np.int64)), g.const([1, 1, 1, 2, 1, 2], np.int64)), g.const([1, 8, 18, 20], np.int64))), (
            "deconv", 13, lambda g, y: g.op("ConvTranspose", y, g.const(np.ones((8, 1, 2, 2), np.float32)), group=8, strides=[2, 2], kernel_shape=[2, 2])):
        g = Graph()
        save("nearest_x2/hand-" + name, g, g.conv(f(g, g.conv("x", 8, 8)), 8, 6, 1), opset)


for f in activations, excite, shuffles, files, normalization:
    f()
store.done()
