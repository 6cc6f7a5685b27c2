#!/usr/bin/env python3
"""Trains the network that `edgerun demo` embeds, on Fashion-MNIST, and writes
it with its sample images to --out.

    apt-get install dataset-fashion-mnist
    pip install torch onnx onnxruntime
    nice python3 tools/demo/train.py --data /usr/share/datasets/fashion-mnist --out cmd/edgerun/demo

The same versions, seed, thread count and CPU type give the same model.onnx.
README.md beside this file describes the network and the recorded run.
"""
import argparse
import gzip
import os
import platform
import sys
import time

import numpy as np
import onnx
import onnxruntime as ort
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from torch import nn

CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
BATCH, LR, WEIGHT_DECAY, SMOOTHING = 128, 4e-3, 0.02, 0.05
DEMO, CALIB = 400, 100  # embedded test images, embedded training images


# --- ONNX ------------------------------------------------------------------

class Graph:
    """Collects ONNX nodes and one table row per module.

    Every module below has emit(graph, value, name), its forward in ONNX.
    The graph is written by hand because torch has no deformable convolution to
    export, and because the names chosen here are what edgerun's reports print.
    """

    def __init__(self):
        self.nodes, self.weights, self.rows = [], [], []
        self.size = {}  # value -> (channels, height, width)

    def weight(self, name, tensor):
        self.weights.append(numpy_helper.from_array(tensor.detach().numpy().copy(), name))
        return name

    def node(self, op, inputs, name, out=None, **attrs):
        out = out or [name]
        self.nodes.append(helper.make_node(op, inputs, out, name=name, **attrs))
        self.size.update((o, self.size[inputs[0]]) for o in out)
        return out[0]

    def conv(self, op, inputs, name, conv, **attrs):
        """A Conv or DeformConv node with the parameters of nn.Conv2d conv."""
        k, stride, pad, dil = conv.kernel_size, conv.stride, conv.padding, conv.dilation
        out = self.node(op, inputs, name, kernel_shape=k, strides=stride, pads=pad * 2, dilations=dil,
                        group=conv.groups, **attrs)
        _, h, w = self.size[inputs[0]]
        h, w = ((n + 2 * p - d * (f - 1) - 1) // s + 1 for n, p, d, f, s in zip((h, w), pad, dil, k, stride))
        self.size[out] = (conv.out_channels, h, w)
        self.row(out, op, conv, h * w * conv.weight.numel())
        return out

    def row(self, out, op, module, macs):
        c, h, w = self.size[out]
        params = sum(p.numel() for p in module.parameters(recurse=False))
        self.rows.append((out, op, f"{c}x{h}x{w}", params, macs))


class Conv(nn.Conv2d):
    """Convolution that keeps the size when stride is 1."""

    def __init__(self, cin, cout, k=1, stride=1, dilation=1, groups=1, bias=False):
        super().__init__(cin, cout, k, stride, dilation * (k // 2), dilation, groups, bias)

    def emit(self, g, x, name):
        inputs = [x, g.weight(name + ".weight", self.weight)]
        if self.bias is not None:
            inputs.append(g.weight(name + ".bias", self.bias))
        return g.conv("Conv", inputs, name, self)


class DeformConv(Conv):
    """Modulated deformable convolution, v2: one convolution predicts, for every
    tap, an offset (y, x) and the logit of a mask. It starts at zero, that is
    as a plain convolution with all its weights halved."""

    def __init__(self, cin, cout, k=3, stride=1):
        super().__init__(cin, cout, k, stride)
        self.k, self.taps = k, k * k
        self.predict = Conv(cin, 3 * self.taps, k, stride, bias=True)
        nn.init.zeros_(self.predict.weight)
        nn.init.zeros_(self.predict.bias)

    def forward(self, x):
        n, c, h, w = x.shape
        p = self.predict(x)
        oh, ow = p.shape[2:]
        offset = p[:, :2 * self.taps].reshape(n, self.taps, 2, oh, ow)
        mask = p[:, 2 * self.taps:].sigmoid().reshape(n, 1, self.taps, oh * ow)
        # Where each tap looks, in pixels, and in grid_sample's [-1, 1]. Training is
        # twice as fast like this as with torchvision's deform_conv2d on a CPU.
        tap, pad, stride = torch.arange(self.k), self.padding[0], self.stride[0]
        ys = offset[:, :, 0] + tap.repeat_interleave(self.k)[:, None, None] + (torch.arange(oh) * stride - pad)[:, None]
        xs = offset[:, :, 1] + tap.repeat(self.k)[:, None, None] + (torch.arange(ow) * stride - pad)
        grid = torch.stack((xs * (2 / (w - 1)) - 1, ys * (2 / (h - 1)) - 1), -1).reshape(n, -1, ow, 2)
        columns = F.grid_sample(x, grid, align_corners=True).reshape(n, c, self.taps, oh * ow) * mask
        return (self.weight.reshape(-1, c * self.taps) @ columns.reshape(n, c * self.taps, -1)).reshape(n, -1, oh, ow)

    def emit(self, g, x, name):
        p = self.predict.emit(g, x, name + "/predict")
        sizes = g.weight(name + "/split.sizes", torch.tensor([2 * self.taps, self.taps]))
        offset, logit = name + "/offset", name + "/mask_logit"
        g.node("Split", [p, sizes], name + "/split", [offset, logit], axis=1)
        mask = g.node("Sigmoid", [logit], name + "/mask")
        inputs = [x, g.weight(name + ".weight", self.weight), offset, "", mask]
        return g.conv("DeformConv", inputs, name, self, offset_group=1)


class Norm(nn.BatchNorm2d):
    def emit(self, g, x, name):
        inputs = [x] + [g.weight(f"{name}.{k}", getattr(self, k)) for k in ("weight", "bias", "running_mean", "running_var")]
        y = g.node("BatchNormalization", inputs, name, epsilon=self.eps)
        g.row(y, "BatchNormalization", self, 0)
        return y


class Act(nn.Module):
    """An activation by its ONNX name."""
    FUNC = {"Relu": F.relu, "HardSwish": F.hardswish, "HardSigmoid": F.hardsigmoid, "Sigmoid": torch.sigmoid}

    def __init__(self, op):
        super().__init__()
        self.op = op

    def forward(self, x):
        return self.FUNC[self.op](x)

    def emit(self, g, x, name):
        attrs = {"alpha": 1 / 6, "beta": 0.5} if self.op == "HardSigmoid" else {}
        return g.node(self.op, [x], name, **attrs)


class Chain(nn.Sequential):
    """Named modules in a row; with residual, the input is added at the end."""

    def __init__(self, residual=False, **modules):
        super().__init__()
        self.residual = residual
        for name, m in modules.items():
            self.add_module(name, m)

    def forward(self, x):
        y = super().forward(x)
        return x + y if self.residual else y

    def emit(self, g, x, name):
        y = x
        for k, m in self.named_children():
            y = m.emit(g, y, f"{name}/{k}" if name else k)
        return g.node("Add", [x, y], name + "/add") if self.residual else y


class SqueezeExcite(nn.Module):
    def __init__(self, channels, mid, gate):
        super().__init__()
        self.reduce, self.expand = Conv(channels, mid, bias=True), Conv(mid, channels, bias=True)
        self.relu, self.gate = Act("Relu"), Act(gate)

    def forward(self, x):
        s = x.mean((2, 3), keepdim=True)
        return x * self.gate(self.expand(self.relu(self.reduce(s))))

    def emit(self, g, x, name):
        s = g.node("GlobalAveragePool", [x], name + "/squeeze")
        g.size[s] = (g.size[x][0], 1, 1)
        for k in ("reduce", "relu", "expand", "gate"):
            s = getattr(self, k).emit(g, s, f"{name}/{k}")
        return g.node("Mul", [x, s], name + "/scale")


class Classifier(nn.Linear):
    """Global average pool and a linear layer."""

    def forward(self, x):
        return super().forward(x.mean((2, 3)))

    def emit(self, g, x, name):
        p = g.node("GlobalAveragePool", [x], name + "/pool")
        g.size[p] = (self.in_features, 1, 1)
        f = g.node("Flatten", [p], name + "/flatten", axis=1)
        y = g.node("Gemm", [f, g.weight(name + ".weight", self.weight), g.weight(name + ".bias", self.bias)],
                   name, ["logits"], transB=1)
        g.size[y] = (self.out_features, 1, 1)
        g.row(y, "Gemm", self, self.weight.numel())
        return y


def network():
    def depthwise(c, multiplier=1, stride=1, dilation=1):
        return Conv(c, c * multiplier, 3, stride, dilation, c)

    return Chain(
        stem=Chain(conv=Conv(1, 16, 3), bn=Norm(16), act=Act("HardSwish")),
        # Depthwise-separable, two filters per input channel.
        block1=Chain(dw=depthwise(16, multiplier=2), dw_bn=Norm(32), dw_act=Act("Relu"),
                     pw=Conv(32, 32), pw_bn=Norm(32), pw_act=Act("Relu")),
        # Depthwise-separable with SE, to 14x14.
        block2=Chain(dw=depthwise(32, stride=2), dw_bn=Norm(32), dw_act=Act("Relu"),
                     se=SqueezeExcite(32, 8, "HardSigmoid"), pw=Conv(32, 40), pw_bn=Norm(40)),
        # Inverted residual, dilated.
        block3=Chain(residual=True,
                     up=Conv(40, 96), up_bn=Norm(96), up_act=Act("HardSwish"),
                     dw=depthwise(96, dilation=2), dw_bn=Norm(96), dw_act=Act("HardSwish"),
                     down=Conv(96, 40), down_bn=Norm(40)),
        # Deformable, to 7x7.
        block4=Chain(deform=DeformConv(40, 56, stride=2), bn=Norm(56), act=Act("HardSwish")),
        # Inverted residual with SE.
        block5=Chain(residual=True,
                     up=Conv(56, 144), up_bn=Norm(144), up_act=Act("HardSwish"),
                     dw=depthwise(144), dw_bn=Norm(144), dw_act=Act("HardSwish"),
                     se=SqueezeExcite(144, 16, "Sigmoid"), down=Conv(144, 56), down_bn=Norm(56)),
        head=Chain(conv=Conv(56, 96), bn=Norm(96), act=Act("HardSwish")),
        classifier=Classifier(96, 10))


def export(net):
    """Returns net as an ONNX model for one image, and the layer table."""
    g = Graph()
    g.size["image"] = (1, 28, 28)
    net.emit(g, "image", "")
    graph = helper.make_graph(
        g.nodes, "edgerun_demo",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 28, 28])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 10])],
        g.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9,
                              producer_name="edgerun tools/demo/train.py")
    model.doc_string = ("The demo network of edgerun, trained on Fashion-MNIST (Zalando SE, MIT licence). "
                        "Input: (pixel - 127.5) / 127.5. Output: logits of the ten classes.")
    onnx.checker.check_model(model, full_check=True)
    return model, g.rows


