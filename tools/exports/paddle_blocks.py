#!/usr/bin/env python3
"""Exports blocks of convolutional networks from PaddlePaddle:

    paddle_blocks.py OUT

Names are BLOCK/paddle, what paddle2onnx writes by default, and BLOCK/paddle-raw
without its optimizations, -N in opset N.
"""
import contextlib, io, os, sys, tempfile, warnings
import numpy as np
import paddle
import paddle.nn as nn
import paddle.nn.functional as F
import paddle2onnx
from common import Store, data, grid, rng

warnings.filterwarnings("ignore")
store = Store(sys.argv[1])
X = (1, 8, 9, 10)


def seed(m):
    seen = {}
    for k, p in m.state_dict().items():
        s = tuple(p.shape)
        like = "%s %s" % (s, k.split(".")[-1])
        seen[like] = seen.get(like, 0) + 1
        r = rng("%s %d" % (like, seen[like]))
        fan = max(1, int(np.prod(s[1:])))
        if k.endswith("_variance"):
            a = grid(0.5 + r.random(s), 1 / 16)
        elif len(s) > 1:
            a = grid(r.normal(size=s) * (1.5 / fan) ** 0.5, 1 / 64)
        elif k.endswith("weight"):
            a = grid(0.75 + r.random(s) / 2, 1 / 16)
        else:
            a = grid(r.normal(size=s) * 0.2, 1 / 64)
        p.set_value(a)
    m.eval()
    return m


class Fn(nn.Layer):
    def __init__(self, f, **layers):
        super().__init__()
        self.f = paddle.jit.not_to_static(f)  # a lambda has no source to rewrite
        for k, v in layers.items():
            setattr(self, k, v)

    def forward(self, x):
        return self.f(self, x)


class Fn2(Fn):
    def forward(self, x, y):
        return self.f(self, x, y)


def block(name, m, *shapes, ways="paddle paddle-raw", opset=13, scale=1.0):
    m = seed(m)
    xs = [data(*s, which=i, scale=scale) for i, s in enumerate(shapes or [X])]
    spec = [paddle.static.InputSpec(list(x.shape), "float32", "xyz"[i]) for i, x in enumerate(xs)]
    for way in ways.split():
        w, _, v = way.partition("@")
        n = int(v) if v else opset

        def export(path):
            # paddle2onnx aborts where it knows no answer: a child does it.
            pid = os.fork()
            if pid == 0:
                try:
                    quiet = os.open(os.devnull, os.O_WRONLY)
                    os.dup2(quiet, 1)
                    os.dup2(quiet, 2)
                    convert(path)
                    os._exit(0)
                finally:
                    os._exit(1)
            if os.waitpid(pid, 0)[1] != 0:
                raise RuntimeError("paddle2onnx fails")

        def convert(path):
            with contextlib.redirect_stdout(io.StringIO()):
                if w == "paddle":
                    paddle.onnx.export(m, path[:-5], input_spec=spec, opset_version=n)
                    return
                with tempfile.TemporaryDirectory() as d:
                    paddle.jit.save(m, d + "/m", input_spec=spec)
                    model = d + "/m.json" if os.path.exists(d + "/m.json") else d + "/m.pdmodel"
                    paddle2onnx.export(model, d + "/m.pdiparams", path, opset_version=n, optimize_tool="None", enable_onnx_checker=False)

        store.attempt("%s/%s" % (name, w + ("-" + v if v else "")), export, xs)


