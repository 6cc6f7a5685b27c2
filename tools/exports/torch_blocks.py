#!/usr/bin/env python3
"""Exports blocks of convolutional networks with both exporters of PyTorch:

    torch_blocks.py OUT

Names are BLOCK/torch-EXPORTER: ts and dynamo are what torch.onnx.export writes
by default (with and without dynamo), ts-raw and dynamo-raw what it writes with
nothing folded, -dyn with dynamic axes, -N in opset N.
"""
import contextlib, io, sys, warnings
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from common import Store, data, grid, rng

warnings.filterwarnings("ignore")
store = Store(sys.argv[1])
EVAL, PRESERVE = torch.onnx.TrainingMode.EVAL, torch.onnx.TrainingMode.PRESERVE


def seed(m):
    """Weights of a sane size, on a grid."""
    seen = {}
    with torch.no_grad():
        for k, p in list(m.named_parameters()) + list(m.named_buffers()):
            if not p.is_floating_point():
                continue
            like = "%s %s" % (tuple(p.shape), k.split(".")[-1])
            seen[like] = seen.get(like, 0) + 1
            r = rng("%s %d" % (like, seen[like]))
            fan = max(1, int(np.prod(p.shape[1:])))
            if k.endswith("running_var"):
                a = grid(0.5 + r.random(p.shape), 1 / 16)
            elif p.ndim > 1:
                a = grid(r.normal(size=p.shape) * (1.5 / fan) ** 0.5, 1 / 64)
            elif k.endswith("weight"):
                a = grid(0.75 + r.random(p.shape) / 2, 1 / 16)
            else:
                a = grid(r.normal(size=p.shape) * 0.2, 1 / 64)
            p.copy_(torch.from_numpy(a))
    return m.eval()


def block(name, m, *shapes, ways="ts ts-raw dynamo dynamo-raw", opset=17, dyn=None, scale=1.0):
    """Exports a module in several ways. dyn: dynamic axes, {"x": {2: "h"}}."""
    m = seed(m)
    xs = [data(*s, which=i, scale=scale) for i, s in enumerate(shapes)]
    args = tuple(torch.from_numpy(np.array(x)) for x in xs)
    names = ["x", "y", "z"][: len(xs)]
    for way in ways.split():
        w, _, v = way.partition("@")
        n = int(v) if v else opset

        def export(path):
            kw = dict(input_names=names, opset_version=n)
            with contextlib.redirect_stdout(io.StringIO()):
                if w.startswith("ts"):
                    if "raw" in w:
                        kw.update(do_constant_folding=False, training=PRESERVE)
                    if "-dyn" in w:
                        kw.update(dynamic_axes=dyn)
                    if "init" in w:
                        kw.update(keep_initializers_as_inputs=True)
                    torch.onnx.export(m, args, path, dynamo=False, **kw)
                else:
                    kw["opset_version"] = max(n, 18)
                    if "-dyn" in w:
                        D = torch.export.Dim
                        kw.update(dynamic_shapes=tuple({a: D.DYNAMIC for a in dyn.get(k, {})} for k in names))
                    # An axis of size 1 is not taken for a dynamic one.
                    many = tuple(a.repeat(2, *[1] * (a.ndim - 1)) for a in args) if "-dyn" in w and 0 in dyn.get("x", {}) else args
                    torch.onnx.export(m, many, path, dynamo=True, external_data="ext" in w, optimize="raw" not in w, verbose=False, **kw)

        store.attempt("%s/torch-%s" % (name, w + ("-" + v if v else "")), export, xs)