# --- data ------------------------------------------------------------------

def read_idx(path):
    with gzip.open(path, "rb") as f:
        b = f.read()
    rank = b[3]
    shape = np.frombuffer(b, ">u4", rank, 4)
    return torch.from_numpy(np.frombuffer(b, np.uint8, offset=4 + 4 * rank).reshape(shape).copy())


def write_idx(path, t):
    """t as a gzipped IDX file; without name or time, so that it is reproducible."""
    head = bytes([0, 0, 8, t.ndim]) + np.array(t.shape, ">u4").tobytes()
    with open(path, "wb") as f:
        f.write(gzip.compress(head + t.numpy().tobytes(), 9, mtime=0))


def normalize(pixels):
    """[N, 28, 28] bytes as the network's input, [N, 1, 28, 28] in [-1, 1]."""
    return ((pixels.float() - 127.5) / 127.5)[:, None]


def augment(pixels):
    """Shifts every image of a batch by up to 2 pixels and flips half of them."""
    n = len(pixels)
    at = torch.arange(28)
    y = at + torch.randint(0, 5, (n, 1))
    x = torch.where(torch.rand(n, 1) < 0.5, at, at.flip(0)) + torch.randint(0, 5, (n, 1))
    return F.pad(pixels, (2, 2, 2, 2))[torch.arange(n)[:, None, None], y[:, :, None], x[:, None, :]]


