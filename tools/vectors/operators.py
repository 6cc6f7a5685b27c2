#!/usr/bin/env python3
"""Makes one tiny ONNX model per operator, attribute and opset that
internal/onnx takes, runs it in ONNX Runtime, and stores models, inputs and
outputs for internal/interp's TestOperators.

    pip install onnxruntime onnx numpy
    python3 tools/vectors/operators.py internal/interp/testdata/operators.jsonl.gz

A line of the file is one case in JSON:

    {"name", "by": who computed the outputs, "model": base64,
     "in" and "out": [{"name", "type": as in TensorProto, "shape", "data": base64, little-endian}]}

Inputs that ONNX wants as tensors but exporters write as constants (shapes,
axes, pads, weights) are initializers of the model; "in" is the data.

Every case also runs in onnx.reference, the specification's own implementation.
Where the two differ the case says which of them counts, and why:

    by=SPEC   ONNX Runtime deviates from the specification, or cannot run it
    by=ORT    onnx.reference deviates, see the comment there; but Resize with
              nearest neighbours is ONNX Runtime's float32 on purpose

and without that the script fails. What onnx.reference cannot run at all is ONNX
Runtime's word alone; the last line says how many cases that is.
"""
import base64, gzip, json, sys, zlib
import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

ORT, SPEC = "onnxruntime", "onnx.reference"

cases = {}


class P:
    """An input that becomes an initializer."""

    def __init__(self, a, dtype=None):
        self.a = np.array(a, dtype or (None if isinstance(a, (np.ndarray, np.generic)) else np.int64))


def rng(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


class X:
    """A seeded random float32 input: multiples of 1/8 compress well."""

    def __init__(self, *shape, lo=-4, hi=4):
        self.shape, self.lo, self.hi = shape, lo, hi

    def make(self, r):
        return np.asarray(r.integers(self.lo * 8, self.hi * 8, self.shape, endpoint=True) / 8, np.float32)


class W(X):
    """X as an initializer."""


class N(X):
    """A random integer input."""

    def __init__(self, dtype, *shape, lo=-9, hi=9):
        super().__init__(*shape, lo=lo, hi=hi)
        self.dtype = dtype

    def make(self, r):
        return np.array(r.integers(self.lo, self.hi, self.shape, endpoint=True)).astype(self.dtype)


def node(op, ins, outs, **attrs):
    return helper.make_node(op, ins, outs, **attrs)


def const(name, a):
    return node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(a), name))


def case(name, op, ins, opset, outs=1, by=None, tol=1e-5, **attrs):
    """One node. Outputs: a number, or a list of names where some are ""."""
    r = rng(name)
    names, data, init = [], {}, []
    for i, v in enumerate(ins):
        if v is None:
            names.append("")
            continue
        n = "in%d" % i
        names.append(n)
        if isinstance(v, P):
            init.append(numpy_helper.from_array(v.a, n))
        elif isinstance(v, W):
            init.append(numpy_helper.from_array(v.make(r), n))
        elif isinstance(v, X):
            data[n] = v.make(r)
        else:
            data[n] = np.asarray(v)
    while names and names[-1] == "":
        names.pop()
    if isinstance(outs, int):
        outs = ["out%d" % i for i in range(outs)]
    nodes = [node(op, names, outs, **attrs)]
    graph(name, nodes, data, init, [o for o in outs if o], opset, by, tol)


def graph(name, nodes, data, init, outs, opset, by=None, tol=1e-5):
    assert name not in cases, name
    for i, n in enumerate(nodes):
        n.name = "n%d_%s" % (i, n.op_type)
    g = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for k, v in data.items()],
        [helper.make_empty_tensor_value_info(o) for o in outs], init)
    m = helper.make_model(g, opset_imports=[helper.make_opsetid("", opset)], ir_version=8 if opset < 21 else 10)
    m.producer_name = ""
    cases[name] = dict(model=m, data=data, outs=outs, by=by, tol=tol)


def run_ort(c):
    so = ort.SessionOptions()
    so.log_severity_level = 4
    so.intra_op_num_threads = 1
    so.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(c["model"].SerializeToString(), so, providers=["CPUExecutionProvider"]).run(None, c["data"])


def run_spec(c):
    return [np.asarray(v) for v in ReferenceEvaluator(c["model"]).run(None, c["data"])]


def same(a, b, tol):
    for x, y in zip(a, b):
        if x.shape != y.shape or x.dtype != y.dtype:
            return "%s%s and %s%s" % (x.dtype, x.shape, y.dtype, y.shape)
        if x.dtype.kind != "f":
            if not np.array_equal(x, y):
                return "integers differ"
        elif x.size:
            span = np.nanmax(np.abs(np.where(np.isfinite(y), y, 0))) or 1
            ok = (x == y) | (np.isnan(x) & np.isnan(y)) | (np.abs(x - y) <= tol * span)
            if not ok.all():
                i = np.unravel_index(np.argmin(ok), ok.shape)
                return "at %s: %g and %g" % (list(map(int, i)), x[i], y[i])
    return None


def tensor(name, a):
    return dict(name=name, type=int(helper.np_dtype_to_tensor_dtype(a.dtype)), shape=list(a.shape),
                data=base64.b64encode(a.astype(a.dtype.newbyteorder("<")).tobytes()).decode())


# ---------------------------------------------------------------------------
# Convolutions

def convolutions():
    for k, s, p, d in [
        (1, 1, 0, 1), (3, 1, 0, 1), (3, 1, 1, 1), (3, 2, 1, 1), (5, 1, 2, 1), (3, 1, 2, 2), (2, 2, 0, 1), (3, 3, 1, 2), (4, 2, 1, 1), (1, 2, 0, 1),
    ]:
        t = "k%ds%dp%dd%d" % (k, s, p, d)
        case("conv2d_" + t, "Conv", [X(1, 3, 8, 9), W(4, 3, k, k), W(4)], 13, kernel_shape=[k, k], strides=[s, s], pads=[p] * 4, dilations=[d, d])
        case("conv1d_" + t, "Conv", [X(2, 3, 12), W(4, 3, k), W(4)], 11, kernel_shape=[k], strides=[s], pads=[p] * 2, dilations=[d])
    case("conv2d_no_bias", "Conv", [X(1, 2, 5, 5), W(3, 2, 3, 3)], 7, kernel_shape=[3, 3])
    case("conv2d_defaults", "Conv", [X(2, 2, 5, 5), W(3, 2, 3, 2), W(3)], 22)
    case("conv1d_defaults", "Conv", [X(2, 2, 9), W(3, 2, 4)], 22)
    case("conv2d_asymmetric", "Conv", [X(1, 2, 7, 6), W(3, 2, 3, 2), W(3)], 11, pads=[0, 1, 2, 3], strides=[2, 1], dilations=[1, 3])
    case("conv1d_causal", "Conv", [X(1, 3, 10), W(2, 3, 3), W(2)], 11, pads=[4, 0], dilations=[2])
    case("conv2d_row_kernel", "Conv", [X(1, 2, 5, 7), W(2, 2, 1, 5)], 11, pads=[0, 2, 0, 2])
    case("conv2d_column_kernel", "Conv", [X(1, 2, 7, 5), W(2, 2, 5, 1)], 11, pads=[2, 0, 2, 0], strides=[2, 1])
    case("conv2d_pad_wider_than_input", "Conv", [X(1, 1, 2, 2), W(1, 1, 3, 3)], 11, pads=[3, 4, 3, 4])
    case("conv2d_taps_in_padding_only", "Conv", [X(1, 2, 2, 3), W(2, 2, 2, 2)], 11, pads=[5, 6, 7, 8], dilations=[3, 4])
    case("conv2d_taps_in_padding_only_stride2", "Conv", [X(1, 2, 2, 3), W(2, 2, 3, 3)], 11, pads=[5, 6, 7, 8], strides=[2, 2])
    case("conv2d_depthwise_taps_in_padding_only", "Conv", [X(1, 2, 2, 3), W(2, 1, 2, 2)], 11, pads=[5, 6, 7, 8], dilations=[3, 4], group=2)
    case("conv2d_dilation_skips_input", "Conv", [X(1, 1, 4, 4), W(1, 1, 2, 2)], 11, pads=[2, 2, 2, 2], dilations=[5, 5])
    case("conv2d_groups2", "Conv", [X(1, 4, 5, 5), W(6, 2, 3, 3), W(6)], 11, group=2, pads=[1] * 4)
    case("conv2d_groups2_stride2", "Conv", [X(2, 4, 6, 6), W(2, 2, 3, 3)], 11, group=2, strides=[2, 2], pads=[1] * 4)
    case("conv2d_groups2_pointwise", "Conv", [X(2, 4, 3, 3), W(6, 2, 1, 1), W(6)], 11, group=2)
    for mult in 1, 2, 3:
        case("conv2d_depthwise_x%d" % mult, "Conv", [X(1, 3, 6, 6), W(3 * mult, 1, 3, 3), W(3 * mult)], 11, group=3, pads=[1] * 4)
        case("conv1d_depthwise_x%d" % mult, "Conv", [X(1, 3, 9), W(3 * mult, 1, 3), W(3 * mult)], 11, group=3, pads=[1, 1], strides=[2])
    case("conv2d_depthwise_s2", "Conv", [X(2, 3, 7, 7), W(3, 1, 3, 3)], 11, group=3, pads=[1] * 4, strides=[2, 2])
    case("conv2d_depthwise_d2_asymmetric", "Conv", [X(1, 3, 7, 7), W(3, 1, 3, 3)], 11, group=3, pads=[0, 1, 3, 2], dilations=[2, 2])
    case("conv2d_depthwise_5x5", "Conv", [X(1, 2, 8, 8), W(2, 1, 5, 5)], 11, group=2, pads=[2] * 4)
    for auto in "SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET":
        for k, s, d in [(3, 1, 1), (3, 2, 1), (4, 1, 1), (2, 3, 1), (3, 1, 2)]:
            t = "%s_k%ds%dd%d" % (auto.lower(), k, s, d)
            by = SPEC if d > 1 and auto.startswith("SAME") else None  # ONNX Runtime refuses SAME with dilation
            case("conv2d_auto_" + t, "Conv", [X(1, 1, 7, 8), W(2, 1, k, k)], 11, by=by, auto_pad=auto, strides=[s, s], dilations=[d, d])
            case("conv1d_auto_" + t, "Conv", [X(1, 1, 8), W(2, 1, k)], 11, by=by, auto_pad=auto, strides=[s], dilations=[d])
    case("conv2d_weights_are_data", "Conv", [X(1, 2, 4, 4), X(2, 2, 3, 3), X(2)], 11)