def conv(i, o, k=3, s=1, p=None, **kw):
    return nn.Conv2d(i, o, k, s, k // 2 if p is None else p, **kw)


class Fn(nn.Module):
    """A module of layers (attributes) and a function of them."""

    def __init__(self, f, **layers):
        super().__init__()
        self.f = f
        for k, v in layers.items():
            setattr(self, k, v)

    def forward(self, x):
        return self.f(self, x)


class Fn2(Fn):
    def forward(self, x, y):
        return self.f(self, x, y)


X = (1, 8, 9, 10)
BATCH = {"x": {0: "n"}}
SPACE = {"x": {2: "h", 3: "w"}}
ALL = {"x": {0: "n", 2: "h", 3: "w"}}


def order():
    block("conv_bn_relu", nn.Sequential(conv(8, 12, bias=False), nn.BatchNorm2d(12), nn.ReLU(inplace=True)), X)
    block("conv_bias_bn_relu6", nn.Sequential(conv(8, 12, s=2), nn.BatchNorm2d(12), nn.ReLU6(inplace=True)), X)
    block("conv_bn_leaky", nn.Sequential(conv(8, 12, bias=False), nn.BatchNorm2d(12), nn.LeakyReLU(0.1, inplace=True)), X)
    block("conv_bn_prelu", nn.Sequential(conv(8, 12, bias=False), nn.BatchNorm2d(12), nn.PReLU(12)), X)
    block("depthwise_bn", nn.Sequential(conv(8, 8, groups=8, bias=False), nn.BatchNorm2d(8), nn.ReLU6()), X)
    block("depthwise_multiplier", nn.Sequential(conv(8, 16, groups=8, bias=False), nn.BatchNorm2d(16)), X)
    block("grouped_bn", nn.Sequential(conv(8, 12, groups=4, bias=False), nn.BatchNorm2d(12)), X)
    block("conv_relu_bn", nn.Sequential(conv(8, 12), nn.ReLU(), nn.BatchNorm2d(12)), X)
    block("bn_conv", nn.Sequential(nn.BatchNorm2d(8), conv(8, 12, k=1)), X)
    block("bn_conv_valid", nn.Sequential(nn.BatchNorm2d(8), conv(8, 12, p=0)), X)
    block("bn_conv_same", nn.Sequential(nn.BatchNorm2d(8), conv(8, 12)), X)
    block("bn_relu_conv", nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(), conv(8, 12)), X)
    block("conv_bn_conv_bn", nn.Sequential(conv(8, 12, bias=False), nn.BatchNorm2d(12), nn.ReLU(), conv(12, 8, k=1, bias=False), nn.BatchNorm2d(8)), X)
    block("deconv_bn", nn.Sequential(nn.ConvTranspose2d(8, 6, 3, 2, 1, output_padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU()), X)
    block("deconv_grouped_bn", nn.Sequential(nn.ConvTranspose2d(8, 8, 4, 2, 1, groups=2, bias=False), nn.BatchNorm2d(8)), X)
    block("conv1d_bn", nn.Sequential(nn.Conv1d(6, 8, 3, padding=1, bias=False), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(2)), (1, 6, 20))
    block("linear_bn", nn.Sequential(nn.Linear(20, 12, bias=False), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 5)), (1, 20))
    block("bn_linear", nn.Sequential(nn.BatchNorm1d(20), nn.Linear(20, 6)), (1, 20))
    block("bn_no_affine", nn.Sequential(conv(8, 8), nn.BatchNorm2d(8, affine=False)), X)
    block("scale_shift", Fn(lambda m, x: m.c(x) * m.weight.view(1, -1, 1, 1) + m.b.view(1, -1, 1, 1), c=conv(8, 12, bias=False),
                            weight=nn.Parameter(torch.ones(12)), b=nn.Parameter(torch.zeros(12))), X)
    block("layer_scale", Fn(lambda m, x: x + m.c(x) * m.g, c=conv(8, 8), g=nn.Parameter(torch.ones(8, 1, 1))), X)
    block("input_normalized", Fn(lambda m, x: m.c((x - torch.tensor([0.5, 0.25, 0.125]).view(3, 1, 1)) / torch.tensor([0.5, 0.25, 0.5]).view(3, 1, 1)), c=conv(3, 8, s=2, p=0)), (1, 3, 11, 11))