# --- training --------------------------------------------------------------

def train(net, images, labels, epochs):
    # Decay the weights of convolutions and the classifier, not biases or norms.
    params = list(net.parameters())
    opt = torch.optim.AdamW([{"params": [p for p in params if p.ndim > 1], "weight_decay": WEIGHT_DECAY},
                             {"params": [p for p in params if p.ndim == 1], "weight_decay": 0}], lr=LR)
    steps = len(images) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(opt, LR, total_steps=epochs * steps, pct_start=0.1,
                                                   cycle_momentum=False)
    for epoch in range(1, epochs + 1):
        net.train()
        start, total, right = time.time(), 0.0, 0
        for batch in torch.randperm(len(images))[:steps * BATCH].view(steps, BATCH):
            x, y = normalize(augment(images[batch])), labels[batch]
            out = net(x)
            loss = F.cross_entropy(out, y, label_smoothing=SMOOTHING)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            schedule.step()
            total += loss.item()
            right += (out.argmax(1) == y).sum().item()
        print(f"epoch {epoch}/{epochs}: loss {total / steps:.4f}, training accuracy {right / (steps * BATCH):.2%}, "
              f"{time.time() - start:.0f} s", flush=True)


def run_onnx(model, pixels):
    """Logits of the ONNX model, one image at a time, as the demo runs it."""
    opt = ort.SessionOptions()
    opt.intra_op_num_threads = 1
    s = ort.InferenceSession(model.SerializeToString(), opt, providers=["CPUExecutionProvider"])
    x = normalize(pixels).numpy()
    return torch.from_numpy(np.concatenate([s.run(None, {"image": x[i:i + 1]})[0] for i in range(len(x))]))