conv = lambda i, o, k=3, s=1, p=None, **kw: nn.Conv2D(i, o, k, s, k // 2 if p is None else p, **kw)


def shuffle(x, g):
    n, c, h, w = x.shape
    return paddle.reshape(paddle.transpose(paddle.reshape(x, [n, g, c // g, h, w]), [0, 2, 1, 3, 4]), [n, c, h, w])


def main():
    bn = nn.BatchNorm2D
    block("conv_bn_relu", nn.Sequential(conv(8, 12, bias_attr=False), bn(12), nn.ReLU()))
    block("conv_bias_bn_relu6", nn.Sequential(conv(8, 12, s=2), bn(12), nn.ReLU6()))
    block("conv_bn_leaky", nn.Sequential(conv(8, 12, bias_attr=False), bn(12), nn.LeakyReLU(0.1)))
    block("conv_bn_prelu", nn.Sequential(conv(8, 12, bias_attr=False), bn(12), nn.PReLU(12)))
    block("depthwise_bn", nn.Sequential(conv(8, 8, groups=8, bias_attr=False), bn(8), nn.ReLU6()))
    block("conv_relu_bn", nn.Sequential(conv(8, 12), nn.ReLU(), bn(12)))
    block("bn_conv_valid", nn.Sequential(bn(8), conv(8, 12, p=0)))
    block("bn_relu_conv", nn.Sequential(bn(8), nn.ReLU(), conv(8, 12)))
    block("deconv_bn", nn.Sequential(nn.Conv2DTranspose(8, 6, 3, 2, 1, output_padding=1, bias_attr=False), bn(6), nn.ReLU()))
    block("linear_bn", nn.Sequential(nn.Linear(20, 12, bias_attr=False), nn.BatchNorm1D(12), nn.ReLU(), nn.Linear(12, 5)), (1, 20))
    c = lambda: conv(8, 8)
    block("hard_swish", nn.Sequential(c(), nn.Hardswish()), scale=2, ways="paddle paddle-raw paddle@11 paddle@15")
    block("hard_sigmoid", nn.Sequential(c(), nn.Hardsigmoid()), scale=2)
    for name, f in dict(silu=nn.Silu(), mish=nn.Mish(), gelu=nn.GELU(), elu=nn.ELU(), tanh=nn.Tanh(), sigmoid=nn.Sigmoid(), softplus=nn.Softplus(), relu6=nn.ReLU6()).items():
        block(name, nn.Sequential(c(), f))
    block("gelu_tanh", nn.Sequential(c(), nn.GELU(True)))
    d = lambda: conv(8, 16, bias_attr=False)
    pool = nn.AdaptiveAvgPool2D(1)
    one = dict(a=conv(16, 4, k=1), b=conv(4, 16, k=1))
    two = dict(a=nn.Linear(16, 4), b=nn.Linear(4, 16))
    block("se_conv", Fn(lambda m, x: (lambda y: paddle.multiply(y, F.sigmoid(m.b(F.relu(m.a(pool(y)))))))(m.c(x)), c=d(), **one))
    block("se_hard", Fn(lambda m, x: (lambda y: paddle.multiply(y, F.hardsigmoid(m.b(F.relu(m.a(pool(y)))))))(m.c(x)), c=d(), **one))
    block("se_hard_slope", Fn(lambda m, x: (lambda y: paddle.multiply(y, F.hardsigmoid(m.b(F.relu(m.a(pool(y)))), slope=0.2, offset=0.5)))(m.c(x)), c=d(), **one))
    block("se_linear", Fn(lambda m, x: (lambda y: y * paddle.unsqueeze(F.sigmoid(m.b(F.relu(m.a(paddle.squeeze(pool(y), [2, 3]))))), [2, 3]))(m.c(x)), c=d(), **two))
    block("se_linear_reshape", Fn(lambda m, x: (lambda y: y * paddle.reshape(F.sigmoid(m.b(F.relu(m.a(paddle.reshape(pool(y), [-1, 16]))))), [-1, 16, 1, 1]))(m.c(x)), c=d(), **two))
    block("se_linear_expand", Fn(lambda m, x: (lambda y: y * paddle.expand_as(paddle.reshape(F.sigmoid(m.b(F.relu(m.a(paddle.flatten(pool(y), 1))))), [-1, 16, 1, 1]), y))(m.c(x)), c=d(), **two))
    block("se_mean", Fn(lambda m, x: (lambda y: y * F.sigmoid(m.b(F.relu(m.a(paddle.mean(y, [2, 3], keepdim=True))))))(m.c(x)), c=d(), **one))
    a = lambda: dict(a=conv(8, 12, k=1), b=conv(12, 12, groups=12), c=conv(12, 8, k=1))
    block("shuffle", Fn(lambda m, x: m.c(m.b(shuffle(m.a(x), 3))), **a()))
    block("shuffle_module", Fn(lambda m, x: m.c(m.b(F.channel_shuffle(m.a(x), 3))), **a()))
    u = dict(a=nn.Sequential(conv(4, 4, k=1), nn.ReLU()), b=conv(4, 4, groups=4), c=nn.Sequential(conv(4, 4, k=1), nn.ReLU()), s=conv(8, 8))

    def unit(m, x):
        p, q = paddle.split(x, 2, axis=1)
        return shuffle(paddle.concat([p, m.c(m.b(m.a(q)))], 1), 2)

    block("shufflenet_v2_unit", Fn(lambda m, x: m.s(unit(m, unit(m, x))), **u))
    block("residual", Fn(lambda m, x: F.relu(x + m.b(F.relu(m.a(x)))), a=conv(8, 8), b=conv(8, 8)))
    # Not F.pad of two axes: paddle2onnx 2.1 writes uninitialized memory as its value.
    block("pad_conv", Fn(lambda m, x: m.c(F.pad(x, [0, 0, 0, 0, 1, 1, 1, 1])), c=conv(8, 8, p=0)))
    block("pad_conv_uneven", Fn(lambda m, x: m.c(F.pad(x, [0, 0, 0, 0, 0, 1, 0, 1])), c=conv(8, 8, s=2, p=0)))
    block("pad_reflect", Fn(lambda m, x: m.c(F.pad(x, [1, 1, 1, 1], mode="reflect")), c=conv(8, 8, p=0)))
    block("conv_same_string", conv(8, 8, k=4, p="SAME"))
    block("dilated", nn.Sequential(conv(8, 8, p=2, dilation=2), nn.ReLU()))
    up = lambda f: Fn(lambda m, x: m.b(f(m.a(x))), a=conv(8, 8), b=conv(8, 6, k=1))
    block("nearest_size", up(lambda y: F.interpolate(y, size=[18, 20], mode="nearest")))
    block("bilinear_x2", up(lambda y: F.interpolate(y, size=[18, 20], mode="bilinear")))
    block("bilinear_corners", up(lambda y: F.interpolate(y, size=[18, 20], mode="bilinear", align_corners=True)))
    block("bilinear_align_mode_1", up(lambda y: F.interpolate(y, size=[18, 20], mode="bilinear", align_mode=1)))
    block("bilinear_size", up(lambda y: F.interpolate(y, size=[13, 17], mode="bilinear")))
    block("bicubic_x2", up(lambda y: F.interpolate(y, size=[18, 20], mode="bicubic")))
    block("fpn", Fn2(lambda m, x, y: m.c(F.interpolate(m.a(x), size=paddle.shape(m.b(y))[2:], mode="nearest") + m.b(y)), a=conv(8, 6, k=1), b=conv(8, 6, k=1), c=conv(6, 6)), (1, 8, 5, 5), (1, 8, 10, 10))
    block("pixel_shuffle", nn.Sequential(conv(8, 16), nn.PixelShuffle(2), conv(4, 4)))
    block("pool_ceil", nn.Sequential(conv(8, 8), nn.MaxPool2D(3, 2, ceil_mode=True), nn.AvgPool2D(2, 2)))
    block("inception", Fn(lambda m, x: paddle.concat([F.relu(m.a(x)), F.relu(m.b(x)), m.c(F.max_pool2d(x, 3, 1, 1)), F.avg_pool2d(x, 3, 1, 1, exclusive=True)], 1), a=conv(8, 4, k=1), b=conv(8, 6), c=conv(8, 3, k=1)))
    block("flatten_linear", Fn(lambda m, x: m.b(F.relu(m.a(paddle.flatten(m.c(x), 1)))), c=conv(8, 4, s=2), a=nn.Linear(100, 16), b=nn.Linear(16, 5)))
    block("gap_linear", nn.Sequential(conv(8, 16, bias_attr=False), nn.AdaptiveAvgPool2D(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(16, 5)))
    block("gap_conv_softmax", Fn(lambda m, x: F.softmax(paddle.flatten(m.a(F.hardswish(m.d(pool(m.c(x))))), 1)), c=conv(8, 16), d=conv(16, 12, k=1), a=conv(12, 5, k=1)))
    block("softmax_channels", Fn(lambda m, x: F.softmax(m.a(x), axis=1), a=conv(8, 5)))
    block("argmax", Fn(lambda m, x: paddle.argmax(m.c(x), axis=1), c=conv(8, 5)))
    block("dropout", nn.Sequential(conv(8, 8), nn.Dropout2D(0.2), nn.ReLU(), nn.Dropout(0.1), conv(8, 4)))
    block("deform_v2", Fn(lambda m, x: m.d(x, m.o(x), F.sigmoid(m.k(x))), o=conv(8, 18), k=conv(8, 9), d=paddle.vision.ops.DeformConv2D(8, 6, 3, padding=1)), opset=19)
    block("two_outputs", Fn(lambda m, x: (lambda y: (m.b(y), y))(F.relu(m.a(x))), a=conv(8, 8), b=conv(8, 4)))


main()
store.done()