def activations():
    c = lambda: conv(8, 8)
    hs = "hard_swish"
    block(hs, nn.Sequential(c(), nn.Hardswish()), X, ways="ts@11 ts ts-raw@13 dynamo dynamo-raw", scale=2)
    block(hs + "_relu6", Fn(lambda m, x: (lambda y: y * F.relu6(y + 3) / 6)(m.c(x)), c=c()), X, scale=2)
    block(hs + "_relu6_inplace", Fn(lambda m, x: (lambda y: y * F.relu6(y + 3, inplace=True) * (1 / 6))(m.c(x)), c=c()), X, scale=2)
    block(hs + "_first", Fn(lambda m, x: (lambda y: y * (F.relu6(y + 3) / 6))(m.c(x)), c=c()), X, scale=2)
    block(hs + "_clamp", Fn(lambda m, x: (lambda y: y * (y + 3).clamp(0, 6).div(6))(m.c(x)), c=c()), X, scale=2)
    block(hs + "_sigmoid", Fn(lambda m, x: (lambda y: y * F.hardsigmoid(y))(m.c(x)), c=c()), X, scale=2)
    block("hard_sigmoid", nn.Sequential(c(), nn.Hardsigmoid()), X, ways="ts@11 ts dynamo dynamo-raw", scale=2)
    block("hard_sigmoid_relu6", Fn(lambda m, x: F.relu6(m.c(x) + 3) / 6, c=c()), X, scale=2)
    block("silu", nn.Sequential(c(), nn.SiLU(inplace=True)), X)
    block("silu_manual", Fn(lambda m, x: (lambda y: torch.sigmoid(y) * y)(m.c(x)), c=c()), X)
    block("mish", nn.Sequential(c(), nn.Mish()), X, ways="ts@13 ts dynamo dynamo-raw")
    block("mish_manual", Fn(lambda m, x: (lambda y: y * torch.tanh(F.softplus(y)))(m.c(x)), c=c()), X)
    block("gelu", nn.Sequential(c(), nn.GELU()), X, ways="ts ts@20 dynamo dynamo-raw dynamo@20")
    block("gelu_tanh", nn.Sequential(c(), nn.GELU("tanh")), X, ways="ts dynamo dynamo-raw dynamo@20")
    block("gelu_quick", Fn(lambda m, x: (lambda y: y * torch.sigmoid(1.702 * y))(m.c(x)), c=c()), X, ways="ts dynamo")
    for name, f in dict(elu=nn.ELU(), tanh=nn.Tanh(), sigmoid=nn.Sigmoid(), softplus=nn.Softplus(), celu=nn.CELU(), selu=nn.SELU(), tanhshrink=nn.Tanhshrink(), softsign=nn.Softsign(),
                        logsigmoid=nn.LogSigmoid()).items():
        block(name, nn.Sequential(c(), f), X, ways="ts dynamo dynamo-raw")
    block("relu6", nn.Sequential(c(), nn.ReLU6(inplace=True)), X)
    block("hardtanh", nn.Sequential(c(), nn.Hardtanh(-1, 2)), X)
    block("clamp_min", Fn(lambda m, x: m.c(x).clamp(min=0), c=c()), X)
    block("clamp_tensor", Fn(lambda m, x: torch.minimum(torch.maximum(m.c(x), torch.tensor(0.0)), torch.tensor(6.0)), c=c()), X)
    block("leaky_max", Fn(lambda m, x: (lambda y: torch.maximum(y, 0.1 * y))(m.c(x)), c=c()), X)
    block("prelu_shared", nn.Sequential(c(), nn.PReLU()), X)
    block("prelu_negative", nn.Sequential(c(), Fn(lambda m, x: F.prelu(x, m.a), a=nn.Parameter(torch.ones(8)))), X)
    block("gate", Fn(lambda m, x: torch.tanh(m.a(x)) * torch.sigmoid(m.b(x)), a=c(), b=c()), X)
    block("glu", Fn(lambda m, x: F.glu(m.a(x), 1), a=conv(8, 16)), X)
    block("glu_split", Fn(lambda m, x: (lambda a, b: a * torch.sigmoid(b))(*m.a(x).chunk(2, 1)), a=conv(8, 16)), X)
    block("mfm", Fn(lambda m, x: (lambda a, b: torch.max(a, b))(*torch.split(m.a(x), 8, 1)), a=conv(8, 16)), X)
    block("spatial_gate", Fn(lambda m, x: x * torch.sigmoid(m.a(x)), a=conv(8, 1, k=1)), X)
    block("softmax_channels", nn.Sequential(conv(8, 5), nn.Softmax(1)), X)
    block("log_softmax", nn.Sequential(nn.Flatten(), nn.Linear(48, 6), nn.LogSoftmax(1)), (1, 3, 4, 4))
    block("argmax", Fn(lambda m, x: m.c(x).argmax(1), c=conv(8, 5)), X)