def main():
    p = argparse.ArgumentParser(description="Train the network of edgerun demo on Fashion-MNIST.")
    p.add_argument("--data", default="/usr/share/datasets/fashion-mnist", help="directory of the four IDX files")
    p.add_argument("--out", required=True, help="directory for model.onnx and the sample images")
    p.add_argument("--epochs", type=int, default=30)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()

    torch.set_num_threads(a.threads)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # costs 15 %; nothing reads such memory
    torch.manual_seed(a.seed)
    sets = {k: read_idx(os.path.join(a.data, k + "-ubyte.gz"))
            for k in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")}
    images, labels, test, truth = sets.values()
    labels, truth = labels.long(), truth.long()

    net = network().to(memory_format=torch.channels_last)  # faster on a CPU
    print(f"torch {torch.__version__}, onnx {onnx.__version__}, "
          f"onnxruntime {ort.__version__}, python {platform.python_version()}, {platform.machine()}, "
          f"{a.threads} threads, seed {a.seed}, {a.epochs} epochs", flush=True)
    start = time.time()
    train(net, images, labels, a.epochs)
    seconds = time.time() - start

    # The last epoch is kept, whatever its score: the test images choose nothing.
    net.eval()
    model, rows = export(net)
    with torch.no_grad():
        want = torch.cat([net(normalize(b)) for b in test.split(500)])
    got = run_onnx(model, test)
    diff = (got - want)[:200].abs().max().item()
    right = got.argmax(1) == truth
    top1, demo = right.float().mean().item(), right[:DEMO].float().mean().item()
    for name, op, shape, params, macs in rows:
        print(f"{name:22} {op:20} {shape:10} {params:7} {macs:9}")
    params, macs = sum(p.numel() for p in net.parameters()), sum(r[4] for r in rows)
    print(f"{params} parameters, {macs} MACs, trained in {seconds:.0f} s")
    print(f"PyTorch: {(want.argmax(1) == truth).float().mean():.2%}; ONNX: {top1:.2%} of {len(test)}, "
          f"{demo:.2%} of the first {DEMO}; largest difference of a logit, 200 images: {diff:.1e}")
    if not diff < 1e-4:
        sys.exit("the ONNX model differs from PyTorch")

    helper.set_model_props(model, {
        "dataset": "Fashion-MNIST, Zalando SE, MIT licence", "classes": ",".join(CLASSES),
        "torch": torch.__version__, "seed": str(a.seed), "epochs": str(a.epochs), "threads": str(a.threads),
        "top1_test_10000": f"{top1:.4f}", f"top1_test_first_{DEMO}": f"{demo:.4f}"})
    os.makedirs(a.out, exist_ok=True)
    onnx.save(model, os.path.join(a.out, "model.onnx"))
    write_idx(os.path.join(a.out, "test-images-idx3-ubyte.gz"), test[:DEMO])
    write_idx(os.path.join(a.out, "test-labels-idx1-ubyte.gz"), truth[:DEMO].to(torch.uint8))
    write_idx(os.path.join(a.out, "calib-images-idx3-ubyte.gz"), images[:CALIB])


if __name__ == "__main__":
    main()