def transposed():
    for k, s, p, d, op in [
        (1, 1, 0, 1, 0), (3, 1, 0, 1, 0), (3, 2, 1, 1, 0), (3, 2, 1, 1, 1), (2, 2, 0, 1, 0), (4, 2, 1, 1, 0), (3, 3, 0, 1, 2), (3, 1, 1, 2, 0), (3, 2, 2, 2, 1), (2, 4, 0, 1, 0),
    ]:
        t = "k%ds%dp%dd%do%d" % (k, s, p, d, op)
        case("convtranspose2d_" + t, "ConvTranspose", [X(1, 3, 4, 5), W(3, 2, k, k), W(2)], 11,
             kernel_shape=[k, k], strides=[s, s], pads=[p] * 4, dilations=[d, d], output_padding=[op, op])
        case("convtranspose1d_" + t, "ConvTranspose", [X(2, 3, 6), W(3, 2, k), W(2)], 11,
             kernel_shape=[k], strides=[s], pads=[p] * 2, dilations=[d], output_padding=[op])
    case("convtranspose2d_defaults", "ConvTranspose", [X(2, 2, 3, 3), W(2, 3, 2, 3)], 22)
    case("convtranspose1d_defaults", "ConvTranspose", [X(2, 2, 3), W(2, 3, 2)], 7)
    case("convtranspose2d_asymmetric", "ConvTranspose", [X(1, 2, 4, 3), W(2, 2, 3, 4), W(2)], 11, pads=[0, 1, 2, 0], strides=[2, 3])
    case("convtranspose2d_groups2", "ConvTranspose", [X(1, 4, 3, 3), W(4, 3, 3, 3), W(6)], 11, group=2, strides=[2, 2], pads=[1] * 4)
    case("convtranspose2d_depthwise", "ConvTranspose", [X(1, 3, 3, 3), W(3, 1, 4, 4)], 11, group=3, strides=[2, 2], pads=[1] * 4)
    case("convtranspose2d_depthwise_x2", "ConvTranspose", [X(2, 3, 3, 3), W(3, 2, 2, 2), W(6)], 11, group=3, strides=[2, 2])
    for auto in "SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET":
        for k, s in [(3, 1), (3, 2), (4, 2), (2, 2), (4, 3), (5, 2)]:
            case("convtranspose2d_auto_%s_k%ds%d" % (auto.lower(), k, s), "ConvTranspose", [X(1, 2, 3, 4), W(2, 2, k, k)], 11, auto_pad=auto, strides=[s, s])
        case("convtranspose1d_auto_%s" % auto.lower(), "ConvTranspose", [X(1, 2, 4), W(2, 2, 3)], 11, auto_pad=auto, strides=[2])
    for auto in "NOTSET", "SAME_UPPER", "SAME_LOWER":
        case("convtranspose2d_output_shape_%s" % auto.lower(), "ConvTranspose", [X(1, 1, 3, 3), W(1, 2, 4, 4)], 11, auto_pad=auto, strides=[3, 2], output_shape=[9, 7])
    case("convtranspose2d_output_shape_larger", "ConvTranspose", [X(1, 1, 3, 3), W(1, 2, 3, 3), W(2)], 11, strides=[3, 2], output_shape=[10, 8])
    case("convtranspose2d_output_shape_padding", "ConvTranspose", [X(1, 1, 3, 3), W(1, 2, 3, 3)], 11, strides=[3, 2], output_shape=[10, 8], output_padding=[1, 1])
    # Left out: SAME with a kernel below the stride. ONNX Runtime leaves the end
    # that no input reaches off, onnx.reference shifts the input by one.
    case("convtranspose1d_output_shape", "ConvTranspose", [X(1, 2, 4), W(2, 2, 3)], 11, strides=[2], output_shape=[8])