def excite():
    c = lambda: conv(8, 16, bias=False)

    def se(name, f, ways="ts ts-raw dynamo dynamo-raw", dyn=None, **layers):
        block("se_" + name, Fn(f, c=c(), **layers), X, ways=ways, dyn=dyn)

    one = dict(a=conv(16, 4, k=1), b=conv(4, 16, k=1))
    two = dict(a=nn.Linear(16, 4), b=nn.Linear(4, 16))
    pool = lambda y: F.adaptive_avg_pool2d(y, 1)

    def on(g):
        return lambda m, x: g(m, m.c(x))

    se("conv", on(lambda m, y: y * torch.sigmoid(m.b(F.relu(m.a(pool(y)))))), **one)
    se("conv_swapped", on(lambda m, y: torch.sigmoid(m.b(F.relu(m.a(pool(y))))) * y), **one)
    se("conv_no_bias", on(lambda m, y: y * torch.sigmoid(m.b(F.relu(m.a(pool(y)))))), a=conv(16, 4, k=1, bias=False), b=conv(4, 16, k=1, bias=False))
    se("conv_bn", on(lambda m, y: y * torch.sigmoid(m.b(F.relu(m.n(m.a(pool(y))))))), a=conv(16, 4, k=1, bias=False), n=nn.BatchNorm2d(4), b=conv(4, 16, k=1))
    se("hard", on(lambda m, y: y * F.hardsigmoid(m.b(F.relu(m.a(pool(y)))))), ways="ts@11 ts ts-raw dynamo dynamo-raw", **one)
    se("hard_relu6", on(lambda m, y: y * (F.relu6(m.b(F.relu(m.a(pool(y)))) + 3) / 6)), **one)
    se("silu", on(lambda m, y: y * torch.sigmoid(m.b(F.silu(m.a(pool(y)))))), **one)
    se("mean", on(lambda m, y: y * torch.sigmoid(m.b(F.relu(m.a(y.mean([2, 3], keepdim=True)))))), **one)
    se("mean_flat", on(lambda m, y: y * torch.sigmoid(m.b(F.relu(m.a(y.mean((2, 3)))))).unsqueeze(-1).unsqueeze(-1)), **two)
    se("mean_twice", on(lambda m, y: y * torch.sigmoid(m.b(F.relu(m.a(y.mean(3, keepdim=True).mean(2, keepdim=True)))))), **one)
    se("mean_view", on(lambda m, y: y * torch.sigmoid(m.b(F.relu(m.a(y.view(y.size(0), y.size(1), -1).mean(2))))).view(y.size(0), y.size(1), 1, 1)), ways="ts ts-raw dynamo dynamo-raw ts-dyn", dyn=BATCH, **two)
    se("avg_pool", on(lambda m, y: y * torch.sigmoid(m.b(F.relu(m.a(F.avg_pool2d(y, y.shape[2:])))))), **one)
    se("linear", on(lambda m, y: y * torch.sigmoid(m.b(F.relu(m.a(pool(y).view(y.size(0), -1))))).view(y.size(0), -1, 1, 1)), ways="ts ts-raw dynamo dynamo-raw ts-dyn dynamo-dyn", dyn=BATCH, **two)
    se("linear_expand", on(lambda m, y: y * torch.sigmoid(m.b(F.relu(m.a(pool(y).flatten(1))))).view(y.size(0), -1, 1, 1).expand_as(y)), ways="ts ts-raw dynamo dynamo-raw ts-dyn dynamo-dyn", dyn=ALL, **two)
    se("linear_reshape", on(lambda m, y: y * torch.sigmoid(m.b(F.relu(m.a(pool(y).squeeze(-1).squeeze(-1))))).reshape(-1, 16, 1, 1)), **two)
    se("linear_index", on(lambda m, y: y * torch.sigmoid(m.b(F.relu(m.a(pool(y)[:, :, 0, 0]))))[:, :, None, None]), **two)
    se("channels_last", on(lambda m, y: y * torch.sigmoid(m.b(F.relu(m.a(pool(y).permute(0, 2, 3, 1))))).permute(0, 3, 1, 2)), **two)
    block("se_torchvision", nn.Sequential(c(), torchvision.ops.SqueezeExcitation(16, 4)), X)
    block("se_torchvision_hard", nn.Sequential(c(), torchvision.ops.SqueezeExcitation(16, 8, scale_activation=nn.Hardsigmoid)), X)
    block("se_depthwise", Fn(lambda m, x: (lambda y: m.p(y * torch.sigmoid(m.b(F.silu(m.a(pool(y)))))))(F.silu(m.d(x))), d=conv(8, 8, groups=8), a=conv(8, 2, k=1), b=conv(2, 8, k=1), p=conv(8, 6, k=1)), X)
    block("se_residual", Fn(lambda m, x: F.relu(x + (lambda y: y * torch.sigmoid(m.b(F.relu(m.a(pool(y))))))(m.c(x))), c=conv(8, 8), a=conv(8, 2, k=1), b=conv(2, 8, k=1)), X)
    block("ese", Fn(lambda m, x: (lambda y: y * F.hardsigmoid(m.a(pool(y))))(m.c(x)), c=c(), a=conv(16, 16, k=1)), X)
    block("eca", Fn(lambda m, x: (lambda y: y * torch.sigmoid(m.k(pool(y).squeeze(-1).transpose(-1, -2)).transpose(-1, -2).unsqueeze(-1)))(m.c(x)), c=c(), k=nn.Conv1d(1, 1, 3, padding=1, bias=False)), X)
    block("cbam_channel", Fn(lambda m, x: (lambda y: y * torch.sigmoid(m.b(F.relu(m.a(pool(y)))) + m.b(F.relu(m.a(F.adaptive_max_pool2d(y, 1))))))(m.c(x)), c=c(), **one), X)
    block("cbam_spatial", Fn(lambda m, x: (lambda y: y * torch.sigmoid(m.s(torch.cat([y.mean(1, keepdim=True), y.max(1, keepdim=True)[0]], 1))))(m.c(x)), c=c(), s=conv(2, 1, k=7)), X)
    block("gap_linear", nn.Sequential(c(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(16, 5)), X)
    block("gap_view", Fn(lambda m, x: m.a(m.c(x).mean([2, 3])), c=c(), a=nn.Linear(16, 5)), X, ways="ts ts-raw dynamo ts-dyn dynamo-dyn", dyn=BATCH)
    block("gap_conv", Fn(lambda m, x: m.a(pool(m.c(x))).squeeze(3).squeeze(2), c=c(), a=conv(16, 5, k=1)), X, ways="ts ts-raw dynamo dynamo-raw ts-dyn", dyn=ALL)


def shuffle(x, g, view="view"):
    n, c, h, w = x.shape
    x = getattr(x, view)(n, g, c // g, h, w)
    return getattr(torch.transpose(x, 1, 2).contiguous(), view)(n, -1, h, w)


def moves():
    a = lambda: dict(a=conv(8, 12, k=1), b=conv(12, 12, groups=12), c=conv(12, 8, k=1))
    run = lambda f: (lambda m, x: m.c(m.b(f(m.a(x)))))
    block("shuffle", Fn(run(lambda y: shuffle(y, 3)), **a()), X, ways="ts ts-raw dynamo dynamo-raw ts-dyn dynamo-dyn", dyn=ALL)
    block("shuffle_reshape", Fn(run(lambda y: shuffle(y, 2, "reshape")), **a()), X, ways="ts dynamo ts-dyn", dyn=BATCH)
    block("shuffle_module", Fn(run(lambda y: torch.channel_shuffle(y, 3)), **a()), X)
    block("shuffle_index", Fn(run(lambda y: y[:, torch.arange(12).view(3, 4).t().flatten()]), **a()), X)
    block("shuffle_index_select", Fn(run(lambda y: torch.index_select(y, 1, torch.arange(12).view(3, 4).t().flatten())), **a()), X)
    block("shuffle_stack", Fn(run(lambda y: (lambda p, q: torch.stack([p, q], 2).flatten(1, 2))(*y.chunk(2, 1))), **a()), X)

    def unit(m, x):
        p, q = x.chunk(2, 1)
        return shuffle(torch.cat((p, m.c(m.b(m.a(q)))), 1), 2)

    u = dict(a=nn.Sequential(conv(4, 4, k=1), nn.ReLU()), b=conv(4, 4, groups=4), c=nn.Sequential(conv(4, 4, k=1), nn.ReLU()), s=conv(8, 8))
    block("shufflenet_v2_unit", Fn(lambda m, x: m.s(unit(m, unit(m, x))), **u), X, ways="ts ts-raw dynamo dynamo-raw ts-dyn dynamo-dyn", dyn=ALL)
    block("residual", Fn(lambda m, x: F.relu(x + m.b(F.relu(m.a(x)))), a=conv(8, 8), b=conv(8, 8)), X)

    def inplace(m, x):
        y = m.b(F.relu(m.a(x), inplace=True))
        y += x
        return F.relu_(y)

    block("residual_inplace", Fn(inplace, a=conv(8, 8), b=conv(8, 8)), X)
    block("residual_stride", Fn(lambda m, x: F.relu(m.n(m.s(x)) + m.n2(m.b(x))), s=conv(8, 12, k=1, s=2, bias=False), b=conv(8, 12, s=2, bias=False), n=nn.BatchNorm2d(12), n2=nn.BatchNorm2d(12)), X)
    block("residual_three", Fn(lambda m, x: F.relu(x + m.a(x) + m.b(x)), a=conv(8, 8), b=conv(8, 8)), X)
    block("repvgg", Fn(lambda m, x: F.relu(m.n1(m.a(x)) + m.n2(m.b(x)) + m.n3(x)), a=conv(8, 8, bias=False), b=conv(8, 8, k=1, bias=False), n1=nn.BatchNorm2d(8), n2=nn.BatchNorm2d(8), n3=nn.BatchNorm2d(8)), X)
    block("inception", Fn(lambda m, x: torch.cat([F.relu(m.a(x)), F.relu(m.b(x)), m.c(F.max_pool2d(x, 3, 1, 1)), F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)], 1), a=conv(8, 4, k=1), b=conv(8, 6), c=conv(8, 3, k=1)), X)
    block("dense_block", Fn(lambda m, x: (lambda y: torch.cat([x, y, m.b(F.relu(m.n2(torch.cat([x, y], 1))))], 1))(m.a(F.relu(m.n1(x)))), n1=nn.BatchNorm2d(8), a=conv(8, 4), n2=nn.BatchNorm2d(12), b=conv(12, 4)), X)
    block("focus", Fn(lambda m, x: m.c(torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], 1)), c=conv(12, 8)), (1, 3, 12, 12), ways="ts ts-raw dynamo")
    block("spp", Fn(lambda m, x: (lambda y: m.b(torch.cat([y] + [F.max_pool2d(y, k, 1, k // 2) for k in (3, 5)], 1)))(m.a(x)), a=conv(8, 4, k=1), b=conv(12, 8, k=1)), X)
    block("csp", Fn(lambda m, x: (lambda p, q: m.c(torch.cat([p, q, q + m.b(q)], 1)))(*m.a(x).split(4, 1)), a=conv(8, 8, k=1), b=conv(4, 4), c=conv(12, 8, k=1)), X)
    block("coordinates", Fn(lambda m, x: m.c(torch.cat([x, torch.linspace(-1, 1, 10).view(1, 1, 1, 10).expand(1, 1, 9, 10)], 1)), c=conv(9, 8)), X)
    block("flatten_linear", Fn(lambda m, x: m.b(F.relu(m.a(m.c(x).flatten(1)))), c=conv(8, 4, s=2), a=nn.Linear(100, 16), b=nn.Linear(16, 5)), X)
    block("view_linear", Fn(lambda m, x: m.a(m.c(x).view(x.size(0), -1)), c=conv(8, 4, s=2), a=nn.Linear(100, 6)), X, ways="ts ts-raw dynamo ts-dyn dynamo-dyn", dyn=BATCH)
    block("view_linear_features", Fn(lambda m, x: m.a(m.c(x).view(-1, 100)), c=conv(8, 4, s=2), a=nn.Linear(100, 6)), X, ways="ts ts-dyn dynamo-dyn", dyn=BATCH)
    block("channels_last_linear", Fn(lambda m, x: m.b(F.gelu(m.a(m.d(x).permute(0, 2, 3, 1)))).permute(0, 3, 1, 2) + x, d=conv(8, 8, groups=8), a=nn.Linear(8, 16), b=nn.Linear(16, 8)), X)
    block("squeezenet_tail", nn.Sequential(nn.Dropout(0.5), conv(8, 5, k=1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten()), X)
    block("pool_ceil", nn.Sequential(conv(8, 8), nn.MaxPool2d(3, 2, ceil_mode=True), nn.AvgPool2d(2, 2, ceil_mode=True)), X)
    block("pool_2x2_of_4x6", nn.Sequential(conv(8, 8), nn.AdaptiveAvgPool2d((2, 2))), (1, 8, 4, 6))
    block("pool_adaptive_uneven", nn.Sequential(conv(8, 8), nn.AdaptiveAvgPool2d((4, 3))), X)
    block("detect_head", Fn(lambda m, x: (lambda y: y.view(1, 2, 7, 9, 10).permute(0, 1, 3, 4, 2).contiguous().sigmoid())(m.a(x)), a=conv(8, 14, k=1)), X)
    block("dfl", Fn(lambda m, x: m.d(m.a(x).view(1, 4, 8, 90).transpose(2, 1).softmax(1)).view(1, 4, 90), a=conv(8, 32, k=1), d=conv(8, 1, k=1, bias=False)), X)
    block("wavenet", Fn(lambda m, x: x + m.o((lambda y: torch.tanh(y[:, :8]) * torch.sigmoid(y[:, 8:]))(m.a(F.pad(x, (4, 0))))), a=nn.Conv1d(8, 16, 3, dilation=2), o=nn.Conv1d(8, 8, 1)), (1, 8, 24))


def spaces():
    block("pad_conv", Fn(lambda m, x: m.c(F.pad(x, (1, 1, 1, 1))), c=conv(8, 8, p=0)), X, ways="ts@9 ts ts-raw dynamo dynamo-raw")
    block("pad_conv_uneven", nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), conv(8, 8, s=2, p=0)), X)
    block("pad_value", Fn(lambda m, x: m.c(F.pad(x, (1, 1, 1, 1), value=0.5)), c=conv(8, 8, p=0)), X)
    block("pad_reflect", nn.Sequential(nn.ReflectionPad2d(2), conv(8, 8, k=5, p=0)), X)
    block("pad_replicate", nn.Sequential(nn.ReplicationPad2d(1), conv(8, 8, p=0)), X)
    block("conv_pad_reflect", nn.Conv2d(8, 8, 3, padding=1, padding_mode="reflect"), X)
    block("conv_pad_circular", nn.Conv2d(8, 8, 3, padding=1, padding_mode="circular"), X)
    block("conv_same_string", nn.Conv2d(8, 8, 4, padding="same"), X)
    block("pad_max_pool", Fn(lambda m, x: F.max_pool2d(F.pad(F.relu(m.c(x)), (0, 1, 0, 1)), 3, 2), c=conv(8, 8)), X)
    block("pad_max_pool_inf", Fn(lambda m, x: F.max_pool2d(F.pad(m.c(x), (0, 1, 0, 1), value=float("-inf")), 3, 2), c=conv(8, 8)), X)
    block("dilated", nn.Sequential(conv(8, 8, p=2, dilation=2), nn.ReLU()), X)
    block("deconv_output_padding", nn.ConvTranspose2d(8, 6, 3, 2, 1, output_padding=1), X)
    block("deconv_size", Fn(lambda m, x: m.c(x, output_size=(18, 20)), c=nn.ConvTranspose2d(8, 6, 3, 2, 1)), X)
    block("deconv_depthwise", nn.ConvTranspose2d(8, 8, 4, 2, 1, groups=8, bias=False), X)
    up = lambda f: Fn(lambda m, x: m.b(f(m.a(x))), a=conv(8, 8), b=conv(8, 6, k=1))
    ways = "ts@10 ts@11 ts dynamo dynamo-raw ts-dyn dynamo-dyn"
    block("nearest_x2", up(lambda y: F.interpolate(y, scale_factor=2)), X, ways=ways, dyn=SPACE)
    block("nearest_size", up(lambda y: F.interpolate(y, size=(18, 20))), X, ways="ts@11 ts dynamo dynamo-raw", dyn=SPACE)
    block("nearest_exact", up(lambda y: F.interpolate(y, scale_factor=2, mode="nearest-exact")), X, ways="dynamo dynamo-raw")
    block("bilinear_x2", up(lambda y: F.interpolate(y, scale_factor=2, mode="bilinear")), X, ways="ts@11 ts dynamo dynamo-raw ts-dyn dynamo-dyn", dyn=SPACE)
    block("bilinear_corners", up(lambda y: F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=True)), X, ways="ts@11 ts dynamo dynamo-raw", dyn=SPACE)
    block("bilinear_size", up(lambda y: F.interpolate(y, size=(13, 17), mode="bilinear")), X, ways="ts dynamo dynamo-raw", dyn=SPACE)
    block("bilinear_antialias", up(lambda y: F.interpolate(y, size=(4, 5), mode="bilinear", antialias=True)), X, ways="ts@18 dynamo dynamo-raw")
    block("bicubic_x2", up(lambda y: F.interpolate(y, scale_factor=2, mode="bicubic")), X, ways="ts dynamo dynamo-raw")
    block("upsample_module", nn.Sequential(conv(8, 8), nn.Upsample(scale_factor=2, mode="nearest"), conv(8, 4)), X)
    block("upsample_repeat", up(lambda y: y.repeat_interleave(2, 2).repeat_interleave(2, 3)), X, ways="ts dynamo")
    block("upsample_expand", up(lambda y: y[:, :, :, None, :, None].expand(-1, -1, -1, 2, -1, 2).reshape(1, 8, 18, 20)), X, ways="ts dynamo dynamo-raw")
    block("fpn", Fn2(lambda m, x, y: m.c(F.interpolate(m.a(x), size=y.shape[2:], mode="nearest") + m.b(y)), a=conv(8, 6, k=1), b=conv(8, 6, k=1), c=conv(6, 6)), (1, 8, 5, 5), (1, 8, 10, 10), ways="ts ts-raw dynamo ts-dyn dynamo-dyn",
          dyn={"x": {2: "h", 3: "w"}, "y": {2: "H", 3: "W"}})
    block("pixel_shuffle", nn.Sequential(conv(8, 16), nn.PixelShuffle(2), conv(4, 4)), X)
    block("pixel_shuffle_view", Fn(lambda m, x: m.b(m.a(x).view(1, 4, 2, 2, 9, 10).permute(0, 1, 4, 2, 5, 3).reshape(1, 4, 18, 20)), a=conv(8, 16), b=conv(4, 4)), X, ways="ts dynamo dynamo-raw")
    block("pixel_unshuffle", nn.Sequential(conv(8, 4), nn.PixelUnshuffle(2), conv(16, 4)), (1, 8, 8, 10))


def deformable():
    from torchvision.ops import deform_conv2d

    def symbolic(g, x, w, offset, mask, bias, sh, sw, ph, pw, dh, dw, groups, offset_groups, use_mask):
        from torch.onnx import symbolic_helper as h
        get = lambda v: h._get_const(v, "i", "v")
        ins = [x, w, offset, bias]
        if h._get_const(use_mask, "b", "use_mask"):
            ins.append(mask)
        k = w.type().sizes()[2:]
        return g.op("DeformConv", *ins, dilations_i=[get(dh), get(dw)], group_i=get(groups), kernel_shape_i=k, offset_group_i=get(offset_groups),
                    pads_i=[get(ph), get(pw), get(ph), get(pw)], strides_i=[get(sh), get(sw)])

    torch.onnx.register_custom_op_symbolic("torchvision::deform_conv2d", symbolic, 19)
    off = lambda g: nn.Conv2d(8, 18 * g, 3, padding=1)
    w = lambda o, i: nn.Parameter(torch.zeros(o, i, 3, 3))
    ways = "ts@19 ts-raw@19 dynamo@19 dynamo-raw@19"
    block("deform_v1", Fn(lambda m, x: F.relu(deform_conv2d(x, m.o(x), m.w, m.b, padding=1)), o=off(1), w=w(6, 8), b=nn.Parameter(torch.zeros(6))), X, ways=ways)
    block("deform_v2", Fn(lambda m, x: deform_conv2d(x, m.o(x), m.w, m.b, padding=1, mask=torch.sigmoid(m.k(x))), o=off(1), k=nn.Conv2d(8, 9, 3, padding=1), w=w(6, 8), b=nn.Parameter(torch.zeros(6))), X, ways=ways)

    def one(m, x):
        o1, o2, k = torch.chunk(m.o(x), 3, 1)
        return deform_conv2d(x, torch.cat((o1, o2), 1), m.w, None, padding=1, mask=torch.sigmoid(k))

    block("deform_v2_chunk", Fn(one, o=nn.Conv2d(8, 27, 3, padding=1), w=w(6, 8)), X, ways=ways)
    block("deform_groups", Fn(lambda m, x: deform_conv2d(x, m.o(x), m.w, m.b, padding=1), o=off(2), w=w(6, 4), b=nn.Parameter(torch.zeros(6))), X, ways=ways)
    block("deform_bn", Fn(lambda m, x: F.relu(m.n(deform_conv2d(x, m.o(x), m.w, None, padding=1))), o=off(1), w=w(6, 8), n=nn.BatchNorm2d(6)), X, ways=ways)


def files():
    m = lambda: nn.Sequential(conv(8, 12, bias=False), nn.BatchNorm2d(12), nn.ReLU(), conv(12, 4, k=1))
    block("initializers_are_inputs", m(), X, ways="ts-init ts-init-raw")
    block("external_data", m(), X, ways="dynamo-ext")
    block("weight_norm", nn.utils.parametrizations.weight_norm(conv(8, 8)), X, ways="ts ts-raw dynamo dynamo-raw")
    block("weight_norm_old", nn.utils.weight_norm(conv(8, 8)), X, ways="ts ts-raw dynamo dynamo-raw")

    class WSConv(nn.Conv2d):
        def forward(self, x):
            w = self.weight
            w = w - w.mean((1, 2, 3), keepdim=True)
            w = w / (w.std((1, 2, 3), keepdim=True) + 1e-5)
            return F.conv2d(x, w, self.bias, self.stride, self.padding)

    block("weight_standardized", WSConv(8, 8, 3, padding=1), X)
    block("l2_normalized", Fn(lambda m, x: F.normalize(m.a(m.c(x).mean((2, 3))), dim=1), c=conv(8, 8), a=nn.Linear(8, 6)), X)
    block("gem", Fn(lambda m, x: F.avg_pool2d(F.relu(m.c(x)).clamp(min=1e-2).pow(3), (9, 10)).pow(1 / 3), c=conv(8, 8)), X)
    block("dropout", nn.Sequential(conv(8, 8), nn.Dropout2d(0.2), nn.ReLU(), nn.Dropout(0.1), conv(8, 4)), X)
    block("identity", nn.Sequential(nn.Identity(), conv(8, 8), nn.Identity(), nn.Identity(), nn.ReLU(), conv(8, 4), nn.Identity()), X)
    block("shared_conv", Fn(lambda m, x: m.b(F.relu(m.a(F.relu(m.a(x))))), a=conv(8, 8), b=conv(8, 4)), X)
    block("two_outputs", Fn(lambda m, x: (lambda y: (m.b(y), y))(F.relu(m.a(x))), a=conv(8, 8), b=conv(8, 4)), X)
    block("two_inputs", Fn2(lambda m, x, y: m.b(torch.cat([F.relu(m.a(x)), y], 1)), a=conv(8, 8), b=conv(12, 4)), X, (1, 4, 9, 10))
    block("symbolic_space", m(), X, ways="ts-dyn dynamo-dyn", dyn=ALL)
    block("squeeze_if", Fn(lambda m, x: m.a(F.adaptive_avg_pool2d(m.c(x), 1).squeeze()[None]), c=conv(8, 8), a=nn.Linear(8, 4)), X, ways="ts ts-dyn dynamo", dyn=SPACE)
    block("half_weights", Fn(lambda m, x: m.b(F.relu(m.a(x.half()))).float(), a=conv(8, 8).half(), b=conv(8, 4).half()), X, ways="ts dynamo dynamo-raw")


with torch.no_grad():
    only = sys.argv[2:]
    for f in (order, activations, excite, moves, spaces, deformable, files):
        if not only or f.__name__ in only:
            f()
store.done()