def deformable():
    def deform(name, c, m, h, w, k, opset=19, group=1, og=1, mask=False, bias=False, n=1, by=None, **a):
        s, d = a.get("strides", [1, 1]), a.get("dilations", [1, 1])
        p = a.get("pads", [0] * 4)
        oh = (h + p[0] + p[2] - (k[0] - 1) * d[0] - 1) // s[0] + 1
        ow = (w + p[1] + p[3] - (k[1] - 1) * d[1] - 1) // s[1] + 1
        t = og * k[0] * k[1]
        ins = [X(n, c, h, w), W(m, c // group, *k), X(n, 2 * t, oh, ow, lo=-2, hi=2), W(m) if bias else None, X(n, t, oh, ow, lo=0, hi=1) if mask else None]
        case("deform_" + name, "DeformConv", ins, opset, kernel_shape=list(k), group=group, offset_group=og, by=by, **a)

    for opset in 19, 22:
        deform("v1_%d" % opset, 2, 3, 5, 5, (3, 3), opset)
        deform("v2_%d" % opset, 2, 3, 5, 5, (3, 3), opset, mask=True, bias=True)
    deform("v1_bias", 2, 3, 5, 5, (3, 3), bias=True)
    deform("padded", 2, 2, 5, 5, (3, 3), pads=[1, 1, 1, 1], mask=True)
    deform("asymmetric", 2, 2, 5, 6, (3, 2), pads=[0, 1, 2, 1], strides=[2, 1], mask=True)
    deform("stride2", 2, 2, 7, 7, (3, 3), pads=[1] * 4, strides=[2, 2])
    deform("dilation2", 2, 2, 7, 7, (3, 3), pads=[2] * 4, dilations=[2, 2], mask=True)
    deform("groups", 4, 4, 5, 5, (3, 3), group=2, pads=[1] * 4)
    deform("offset_groups", 4, 4, 5, 5, (3, 3), og=2, pads=[1] * 4)
    deform("both_groups", 4, 4, 4, 4, (3, 3), group=2, og=4, pads=[1] * 4, mask=True, bias=True, n=2)
    deform("pointwise", 3, 2, 4, 4, (1, 1), mask=True)
    deform("batch", 2, 2, 4, 4, (2, 2), n=3)
    deform("1x3", 2, 2, 4, 6, (1, 3), pads=[0, 1, 0, 1], mask=True)


# ---------------------------------------------------------------------------
# Pooling

def pooling():
    # onnx.reference is wrong about four things here: MaxPool with SAME_LOWER
    # rounds the output size down (the text: up); MaxPool with ceil_mode at
    # stride 1 grows; AveragePool with ceil_mode moves the padding to one side;
    # GlobalMaxPool takes its input for two-dimensional.
    def who(op, auto="", s=0, k=0, ceil=0, d=2):
        if (op, k, ceil, d) == ("AveragePool", 5, 1, 2):
            return ORT
        return ORT if op == "MaxPool" and (auto == "SAME_LOWER" and (s, k) in ((2, 3), (3, 2), (2, 4)) or (ceil, s, k) == (1, 1, 3)) else None

    for op, opset in ("MaxPool", 12), ("AveragePool", 19):
        n = op.lower()
        for k, s, p in [(2, 2, 0), (3, 1, 1), (3, 2, 1), (3, 2, 0), (5, 3, 2), (2, 3, 0)]:
            t = "k%ds%dp%d" % (k, s, p)
            for ceil in 0, 1:
                variants = [("", {})]
                if op == "AveragePool":
                    variants.append(("_include", dict(count_include_pad=1)))
                for v, a in variants:
                    case("%s2d_%s%s%s" % (n, t, "_ceil" * ceil, v), op, [X(1, 2, 7, 8)], opset, by=who(op, s=s, k=k, ceil=ceil), kernel_shape=[k, k], strides=[s, s], pads=[p] * 4, ceil_mode=ceil, **a)
                    case("%s1d_%s%s%s" % (n, t, "_ceil" * ceil, v), op, [X(1, 2, 10)], opset, by=who(op, s=s, k=k, ceil=ceil, d=1), kernel_shape=[k], strides=[s], pads=[p] * 2, ceil_mode=ceil, **a)
        for d in 2, 3:
            case("%s2d_d%d" % (n, d), op, [X(1, 2, 8, 9)], opset, kernel_shape=[3, 2], dilations=[d, d])
            case("%s2d_d%d_padded_ceil" % (n, d), op, [X(1, 1, 8, 9)], opset, kernel_shape=[2, 3], dilations=[d, d], pads=[1] * 4, strides=[2, 2], ceil_mode=1)
        case("%s2d_asymmetric" % n, op, [X(1, 2, 6, 7)], opset, kernel_shape=[3, 2], pads=[0, 1, 2, 0], strides=[2, 1])
        case("%s2d_defaults" % n, op, [X(2, 1, 5, 5)], 7, kernel_shape=[2, 3])
        case("%s2d_global_kernel" % n, op, [X(1, 3, 4, 5)], 7, kernel_shape=[4, 5])
        case("%s2d_last_window_in_padding" % n, op, [X(1, 1, 4, 4)], opset, kernel_shape=[2, 2], strides=[3, 3], pads=[1, 1, 1, 1], ceil_mode=1)
        for auto in "SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET":
            for k, s in [(3, 1), (3, 2), (2, 1), (2, 3)]:
                case("%s2d_auto_%s_k%ds%d" % (n, auto.lower(), k, s), op, [X(1, 1, 7, 8)], opset, by=who(op, auto, s, k), kernel_shape=[k, k], strides=[s, s], auto_pad=auto)
            case("%s1d_auto_%s" % (n, auto.lower()), op, [X(1, 1, 7)], opset, by=who(op, auto, 2, 4), kernel_shape=[4], strides=[2], auto_pad=auto)
        for v in (7, 10, 11, 22) + ((8, 12) if op == "MaxPool" else (19,)):
            case("%s2d_opset%d" % (n, v), op, [X(1, 2, 6, 6)], v, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    for v in 7, 10, 11, 22:
        case("averagepool2d_include_opset%d" % v, "AveragePool", [X(1, 2, 6, 6)], v, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 1, 0], count_include_pad=1)
    case("averagepool2d_same_include", "AveragePool", [X(1, 1, 5, 6)], 11, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER", count_include_pad=1)
    case("averagepool2d_asymmetric_include_ceil", "AveragePool", [X(1, 1, 6, 7)], 19, kernel_shape=[3, 3], pads=[0, 1, 2, 1], strides=[2, 2], count_include_pad=1, ceil_mode=1)
    for order in 0, 1:
        for t, shape, a in [("2d", (2, 2, 5, 6), dict(kernel_shape=[2, 3], strides=[2, 2], pads=[1, 1, 0, 1])), ("1d", (2, 2, 7), dict(kernel_shape=[3], pads=[1, 1])),
                            ("dilated", (1, 2, 7, 8), dict(kernel_shape=[2, 2], dilations=[3, 2])), ("ceil", (1, 1, 6, 7), dict(kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1))]:
            case("maxpool_indices_%s_order%d" % (t, order), "MaxPool", [X(*shape)], 12, outs=2, by=ORT if t == "1d" else None, storage_order=order, **a)
    for op in "GlobalAveragePool", "GlobalMaxPool":
        case(op.lower() + "_2d", op, [X(2, 3, 4, 5)], 7)
        by = ORT if op == "GlobalMaxPool" else None
        case(op.lower() + "_1d", op, [X(2, 3, 4)], 7, by=by)
        case(op.lower() + "_3d", op, [X(2, 3, 2, 2, 2)], 22, by=by)
        case(op.lower() + "_1x1", op, [X(1, 3, 1, 1)], 13)


# ---------------------------------------------------------------------------
# Matrix products and normalization

def dense():
    for ta in 0, 1:
        for tb in 0, 1:
            a, b = ((4, 3) if ta else (3, 4)), ((5, 4) if tb else (4, 5))
            case("gemm_a%db%d" % (ta, tb), "Gemm", [X(*a), W(*b), W(5)], 13, transA=ta, transB=tb)
            case("gemm_a%db%d_scaled" % (ta, tb), "Gemm", [X(*a), W(*b), W(3, 5)], 11, transA=ta, transB=tb, alpha=0.5, beta=-2.0)
    case("gemm_no_c", "Gemm", [X(3, 4), W(4, 5)], 11, alpha=1.5)
    case("gemm_beta0", "Gemm", [X(3, 4), W(4, 5), W(5)], 11, beta=0.0)
    case("gemm_c_scalar", "Gemm", [X(3, 4), W(4, 5), P(np.float32(2.5))], 11)
    case("gemm_c_1x1", "Gemm", [X(3, 4), W(4, 5), W(1, 1)], 11)
    case("gemm_c_column", "Gemm", [X(3, 4), W(4, 5), W(3, 1)], 11)
    case("gemm_c_row", "Gemm", [X(3, 4), W(4, 5), W(1, 5)], 7)
    case("gemm_opset7", "Gemm", [X(1, 4), W(4, 5), W(5)], 7)
    case("gemm_opset9", "Gemm", [X(1, 4), W(5, 4), W(5)], 9, transB=1)
    case("gemm_all_data", "Gemm", [X(2, 4), X(4, 3), X(3)], 13)
    for t, a, b in [
        ("2d", (3, 4), (4, 5)), ("batch", (2, 3, 4), (2, 4, 5)), ("broadcast_b", (2, 3, 4), (4, 5)), ("broadcast_a", (3, 4), (2, 4, 5)),
        ("broadcast_both", (2, 1, 3, 4), (1, 3, 4, 2)), ("vector_a", (4,), (4, 5)), ("vector_b", (3, 4), (4,)), ("vectors", (4,), (4,)),
        ("vector_batch", (4,), (2, 4, 5)), ("batch_vector", (2, 3, 4), (4,)), ("4d", (2, 2, 3, 4), (2, 2, 4, 3)),
    ]:
        case("matmul_" + t, "MatMul", [X(*a), X(*b)], 13)
    case("matmul_opset7", "MatMul", [X(2, 3), W(3, 4)], 7)
    case("matmul_opset9", "MatMul", [X(1, 2, 3), W(3, 4)], 9)


def normalization():
    V = lambda c: P((1 + np.arange(c) % 5).astype(np.float32) / 4)
    for opset in 7, 9, 14, 15:
        # onnx.reference trains at opset 9.
        case("batchnorm_opset%d" % opset, "BatchNormalization", [X(2, 3, 4, 4), W(3), W(3), W(3), V(3)], opset, by=ORT if opset == 9 else None)
    case("batchnorm_spatial1", "BatchNormalization", [X(2, 3, 2, 2), W(3), W(3), W(3), V(3)], 7, spatial=1, momentum=0.8)
    case("batchnorm_momentum", "BatchNormalization", [X(2, 3, 2, 2), W(3), W(3), W(3), V(3)], 9, by=ORT, momentum=0.1, epsilon=0.25)
    case("batchnorm_training0", "BatchNormalization", [X(2, 3, 2, 2), W(3), W(3), W(3), V(3)], 15, training_mode=0, epsilon=1e-3)
    case("batchnorm_2d", "BatchNormalization", [X(4, 3), W(3), W(3), W(3), V(3)], 14)
    case("batchnorm_3d", "BatchNormalization", [X(4, 3, 5), W(3), W(3), W(3), V(3)], 14)
    case("batchnorm_5d", "BatchNormalization", [X(1, 3, 2, 2, 2), W(3), W(3), W(3), V(3)], 15)
    for opset in 7, 22:
        case("instancenorm_opset%d" % opset, "InstanceNormalization", [X(2, 3, 4, 4), W(3), W(3)], opset)
    case("instancenorm_1d", "InstanceNormalization", [X(2, 3, 7), W(3), W(3)], 11, epsilon=0.5)
    case("layernorm", "LayerNormalization", [X(2, 5, 8), W(8), W(8)], 17)
    case("layernorm_two_axes", "LayerNormalization", [X(2, 5, 8), W(5, 8), W(5, 8)], 17, axis=-2, epsilon=0.5, stash_type=1)
    case("layernorm_no_bias", "LayerNormalization", [X(1, 8), W(8)], 17, axis=-1)
    # ONNX Runtime wants odd sizes; onnx.reference is right only where there are
    # as many samples as channels.
    for size in 1, 2, 3, 4, 5, 9:
        case("lrn_size%d" % size, "LRN", [X(6, 6, 1, 2)], 13, by=SPEC if size % 2 == 0 else None, size=size, alpha=0.5, beta=0.6, bias=1.5)
    case("lrn_one_sample", "LRN", [X(1, 6, 2, 3)], 13, by=ORT, size=5, alpha=0.5, beta=0.6, bias=1.5)
    case("lrn_defaults", "LRN", [X(4, 4, 2, 2)], 7, size=3)


def softmax():
    for op in "Softmax", "LogSoftmax":
        n = op.lower()
        case(n + "_default_opset13", op, [X(2, 3, 4)], 13)
        # onnx.reference always computes what opset 13 says.
        case(n + "_default_opset7", op, [X(2, 3, 4)], 7, by=ORT)
        case(n + "_default_opset11", op, [X(2, 3, 4)], 11, by=ORT)
        case(n + "_2d_opset7", op, [X(3, 4)], 7)
        for axis in 0, 1, 2, 3, -1, -2, -4:
            case("%s_axis%d_opset13" % (n, axis), op, [X(2, 3, 4, 2)], 13, axis=axis)
            case("%s_axis%d_opset11" % (n, axis), op, [X(2, 3, 4, 2)], 11, axis=axis, by=None if axis in (3, -1) else ORT)
        # onnx.reference takes the logarithm of 0.
        case(n + "_large", op, [np.array([[1000, 999, -1000], [-1e30, 0, 1e30]], np.float32)], 13, by=ORT if op == "LogSoftmax" else None)
        case(n + "_one", op, [X(2, 1)], 13)


# ---------------------------------------------------------------------------
# Element by element

def unary():
    tricky = np.array([-100, -20, -3.5, -3, -2.5, -1.5, -1, -0.5, -0.25, -0.0, 0, 1e-4, 0.25, 0.5, 1, 1.5, 2.5, 3, 3.5, 6, 20, 80], np.float32)
    for op, opset in [("Relu", 7), ("Relu", 14), ("Sigmoid", 7), ("Sigmoid", 13), ("Tanh", 7), ("Tanh", 13), ("HardSwish", 14), ("HardSwish", 22), ("Mish", 18), ("Mish", 22),
                      ("Softplus", 7), ("Softplus", 22), ("Softsign", 7), ("Softsign", 22), ("Exp", 7), ("Exp", 13), ("Neg", 7), ("Neg", 13), ("Abs", 7), ("Abs", 13),
                      ("Floor", 7), ("Floor", 13), ("Ceil", 7), ("Ceil", 13), ("Round", 11), ("Round", 22), ("Sign", 9), ("Sign", 13), ("Erf", 9), ("Erf", 13),
                      ("Sin", 7), ("Sin", 22), ("Cos", 7), ("Cos", 22), ("Identity", 7), ("Identity", 13), ("Identity", 21)]:
        case("%s_opset%d" % (op.lower(), opset), op, [tricky if op != "Exp" else tricky / 4], opset)
    for op, opset in [("Log", 7), ("Log", 13), ("Sqrt", 7), ("Sqrt", 13), ("Reciprocal", 7), ("Reciprocal", 13)]:
        case("%s_opset%d" % (op.lower(), opset), op, [X(2, 9, lo=1, hi=9)], opset)
    case("reciprocal_negative", "Reciprocal", [np.array([-4, -0.5, 0.125], np.float32)], 13)
    for a in "none", "tanh":
        case("gelu_" + a, "Gelu", [tricky], 20, approximate=a)
    case("gelu_default", "Gelu", [tricky], 20)
    for op, opset, attrs in [
        ("LeakyRelu", 7, {}), ("LeakyRelu", 16, dict(alpha=0.3)), ("LeakyRelu", 13, dict(alpha=-0.5)), ("Elu", 7, {}), ("Elu", 22, dict(alpha=2.0)), ("Celu", 12, {}), ("Celu", 12, dict(alpha=2.5)),
        ("ThresholdedRelu", 10, {}), ("ThresholdedRelu", 22, dict(alpha=2.0)), ("HardSigmoid", 7, {}), ("HardSigmoid", 22, dict(alpha=1 / 6, beta=0.5)), ("HardSigmoid", 11, dict(beta=0.25)),
        ("Swish", 24, {}), ("Swish", 24, dict(alpha=1.702)), ("Selu", 7, {}), ("Selu", 22, dict(alpha=2.0, gamma=3.0)), ("Selu", 22, dict(gamma=0.5)),
    ]:
        t = "_".join("%s%.2g" % kv for kv in attrs.items()) or "defaults"
        case("%s_%s_opset%d" % (op.lower(), t, opset), op, [tricky], opset, **attrs)
    for dt in np.int8, np.int32, np.int64:
        big = np.array([np.iinfo(dt).min, -5, -1, 0, 1, 7, np.iinfo(dt).max], dt)
        for op, opset in ("Abs", 13), ("Neg", 13), ("Sign", 13):
            case("%s_%s" % (op.lower(), np.dtype(dt).name), op, [big[1:] if op == "Abs" else big], opset)
    case("relu_int32", "Relu", [N(np.int32, 8)], 14)
    case("relu_int8", "Relu", [N(np.int8, 8)], 14)
    case("abs_uint8", "Abs", [N(np.uint8, 8, lo=0)], 13)
    case("not", "Not", [N(np.bool_, 2, 5, lo=0, hi=1)], 7)
    case("relu_scalar", "Relu", [np.float32(-2)], 13)
    case("relu_empty", "Relu", [np.zeros((2, 0, 3), np.float32)], 13)
    case("relu_5d", "Relu", [X(1, 2, 2, 2, 2)], 13)

    F = np.float32
    case("clip_opset7", "Clip", [X(3, 4)], 7, min=-1.5, max=2.0)
    case("clip_opset7_min", "Clip", [X(3, 4)], 7, min=-1.5)
    case("clip_opset7_none", "Clip", [X(3, 4)], 7)
    case("clip_opset6_relu6", "Clip", [X(3, 4, lo=-9, hi=9)], 10, min=0.0, max=6.0)
    for opset in 11, 12, 13:
        case("clip_opset%d" % opset, "Clip", [X(3, 4), P(F(-1.5)), P(F(2))], opset)
        case("clip_opset%d_min" % opset, "Clip", [X(3, 4), P(F(-1.5))], opset)
        case("clip_opset%d_max" % opset, "Clip", [X(3, 4), None, P(F(2))], opset)
        case("clip_opset%d_none" % opset, "Clip", [X(3, 4)], opset)
    case("clip_min_above_max", "Clip", [X(3, 4), P(F(2)), P(F(-1))], 13)
    case("clip_int8", "Clip", [N(np.int8, 9), P(np.int8(-3)), P(np.int8(4))], 12)
    case("clip_int64", "Clip", [N(np.int64, 9), P(np.int64(-3)), P(np.int64(4))], 12)
    case("clip_int64_min", "Clip", [np.array([-2**60 - 1, 2**60 + 1], np.int64), P(np.int64(0))], 13)

    for t, s in [("channel", (3, 1, 1)), ("scalar", (1,)), ("full", (3, 2, 4)), ("row", (4,)), ("rank4", (1, 3, 1, 1)), ("plane", (2, 4))]:
        for opset in 7, 9, 16:
            case("prelu_%s_opset%d" % (t, opset), "PRelu", [X(2, 3, 2, 4), W(*s)], opset)
    case("prelu_2d", "PRelu", [X(2, 3), W(3)], 9)


def binary():
    pairs = [("same", (2, 3, 4), (2, 3, 4)), ("scalar", (2, 3, 4), ()), ("scalar_first", (), (2, 3, 4)), ("one", (2, 3, 4), (1,)), ("channel", (2, 3, 2, 2), (3, 1, 1)), ("channel4", (1, 3, 2, 2), (1, 3, 1, 1)),
             ("row", (2, 3, 4), (4,)), ("gate", (2, 3, 1, 1), (2, 3, 2, 2)), ("outer", (3, 1), (1, 4)), ("both", (2, 1, 4, 1), (1, 3, 1, 2)), ("rank", (4,), (2, 3, 4)), ("inner", (2, 1, 4), (2, 3, 4)), ("empty", (2, 0), (1,))]
    for op in "Add", "Sub", "Mul", "Div":
        for t, a, b in pairs:
            x, y = X(*a), X(*b)
            if op == "Div":
                y = X(*b, lo=1, hi=4)
            case("%s_%s" % (op.lower(), t), op, [x, y], 14)
        case("%s_opset7" % op.lower(), op, [X(2, 3), X(3, lo=1)], 7)
        case("%s_opset13_constant" % op.lower(), op, [X(1, 3, 2, 2), P((np.arange(3) + 1).reshape(3, 1, 1).astype(np.float32))], 13)
        for dt in np.int8, np.uint8, np.int32, np.int64:
            lo = 1 if dt == np.uint8 else -9
            y = N(dt, 3, lo=1, hi=4) if op == "Div" else N(dt, 3, lo=lo)
            case("%s_%s" % (op.lower(), np.dtype(dt).name), op, [N(dt, 2, 3, lo=lo), y], 14)
    case("div_int_truncates", "Div", [np.array([-7, -7, 7, 7, -1], np.int64), np.array([2, -2, 2, -2, 4], np.int64)], 14)
    case("mul_int32_wraps", "Mul", [np.array([2**30, -2**31], np.int32), np.array([4, 3], np.int32)], 14)
    case("add_uint8_wraps", "Add", [np.array([250, 3], np.uint8), np.array([10, 4], np.uint8)], 14)
    case("sub_int64_large", "Sub", [np.array([2**62 + 1], np.int64), np.array([3], np.int64)], 14)
    for t, a, b in pairs[:6]:
        for op in "Max", "Min":
            case("%s_%s" % (op.lower(), t), op, [X(*a), X(*b)], 13)
        case("pow_%s" % t, "Pow", [X(*a, lo=1, hi=3), X(*b, lo=-2, hi=2)], 15)
        for op, opset in ("Greater", 13), ("Less", 13), ("GreaterOrEqual", 16), ("LessOrEqual", 16), ("Equal", 13):
            case("%s_%s" % (op.lower(), t), op, [X(*a, lo=-1, hi=1), X(*b, lo=-1, hi=1)], opset)
    for op, opset in ("Greater", 7), ("Greater", 9), ("Less", 7), ("Less", 9), ("GreaterOrEqual", 12), ("LessOrEqual", 12), ("Equal", 11):
        case("%s_opset%d" % (op.lower(), opset), op, [X(9, lo=-1, hi=1), X(9, lo=-1, hi=1)], opset)
    for op in "Greater", "Less", "Equal":
        case("%s_int64" % op.lower(), op, [np.array([2**60, 2**60, -3, 4], np.int64), np.array([2**60 + 1, 2**60, -3, -4], np.int64)], 13)
        case("%s_int32" % op.lower(), op, [N(np.int32, 2, 5, lo=-2, hi=2), N(np.int32, 5, lo=-2, hi=2)], 13)
    case("equal_opset7", "Equal", [N(np.int64, 9, lo=-2, hi=2), N(np.int64, 9, lo=-2, hi=2)], 7)
    case("equal_bool", "Equal", [N(np.bool_, 9, lo=0, hi=1), N(np.bool_, 9, lo=0, hi=1)], 13)
    for op in "And", "Or", "Xor":
        case(op.lower(), op, [N(np.bool_, 3, 4, lo=0, hi=1), N(np.bool_, 4, lo=0, hi=1)], 7)
    case("pow_square", "Pow", [X(2, 3), P(np.float32(2))], 7)
    case("pow_half", "Pow", [X(2, 3, lo=0), P(np.float32(0.5))], 12)
    case("pow_cube_negative", "Pow", [X(2, 3), P(np.float32(3))], 13)
    case("pow_int_exponent", "Pow", [X(2, 3), P(np.int64(2))], 12)
    case("pow_int32", "Pow", [N(np.int32, 5), P(np.int32(3))], 13)
    case("pow_int64_float", "Pow", [N(np.int64, 5, lo=0), P(np.float32(2))], 13)
    for dt in np.int8, np.int32, np.int64:
        n = np.dtype(dt).name
        a, b = np.array([-7, -7, 7, 7, 6, -6, 0], dt), np.array([3, -3, 3, -3, 3, 3, 5], dt)
        case("mod_" + n, "Mod", [a, b], 13)
        case("fmod_" + n, "Mod", [a, b], 10, fmod=1)
        case("max_" + n, "Max", [a, b], 13)
        case("min_" + n, "Min", [a, b], 13)
    case("fmod_float", "Mod", [X(9), X(9, lo=1)], 13, fmod=1)
    case("max_int64_large", "Max", [np.array([2**60], np.int64), np.array([2**60 + 1], np.int64)], 13)
    for op in "Sum", "Max", "Min", "Mean":
        n = op.lower()
        case(n + "_1", op, [X(2, 3)], 13)
        case(n + "_2_opset7", op, [X(2, 3), X(2, 3)], 7)
        case(n + "_3", op, [X(2, 3), X(2, 3), X(2, 3)], 8)
        case(n + "_5", op, [X(4), X(4), X(4), X(4), X(4)], 13)
        case(n + "_broadcast", op, [X(2, 3, 1), X(1, 4), W(1)], 13)
    B = lambda *s: N(np.bool_, *s, lo=0, hi=1)
    case("where", "Where", [B(2, 3), X(2, 3), X(2, 3)], 9)
    case("where_broadcast", "Where", [B(2, 1), X(1, 3), X(4, 1, 1)], 16)
    case("where_scalar", "Where", [B(2, 3), P(np.float32(1.5)), X(2, 3)], 16)
    case("where_int64", "Where", [B(4), N(np.int64, 4), P(np.int64(-1))], 9)
    case("where_bool", "Where", [B(4), B(4), B(4)], 16, by=SPEC)  # ONNX Runtime has no kernel for it


# ---------------------------------------------------------------------------
# Reductions

def reductions():
    for op in "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare":
        n = op.lower()
        new = 13 if op == "ReduceSum" else 18
        x = lambda: X(2, 3, 4) if op != "ReduceProd" else X(2, 3, 4, lo=-2, hi=2)
        for keep in 0, 1:
            k = "_keep" * keep
            case("%s_attribute%s" % (n, k), op, [x()], 11, axes=[1], keepdims=keep)
            case("%s_attribute_negative%s" % (n, k), op, [x()], 11, axes=[-1, 0], keepdims=keep)
            case("%s_attribute_all%s" % (n, k), op, [x()], 11, keepdims=keep)
            case("%s_input%s" % (n, k), op, [x(), P([1])], new, keepdims=keep)
            case("%s_input_negative%s" % (n, k), op, [x(), P([-1, 0])], new, keepdims=keep)
            case("%s_input_all%s" % (n, k), op, [x()], new, keepdims=keep)
            case("%s_input_empty%s" % (n, k), op, [x(), P([])], new, keepdims=keep)
        case("%s_noop" % n, op, [x(), P([])], new, noop_with_empty_axes=1)
        case("%s_noop_no_input" % n, op, [x()], new, noop_with_empty_axes=1)
        case("%s_spatial" % n, op, [X(2, 3, 2, 2, lo=-2, hi=2)], 7, axes=[2, 3])
        case("%s_defaults" % n, op, [x()], 7)
        case("%s_scalar" % n, op, [np.float32(2.5)], new)
        if op != "ReduceL2":
            for dt in np.int32, np.int64:
                by = ORT if (op, dt) == ("ReduceSumSquare", np.int32) else None  # onnx.reference gives int64
                case("%s_%s" % (n, np.dtype(dt).name), op, [N(dt, 2, 5, lo=1)], 13 if new == 13 else 11, by=by, **({} if new == 13 else dict(axes=[1])))
    case("reducemax_int8", "ReduceMax", [N(np.int8, 2, 5)], 12, axes=[1])
    case("reducemin_uint8", "ReduceMin", [N(np.uint8, 2, 5, lo=0)], 12, axes=[0])
    case("reducemean_int64_truncates", "ReduceMean", [np.array([[-7, 0, 0]], np.int64)], 11, axes=[1])
    case("reduceprod_int64_exact", "ReduceProd", [np.array([3, 2**40 + 1, 5], np.int64)], 11)
    for op in "ArgMax", "ArgMin":
        n = op.lower()
        for opset in 7, 11, 12, 13:
            case("%s_opset%d" % (n, opset), op, [X(2, 3, 4)], opset)
        for axis in 0, 1, 2, -1, -3:
            for keep in 0, 1:
                if axis < 0:
                    case("%s_axis%d%s" % (n, axis, "_keep" * keep), op, [X(2, 3, 4)], 13, axis=axis, keepdims=keep)
                else:
                    case("%s_axis%d%s" % (n, axis, "_keep" * keep), op, [X(2, 3, 4)], 7, axis=axis, keepdims=keep)
        ties = np.array([[1, 3, 3, 1], [2, 2, 2, 2]], np.float32)
        for last in 0, 1:
            case("%s_ties_last%d" % (n, last), op, [ties], 13, axis=1, select_last_index=last)
        case("%s_int32" % n, op, [N(np.int32, 3, 5)], 13, axis=1)


# ---------------------------------------------------------------------------
# Moving data

def moving():
    for axis in 0, 1, 2, -1, -2:
        s = [[2, 3, 2], [2, 3, 2], [2, 3, 2]]
        for i in range(3):
            s[i][axis] = i + 1
        case("concat_axis%d" % axis, "Concat", [X(*s[0]), X(*s[1]), X(*s[2])], 13 if axis < 0 else 7, axis=axis)
    case("concat_one", "Concat", [X(2, 3)], 13, axis=1)
    case("concat_int64", "Concat", [N(np.int64, 2), P([7]), N(np.int64, 1)], 11, axis=0)
    case("concat_empty_part", "Concat", [X(2, 3), np.zeros((2, 0), np.float32)], 13, axis=1)

    case("split_equal_opset7", "Split", [X(2, 6)], 7, outs=3, axis=1)
    case("split_attribute", "Split", [X(2, 6)], 7, outs=3, axis=1, split=[1, 2, 3])
    case("split_attribute_axis0", "Split", [X(6, 2)], 11, outs=2, split=[4, 2])
    case("split_negative", "Split", [X(2, 6)], 11, outs=2, axis=-1, split=[4, 2])
    case("split_input", "Split", [X(2, 6), P([1, 2, 3])], 13, outs=3, axis=1)
    case("split_input_zero", "Split", [X(2, 3), P([0, 3])], 13, outs=2, axis=1)
    case("split_equal_opset13", "Split", [X(4, 2)], 13, outs=2)
    case("split_num_outputs", "Split", [X(2, 6)], 18, outs=3, axis=1, num_outputs=3)
    case("split_num_outputs_uneven", "Split", [X(2, 7)], 18, outs=3, axis=1, num_outputs=3)
    case("split_input_opset18", "Split", [X(2, 6), P([2, 4])], 18, outs=2, axis=-1)
    case("split_one_unused", "Split", [X(2, 6), P([2, 4])], 18, outs=["", "out1"], axis=1, by=SPEC)  # ONNX Runtime crashes
    case("split_channels", "Split", [X(1, 4, 2, 2)], 13, outs=2, axis=1)

    for t, st, en, ax in [("all", [1, 0], [3, 2], None), ("axes", [1], [3], [1]), ("axes2", [0, 1], [2, 3], [2, 1]), ("negative", [-3], [-1], [1]), ("beyond", [1], [1000], [2]), ("int64max", [2], [2**63 - 1], [0]),
                          ("before", [-1000], [2], [1]), ("empty", [2], [2], [1]), ("crossed", [3], [1], [1]), ("negative_axis", [1], [3], [-1]), ("int64min", [-(2**63)], [2], [0])]:
        a = dict(starts=st, ends=en)
        if ax is not None:
            a["axes"] = ax
        if t != "negative_axis":  # attributes say so since opset 10 only
            case("slice_attribute_" + t, "Slice", [X(3, 4, 5)], 9, **a)
        case("slice_input_" + t, "Slice", [X(3, 4, 5), P(st), P(en)] + ([P(ax)] if ax is not None else []), 10)
        case("slice_int32_" + t, "Slice", [X(3, 4, 5)] + [P(np.clip(v, -2**31, 2**31 - 1), np.int32) for v in [st, en] + ([ax] if ax is not None else [])], 13)
    for t, st, en, ax, step in [("step2", [0], [5], [2], [2]), ("step3", [1], [5], [2], [3]), ("reverse", [-1], [-(2**63)], [2], [-1]), ("reverse2", [4], [0], [2], [-2]), ("reverse_beyond", [1000], [-1000], [1], [-1]),
                                ("reverse_part", [3], [1], [1], [-1]), ("reverse_nothing", [1], [3], [1], [-1]), ("two", [2, 0], [0, 5], [0, 2], [-1, 2]), ("big_step", [0], [4], [1], [100]), ("big_back", [3], [-100], [1], [-100])]:
        case("slice_" + t, "Slice", [X(3, 4, 5), P(st), P(en), P(ax), P(step)], 13)
    case("slice_steps_without_axes", "Slice", [X(3, 4), P([0, 0]), P([3, 4]), None, P([2, 3])], 11)
    case("slice_int64_data", "Slice", [N(np.int64, 6), P([1]), P([-1])], 13)
    case("slice_shape_arithmetic", "Slice", [P([2, 3, 4, 5]), P([2]), P([4])], 11)

    for axis in 0, 1, 2, -1, -2:
        case("gather_axis%d" % axis, "Gather", [X(3, 4, 5), P([0, 2, 1, 0])], 11, axis=axis)
        case("gather_negative_axis%d" % axis, "Gather", [X(3, 4, 5), P([-1, 0, -3])], 13, axis=axis)
    case("gather_scalar", "Gather", [X(3, 4), P(1)], 7)
    case("gather_scalar_negative", "Gather", [X(3, 4), P(-1)], 11, axis=1)
    case("gather_matrix", "Gather", [X(3, 4), P([[0, 1], [2, -1]])], 11, axis=1)
    case("gather_int32", "Gather", [X(3, 4), P([1, 1], np.int32)], 7)
    case("gather_data_indices", "Gather", [X(3, 4), np.array([2, -1], np.int64)], 13)
    case("gather_int_data", "Gather", [P([5, 6, 7]), P([-1])], 13)

    # Before opset 11, pads and value are attributes.
    modes = ["constant", "reflect", "edge"]
    for mode in modes:
        case("pad_attribute_" + mode, "Pad", [X(1, 2, 4, 5)], 7, mode=mode, pads=[0, 0, 1, 2, 0, 0, 3, 1])
        case("pad_1d_" + mode, "Pad", [X(5), P([2, 3])], 11, mode=mode)
    case("pad_attribute_value", "Pad", [X(2, 3)], 10, pads=[1, 0, 0, 2], value=1.5)
    case("pad_attribute_crop", "Pad", [X(4, 5)], 7, pads=[-1, 0, 0, -2])
    for mode in modes + ["wrap"]:
        opset = 19 if mode == "wrap" else 13
        case("pad_" + mode, "Pad", [X(1, 2, 4, 5), P([0, 0, 1, 2, 0, 0, 3, 1])], opset, mode=mode)
        case("pad_axes_" + mode, "Pad", [X(2, 4, 5), P([1, 2, 3, 4]), None, P([1, 2])], 19, mode=mode)
        case("pad_negative_axes_" + mode, "Pad", [X(2, 4, 5), P([1, 3]), None, P([-1])], 19, mode=mode)
        case("pad_crop_" + mode, "Pad", [X(4, 5), P([-1, 1, 1, -2])], opset, mode=mode, by=ORT)  # onnx.reference cannot crop
        case("pad_widest_" + mode, "Pad", [X(4), P([3, 3])], opset, mode=mode)
    case("pad_wrap_far", "Pad", [X(3), P([7, 8])], 19, mode="wrap", by=SPEC)
    case("pad_edge_far", "Pad", [X(3), P([7, 8])], 13, mode="edge")
    case("pad_value", "Pad", [X(2, 3), P([1, 0, 0, 2]), P(np.float32(-2.5))], 11)
    case("pad_minus_infinity", "Pad", [X(2, 3), P([1, 0, 0, 2]), P(np.float32(-np.inf))], 13)
    case("pad_int64", "Pad", [N(np.int64, 3), P([1, 2]), P(np.int64(7))], 13)
    case("pad_int32_axes", "Pad", [X(2, 4), P([1, 3]), None, P([1], np.int32)], 18, by=SPEC)  # ONNX Runtime's shape inference refuses it
    case("pad_opset21", "Pad", [X(2, 4), P([1, 1, 1, 1])], 21)

    for t, s in [("flat", [24]), ("infer", [2, -1]), ("infer_first", [-1, 4]), ("copy", [0, 12]), ("copy_infer", [0, -1]), ("same", [2, 3, 4]), ("ones", [1, 2, 1, 3, 4, 1]), ("copy_all", [0, 0, 0, 1])]:
        for opset in 7, 13, 21:
            case("reshape_%s_opset%d" % (t, opset), "Reshape", [X(2, 3, 4), P(s)], opset)
    case("reshape_allowzero", "Reshape", [np.zeros((0, 3), np.float32), P([3, 0])], 14, allowzero=1)
    case("reshape_zero_copy", "Reshape", [np.zeros((0, 3), np.float32), P([0, 3, 1])], 14)
    case("reshape_scalar", "Reshape", [X(1, 1), P([])], 13)
    case("reshape_int64", "Reshape", [N(np.int64, 6), P([3, 2])], 13)
    for axis in 0, 1, 2, 3:
        case("flatten_axis%d" % axis, "Flatten", [X(2, 3, 4)], 7 if axis < 3 else 9, axis=axis)
    for axis in -1, -2, -3:
        case("flatten_axis%d" % axis, "Flatten", [X(2, 3, 4)], 11, axis=axis)
    case("flatten_default", "Flatten", [X(2, 3, 2, 2)], 13)
    case("flatten_scalar", "Flatten", [np.float32(3)], 13, axis=0)
    for opset in 7, 11:
        case("squeeze_attribute_opset%d" % opset, "Squeeze", [X(1, 3, 1, 2)], opset, axes=[0, 2])
        case("squeeze_all_opset%d" % opset, "Squeeze", [X(1, 3, 1, 2)], opset)
        case("unsqueeze_attribute_opset%d" % opset, "Unsqueeze", [X(3, 2)], opset, axes=[0, 3])
    case("squeeze_attribute_negative", "Squeeze", [X(1, 3, 1)], 11, axes=[-1])
    case("unsqueeze_attribute_negative", "Unsqueeze", [X(3, 2)], 11, axes=[-1, 0])
    for opset in 13, 21, 23:
        case("squeeze_input_opset%d" % opset, "Squeeze", [X(1, 3, 1, 2), P([0, -2])], opset)
        case("squeeze_all_opset%d" % opset, "Squeeze", [X(1, 3, 1, 2)], opset)
        case("unsqueeze_input_opset%d" % opset, "Unsqueeze", [X(3, 2), P([-1, 0])], opset)
    case("unsqueeze_unordered", "Unsqueeze", [X(3, 2), P([3, 0])], 13)
    case("unsqueeze_scalar", "Unsqueeze", [np.float32(3), P([0])], 13)
    for perm in ([0, 1, 2], [2, 1, 0], [0, 2, 1], [1, 2, 0], [2, 0, 1]):
        case("transpose_" + "".join(map(str, perm)), "Transpose", [X(2, 3, 4)], 7, perm=perm)
    case("transpose_default", "Transpose", [X(2, 3, 4)], 13)
    case("transpose_nchw_nhwc", "Transpose", [X(1, 3, 2, 4)], 21, perm=[0, 2, 3, 1])
    case("transpose_6d", "Transpose", [X(1, 2, 3, 1, 2, 2)], 13, perm=[0, 4, 2, 1, 5, 3])
    case("transpose_int64", "Transpose", [N(np.int64, 2, 3)], 13)

    for t, s, to in [("rows", (3, 1), [3, 4]), ("rank", (3, 1), [2, 3, 4]), ("smaller", (3, 4), [1, 4]), ("scalar", (), [2, 2]), ("ones", (2, 3), [1])]:
        case("expand_" + t, "Expand", [X(*s), P(to)], 8)
        case("expand_%s_opset13" % t, "Expand", [X(*s), P(to)], 13)
    case("expand_int64", "Expand", [N(np.int64, 1, 2), P([3, 1])], 13)
    for t, s, rep in [("rows", (2, 3), [2, 1]), ("both", (2, 3), [2, 3]), ("zero", (2, 3), [1, 0]), ("vector", (3,), [4]), ("4d", (1, 2, 2, 1), [2, 1, 2, 3])]:
        case("tile_" + t, "Tile", [X(*s), P(rep)], 13)
    case("tile_opset7", "Tile", [X(2, 2), P([1, 2])], 7)

    for opset in 7, 11, 13:
        case("depthtospace_opset%d" % opset, "DepthToSpace", [X(1, 8, 2, 3)], opset, blocksize=2)
        case("spacetodepth_opset%d" % opset, "SpaceToDepth", [X(1, 2, 4, 6)], opset, blocksize=2)
    for mode in "DCR", "CRD":
        case("depthtospace_" + mode, "DepthToSpace", [X(2, 12, 2, 2)], 13, blocksize=2, mode=mode)
        case("depthtospace_3_" + mode, "DepthToSpace", [X(1, 18, 1, 2)], 11, blocksize=3, mode=mode)
    case("spacetodepth_3", "SpaceToDepth", [X(2, 1, 3, 6)], 13, blocksize=3)


# ---------------------------------------------------------------------------
# Resize

def resizing():
    none = P(np.array([], np.float32))
    coords = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"]
    nearests = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]
    targets = [("x2", [1, 1, 2, 2], None), ("x3x1", [1, 1, 3, 1], None), ("half", [1, 1, 0.5, 0.5], None), ("x1.5", [1, 1, 1.5, 1.5], None), ("x0.6", [1, 1, 0.6, 0.7], None),
               ("to7x3", None, [1, 1, 7, 3]), ("to1x1", None, [1, 1, 1, 1]), ("to5x11", None, [1, 1, 5, 11]), ("same", None, [1, 1, 4, 6])]

    def resize(name, scales, sizes, opset, shape=(1, 1, 4, 6), by=None, roi=none, axes=None, tol=1e-5, **a):
        ins = [X(*shape), roi, P(np.array(scales, np.float32)) if scales is not None else (None if opset > 11 else none), P(sizes) if sizes is not None else None]
        if axes is not None:
            a["axes"] = axes
        case("resize_" + name, "Resize", ins, opset, by=by, tol=tol, **a)

    # onnx.reference takes the unrounded output size where scales are given
    # (align_corners; with cubic it also keeps the fraction). The operator's text
    # says the length of the resized tensor, as do ONNX Runtime and PyTorch.
    #
    # 1.5 / float32(0.6) is 2.5 in float32, as meant, and 2.4999999 in float64;
    # with nearest neighbours that is a pixel. Like ONNX Runtime we take float32.
    #
    # pytorch_half_pixel: where the output has length 1 the text says 0,
    # onnx.reference -0.5.
    def who(mode, coord, near, t):
        if t == "x0.6" and (mode, coord, near) != ("nearest", "align_corners", "ceil"):
            return ORT if coord == "align_corners" or coord in ("half_pixel", "pytorch_half_pixel") and near in ("round_prefer_floor", "floor") else None
        return ORT if (mode, coord, t) == ("cubic", "pytorch_half_pixel", "to1x1") else None

    # The same two, with antialiasing.
    def smooth(coord, t):
        return ORT if (coord, t) in [("align_corners", "x0.6"), ("align_corners", "x0.3")] or coord == "pytorch_half_pixel" and t in ("to1x1", "x0.3", "to1x9") else None

    for coord in coords + ["tf_half_pixel_for_nn"]:
        opset = 19 if coord == "half_pixel_symmetric" else 11 if coord == "tf_half_pixel_for_nn" else 13
        for t, scales, sizes in targets:
            for near in nearests:
                resize("nearest_%s_%s_%s" % (coord, near, t), scales, sizes, opset, mode="nearest", coordinate_transformation_mode=coord, nearest_mode=near, by=who("nearest", coord, near, t))
            if coord != "tf_half_pixel_for_nn":
                for mode in "linear", "cubic":
                    resize("%s_%s_%s" % (mode, coord, t), scales, sizes, opset, mode=mode, coordinate_transformation_mode=coord, by=who(mode, coord, "", t))
    for t, scales, sizes in targets:
        resize("cubic_exclude_" + t, scales, sizes, 13, mode="cubic", exclude_outside=1)
        resize("cubic_a05_" + t, scales, sizes, 13, mode="cubic", cubic_coeff_a=-0.5)
        resize("cubic_a05_exclude_align_" + t, scales, sizes, 13, mode="cubic", cubic_coeff_a=-0.5, exclude_outside=1, coordinate_transformation_mode="align_corners", by=who("cubic", "align_corners", "", t))
    for opset in 11, 13, 18, 19:
        resize("defaults_opset%d" % opset, [1, 1, 2, 2], None, opset)
        resize("sizes_opset%d" % opset, None, [1, 1, 6, 9], opset)
        resize("linear_opset%d" % opset, [1, 1, 2, 1.5], None, opset, mode="linear")
    for mode in "linear", "cubic":
        for coord in coords:
            for t, scales, sizes in targets + [("x0.3", [1, 1, 0.3, 0.45], None), ("to1x9", None, [1, 1, 1, 9])]:
                resize("antialias_%s_%s_%s" % (mode, coord, t), scales, sizes, 19, mode=mode, antialias=1, coordinate_transformation_mode=coord, by=smooth(coord, t))
        resize("antialias_%s_wide" % mode, None, [1, 2, 3, 5], 18, shape=(1, 2, 24, 31), mode=mode, antialias=1)
        resize("antialias_%s_exclude" % mode, None, [1, 1, 3, 5], 18, shape=(1, 1, 11, 13), mode=mode, antialias=1, exclude_outside=1)
        resize("antialias_%s_axes" % mode, [0.5, 0.4], None, 18, shape=(1, 2, 8, 10), axes=[3, 2], mode=mode, antialias=1)
    for mode in "nearest", "linear", "cubic":
        for t, box in ("inside", [0.22, 0.25, 0.79, 0.9]), ("outside", [-0.5, 0.4, 0.6, 1.5]), ("flipped", [1, 0.93, 0.12, 0]):
            roi = lambda a: P(np.array(a, np.float32))
            crop = dict(mode=mode, coordinate_transformation_mode="tf_crop_and_resize")
            resize("crop_%s_%s" % (mode, t), None, [1, 1, 5, 7], 13, roi=roi([0, 0] + box[:2] + [1, 1] + box[2:]), extrapolation_value=3.5, **crop)
            resize("crop_%s_%s_axes" % (mode, t), None, [7, 3], 18, shape=(1, 2, 5, 6), roi=roi([box[1], box[0], box[3], box[2]]), axes=[3, 2], **crop)
        resize("crop_%s_one" % mode, None, [1, 1, 1, 1], 13, roi=roi([0, 0, 0.2, 0.3, 1, 1, 0.9, 0.8]), **crop)
    for policy in "stretch", "not_larger", "not_smaller":
        for mode in "nearest", "linear":
            resize("%s_%s" % (mode, policy), None, [9, 8], 18, axes=[2, 3], mode=mode, keep_aspect_ratio_policy=policy)
            resize("%s_%s_down" % (mode, policy), None, [3, 2], 18, axes=[2, 3], mode=mode, keep_aspect_ratio_policy=policy)
            if policy == "stretch":  # with the others both change nothing, against the text
                resize("%s_negative_axes" % mode, None, [5, 11], 19, axes=[-1, -2], mode=mode)
    resize("axes_scales", [2, 3], None, 18, axes=[2, 3], mode="nearest")
    resize("axes_scales_swapped", [2, 3], None, 18, axes=[3, 2], mode="linear")
    resize("axes_one", [2], None, 18, axes=[3], mode="linear")
    resize("linear_1d", [1, 1, 2.5], None, 13, shape=(1, 2, 5), mode="linear")
    resize("nearest_1d", None, [1, 2, 8], 13, shape=(1, 2, 5), mode="nearest")
    resize("linear_2d", [2, 1.5], None, 13, shape=(3, 4), mode="linear")
    resize("nearest_channels", [1, 2, 2, 2], None, 13, shape=(1, 2, 2, 2), mode="nearest")
    resize("linear_batch", [1, 1, 2, 2], None, 13, shape=(2, 3, 2, 3), mode="linear")
    resize("nearest_from_1x1", None, [1, 2, 4, 4], 13, shape=(1, 2, 1, 1), mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    resize("linear_from_1x1_align", None, [1, 2, 4, 4], 13, shape=(1, 2, 1, 1), mode="linear", coordinate_transformation_mode="align_corners")
    for s in 0.7, 0.3, 1.3, 2.6:
        for coord, near in ("asymmetric", "floor"), ("half_pixel", "round_prefer_floor"), ("half_pixel", "round_prefer_ceil"):
            by = None if (s, near) == (0.3, "round_prefer_floor") else ORT
            resize("row_%g_%s_%s" % (s, coord, near), [1, 1, 1, s], None, 13, shape=(1, 1, 1, 30), mode="nearest", coordinate_transformation_mode=coord, nearest_mode=near, by=by)
    for w in 7, 21, 33:
        resize("row_to%d" % w, None, [1, 1, 1, w], 13, shape=(1, 1, 1, 30), mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")

    # Opset 10 does not say how coordinates are rounded, so onnx.reference, which
    # computes opset 11's defaults, says nothing about it.
    for mode in "nearest", "linear":
        for t, s in ("x2", [1, 1, 2, 2]), ("half", [1, 1, 0.5, 0.5]), ("x1.5", [1, 1, 1.5, 2.5]), ("x0.6", [1, 1, 0.6, 0.8]), ("mixed", [1, 1, 2, 0.5]):
            case("resize_opset10_%s_%s" % (mode, t), "Resize", [X(1, 2, 4, 6), P(np.array(s, np.float32))], 10, mode=mode, by=ORT)
        for t, s in ("x2", [1, 1, 2, 2]), ("x1.5", [1, 1, 1.5, 2.5]), ("x3x1", [1, 1, 3, 1]):
            by = None if mode == "nearest" and t != "x1.5" else ORT
            case("upsample_opset9_%s_%s" % (mode, t), "Upsample", [X(1, 2, 4, 6), P(np.array(s, np.float32))], 9, mode=mode, by=by)
            case("upsample_opset7_%s_%s" % (mode, t), "Upsample", [X(1, 2, 4, 6)], 7, mode=mode, scales=[float(v) for v in s], by=ORT)
    case("upsample_opset9_default", "Upsample", [X(1, 1, 2, 2), P(np.array([1, 1, 2, 3], np.float32))], 9)


# ---------------------------------------------------------------------------
# Shapes, constants, casts, control flow

def shapes():
    for opset in 7, 13, 15, 21:
        case("shape_opset%d" % opset, "Shape", [X(2, 3, 4)], opset)
    for st, en in [(1, None), (-1, None), (None, -1), (1, 2), (-2, -1), (-100, 100), (2, 1)]:
        a = {k: v for k, v in (("start", st), ("end", en)) if v is not None}
        case("shape_%s_%s" % (st, en), "Shape", [X(2, 3, 4)], 15, **a)
    for opset in 7, 13, 21:
        case("size_opset%d" % opset, "Size", [X(2, 3, 4)], opset)
    T = lambda a: numpy_helper.from_array(np.asarray(a))
    case("constantofshape_default", "ConstantOfShape", [P([2, 3])], 9)
    case("constantofshape_float", "ConstantOfShape", [P([2, 3])], 9, value=T(np.array([1.5], np.float32)))
    case("constantofshape_int64", "ConstantOfShape", [P([3])], 20, value=T(np.array([-7], np.int64)))
    case("constantofshape_bool", "ConstantOfShape", [P([2])], 9, value=T(np.array([True])))
    case("constantofshape_int8", "ConstantOfShape", [P([2])], 9, value=T(np.array([-3], np.int8)))
    case("constantofshape_scalar", "ConstantOfShape", [P([])], 9, value=T(np.array([4], np.int32)))
    case("constantofshape_empty", "ConstantOfShape", [P([2, 0])], 9)
    for t, p in [("up", (0, 5, 1)), ("step", (1, 10, 3)), ("down", (5, -5, -3)), ("none", (5, 2, 1)), ("exact", (0, 9, 3))]:
        for dt in np.int64, np.int32, np.float32:
            case("range_%s_%s" % (t, np.dtype(dt).name), "Range", [P(dt(v)) for v in p], 11)
    case("range_fraction", "Range", [P(np.float32(0)), P(np.float32(1)), P(np.float32(0.3))], 11)

    types = dict(float=np.float32, int8=np.int8, uint8=np.uint8, int16=np.int16, int32=np.int32, int64=np.int64, bool=np.bool_)
    for a, s in types.items():
        for b, d in types.items():
            x = np.array([0, 1, 2, 100, 7], s) if a != "float" else np.array([0, 1, -1 if b not in ("uint8",) else 1, 2.75, 100.5], s)
            case("cast_%s_%s" % (a, b), "Cast", [x], 13, to=helper.np_dtype_to_tensor_dtype(np.dtype(d)))
    case("cast_truncates", "Cast", [np.array([-2.75, -0.5, 0.5, 2.75], np.float32)], 9, to=TensorProto.INT64)
    case("cast_wraps", "Cast", [np.array([300, -200, 2**31 + 5], np.int64)], 13, to=TensorProto.INT8)
    for t, shape, ix, a in [("rows", (4, 3), [[2], [0], [2]], {}), ("elements", (3, 4), [[0, 1], [-1, -4]], {}), ("grid", (3, 4, 2), np.stack(np.meshgrid([2, 0], [1, 3, 3], indexing="ij"), -1), {}),
                            ("batch", (2, 3, 4), [[[1], [0]], [[2], [-3]]], dict(batch_dims=1)), ("windows", (5, 6, 2), np.stack(np.broadcast_arrays(np.array([[0, 1], [2, 3]])[:, :, None, None], np.array([[0, 2], [3, 5], [1, 4]])[None, None]), -1), {}),
                            ("diagonal", (3, 3, 2), [[0, 0], [1, 1], [2, 2]], {})]:
        case("gathernd_" + t, "GatherND", [X(*shape), P(np.array(ix))], 13, **a)
    case("compress_axis1", "Compress", [X(2, 4, 3), P(np.array([False, True, False, True]))], 11, axis=1)
    case("compress_short", "Compress", [X(2, 4, 3), P(np.array([True, False, True]))], 11, axis=-2)
    case("scatterelements_axis0", "ScatterElements", [X(3, 4), P([[2, 0, 1, 1], [0, -1, 2, 0]]), X(2, 4)], 13)
    case("scatterelements_axis1", "ScatterElements", [N(np.int64, 3, 4), P([[2, -1], [0, 3]]), N(np.int64, 2, 2)], 11, axis=1)
    case("scatterelements_bool", "ScatterElements", [np.ones(6, bool), P([1, -2]), np.zeros(2, bool)], 11)
    for t, split, a in [("two", 3, {}), ("uneven", 4, {}), ("sizes", [1, 5], {}), ("ones", None, {}), ("axis", 2, dict(axis=1))]:
        q = node("SplitToSequence", ["in0"] + (["n"] if split else []), ["q"], **a)
        nodes = [const("n", np.array(split))] if split else []
        graph("splittosequence_" + t, nodes + [q, const("i", np.array(0)), const("j", np.array(-1)), node("SequenceAt", ["q", "i"], ["first"]), node("SequenceAt", ["q", "j"], ["last"])],
              dict(in0=X(6, 4).make(rng(t))), [], ["first", "last"], 11)
    for a, b in ("float32", "int64"), ("int64", "float32"), ("bool", "float32"):
        case("castlike_%s_%s" % (a, b), "CastLike", [np.array([0, 1, 2, 1]).astype(a), P(np.array([3], b))], 19)
    case("cast_opset7", "Cast", [X(4)], 7, to=TensorProto.INT32)
    case("cast_opset21", "Cast", [X(4)], 21, to=TensorProto.INT32)

    for opset in 7, 10, 12, 13, 22:
        a = dict(ratio=0.3) if opset < 12 else {}
        extra = [] if opset < 12 else [P(np.float32(0.3)), P(np.array(False))]
        case("dropout_opset%d" % opset, "Dropout", [X(3, 4)] + extra, opset, **a)
        if opset > 7:  # there the mask is a float, but not in onnx.reference
            case("dropout_mask_opset%d" % opset, "Dropout", [X(3, 4)] + extra, opset, outs=2, by=SPEC if opset < 12 else None, **a)  # ONNX Runtime: all False
    case("dropout_plain", "Dropout", [X(3, 4)], 13)
    case("dropout_training_ratio0", "Dropout", [X(3, 4), P(np.float32(0)), P(np.array(True))], 13, outs=2)
    case("dropout_ratio_only", "Dropout", [X(3, 4), P(np.float32(0.5))], 12)


def networks():
    """A few nodes, as exporters write them."""
    def x(*s, name="x"):
        return {"in0": X(*s).make(rng(name))}

    for opset in 9, 11, 13, 21:
        un = [node("Unsqueeze", ["n"], ["n1"], axes=[0])] if opset < 13 else [const("zero1", np.array([0])), node("Unsqueeze", ["n", "zero1"], ["n1"])]
        graph("net_flatten_by_shape_opset%d" % opset, [
            node("Shape", ["in0"], ["s"]), const("zero", np.array(0)), node("Gather", ["s", "zero"], ["n"], axis=0), *un,
            const("rest", np.array([-1])), node("Concat", ["n1", "rest"], ["to"], axis=0), node("Reshape", ["in0", "to"], ["out"]),
        ], x(2, 3, 4), [], ["out"], opset)
    graph("net_upsample_like", [
        node("Shape", ["in0"], ["s"]), const("st", np.array([2])), const("en", np.array([4])), node("Slice", ["s", "st", "en"], ["hw"]),
        const("two", np.array([2])), node("Mul", ["hw", "two"], ["hw2"]), node("Shape", ["in0"], ["s2"]), const("z", np.array([0])), node("Slice", ["s2", "z", "st"], ["nc"]),
        node("Concat", ["nc", "hw2"], ["sizes"], axis=0), const("none", np.array([], np.float32)), node("Resize", ["in0", "none", "none", "sizes"], ["out"], mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
    ], x(1, 2, 3, 4), [], ["out"], 11)
    graph("net_shape_float_arithmetic", [
        node("Shape", ["in0"], ["s"]), node("Cast", ["s"], ["sf"], to=1), const("k", np.array([1, 1, 1.5, 2.5], np.float32)), node("Mul", ["sf", "k"], ["m"]), node("Floor", ["m"], ["f"]),
        node("Cast", ["f"], ["sizes"], to=7), node("Resize", ["in0", "", "", "sizes"], ["out"], mode="linear"),
    ], x(1, 1, 3, 3), [], ["out"], 13)
    graph("net_pad_by_constantofshape", [  # PyTorch's F.pad
        const("pads", np.array([1, 2, 3, 4])), const("len", np.array([4])), node("ConstantOfShape", ["len"], ["zeros"], value=numpy_helper.from_array(np.array([0], np.int64))),
        node("Concat", ["pads", "zeros"], ["all"], axis=0), const("shape", np.array([-1, 2])), node("Reshape", ["all", "shape"], ["m"]),
        const("st", np.array([-1])), const("en", np.array([-(2**63) + 1])), const("ax", np.array([0])), const("step", np.array([-1])), node("Slice", ["m", "st", "en", "ax", "step"], ["rev"]),
        node("Transpose", ["rev"], ["t"], perm=[1, 0]), const("flat", np.array([-1])), node("Reshape", ["t", "flat"], ["p"]), node("Cast", ["p"], ["p64"], to=7), node("Pad", ["in0", "p64"], ["out"], mode="reflect"),
    ], x(1, 2, 5, 6), [], ["out"], 11)
    graph("net_channel_shuffle", [
        const("a", np.array([1, 2, 3, 2, 2])), node("Reshape", ["in0", "a"], ["r"]), node("Transpose", ["r"], ["t"], perm=[0, 2, 1, 3, 4]), const("b", np.array([1, 6, 2, 2])), node("Reshape", ["t", "b"], ["out"]),
    ], x(1, 6, 2, 2), [], ["out"], 13)
    graph("net_squeeze_excite", [
        node("GlobalAveragePool", ["in0"], ["m"]), node("Conv", ["m", "w1", "b1"], ["h"]), node("Relu", ["h"], ["hr"]), node("Conv", ["hr", "w2"], ["g"]), node("HardSigmoid", ["g"], ["gs"], alpha=1 / 6), node("Mul", ["in0", "gs"], ["out"]),
    ], x(2, 4, 3, 3), [numpy_helper.from_array(X(2, 4, 1, 1, lo=-1, hi=1).make(rng("w1")), "w1"), numpy_helper.from_array(X(2, lo=-1, hi=1).make(rng("b1")), "b1"), numpy_helper.from_array(X(4, 2, 1, 1, lo=-1, hi=1).make(rng("w2")), "w2")], ["out"], 13)
    graph("net_grid", [  # what detection heads compute
        const("n0", np.array(0)), const("n4", np.array(4)), const("n1", np.array(1)), node("Range", ["n0", "n4", "n1"], ["r"]), const("ax", np.array([0])), node("Unsqueeze", ["r", "ax"], ["row"]),
        const("to", np.array([3, 4])), node("Expand", ["row", "to"], ["grid"]), node("Cast", ["grid"], ["g"], to=1), node("Equal", ["grid", "n1"], ["is1"]), node("Where", ["is1", "in0", "g"], ["out"]),
    ], x(3, 4), [], ["out"], 13)
    graph("net_constant_kinds", [
        node("Constant", [], ["f"], value_float=1.5), node("Constant", [], ["i"], value_int=-1), node("Constant", [], ["fs"], value_floats=[1.0, 2.0, 3.0]), node("Constant", [], ["is"], value_ints=[3, 1]),
        node("Mul", ["in0", "f"], ["a"]), node("Add", ["a", "fs"], ["b"]), node("Reshape", ["b", "is"], ["c"]), node("Cast", ["i"], ["k"], to=1), node("Mul", ["c", "k"], ["out"]),
    ], x(1, 3), [], ["out"], 13)
    graph("net_output_is_input_and_constant", [node("Relu", ["in0"], ["out"])], x(2, 2), [numpy_helper.from_array(np.array([1, 2, 3], np.int64), "c")], ["out", "c"], 13)
    vi = lambda n: helper.make_empty_tensor_value_info(n)
    for cond in True, False:
        sub = lambda op, o: helper.make_graph([node(op, ["in0"], [o])], "sub", [], [vi(o)])
        graph("net_if_%s" % cond, [const("c", np.array(cond)), helper.make_node("If", ["c"], ["out"], then_branch=sub("Relu", "t"), else_branch=sub("Neg", "e"))], x(2, 3), [], ["out"], 13)
        inner = helper.make_graph([helper.make_node("If", ["c"], ["u"], then_branch=helper.make_graph([node("Add", ["d", "in0"], ["v"])], "tt", [], [vi("v")]), else_branch=sub("Abs", "w"))], "mid", [], [vi("u")])
        inner.node.insert(0, node("Exp", ["in0"], ["d"]))
        graph("net_if_nested_%s" % cond, [const("c", np.array(cond)), helper.make_node("If", ["c"], ["out"], then_branch=inner, else_branch=sub("Neg", "e"))], x(2, 3), [], ["out"], 13)
    rank = helper.make_node("If", ["is3"], ["out"],
                            then_branch=helper.make_graph([node("Squeeze", ["in0", "ax"], ["t"])], "sq", [], [vi("t")]),
                            else_branch=helper.make_graph([node("Identity", ["in0"], ["e"])], "id", [], [vi("e")]))
    graph("net_if_by_shape", [  # torch.squeeze(x, 1)
        node("Shape", ["in0"], ["s"], start=1, end=2), const("one", np.array([1])), node("Equal", ["s", "one"], ["eq"]), const("zero", np.array([0])), node("Squeeze", ["eq", "zero"], ["is3"]), const("ax", np.array([1])), rank,
    ], x(2, 1, 3), [], ["out"], 15)


def main(dst):
    for f in (convolutions, transposed, deformable, pooling, dense, normalization, softmax, unary, binary, reductions, moving, resizing, shapes, networks):
        f()
    lines, bad, by = [], 0, {"both agree": 0, "chosen: " + ORT: 0, "alone: " + ORT: 0, "chosen: " + SPEC: 0}
    for name, c in cases.items():
        got = {}
        why = {}
        for who, run in (ORT, run_ort), (SPEC, run_spec):
            if c["by"] == SPEC and who == ORT:
                continue
            try:
                got[who] = run(c)
            except Exception as e:  # no kernel, or a bug: the other one has to know
                why[who] = "%s: %s" % (type(e).__name__, str(e).replace("\n", " ")[:160])
        diff = same(got[ORT], got[SPEC], 1e-4) if len(got) == 2 else None
        who = c["by"]
        if who is None:
            who = ORT
            if ORT not in got or diff:
                print("DIFFER", name, diff or why)
                bad += 1
                continue
        elif len(got) == 2 and diff is None:
            print("AGREE", name, "but", who, "was asked for")
            bad += 1
        if who not in got:
            print("FAILS", name, why)
            bad += 1
            continue
        by["chosen: " + SPEC if who == SPEC else "alone: " + ORT if SPEC not in got else "chosen: " + ORT if c["by"] else "both agree"] += 1
        lines.append(json.dumps({
            "name": name, "by": who, "tol": c["tol"],
            "model": base64.b64encode(c["model"].SerializeToString()).decode(),
            "in": [tensor(k, v) for k, v in c["data"].items()],
            "out": [tensor(k, v) for k, v in zip(c["outs"], got[who])],
        }, separators=(",", ":")))
    raw = ("\n".join(lines) + "\n").encode()
    z = gzip.compress(raw, 9, mtime=0)
    print(len(lines), "cases,", by, len(raw), "bytes,", len(z), "compressed")
    if bad:
        sys.exit("%d cases without an answer" % bad)
    with open(dst, "wb") as fh:
        fh.write(z)


if __name__ == "__main__":
    main(sys.argv[1])
