#!/usr/bin/env python3
"""Exports whole networks of torchvision or keras.applications, with seeded random
weights and batch-normalization statistics of random pictures:

    networks.py torch OUT      in an environment with torch, torchvision, onnxscript
    networks.py keras OUT      in one with tensorflow, keras, tf2onnx

Writes NAME.onnx, and NAME.npz with 12 pictures ("in", stacked) and what ONNX
Runtime makes of them ("out"). They are too large for the repository;
EDGERUN_EXPORTED_NETWORKS=OUT lets quant's TestExportedNetworks look at them.
"""
import os, sys, warnings
import numpy as np
import onnxruntime as ort

warnings.filterwarnings("ignore")


def pictures(n, size):
    """Smooth noise, [n, 3, size, size], roughly within ±2."""
    r = np.random.default_rng(1)
    x = np.zeros((n, 3, size, size))
    for cells in 2, 4, 8, 16, 32:
        k = np.kron(r.normal(size=(n, 3, cells, cells)), np.ones((-(-size // cells),) * 2))[:, :, :size, :size]
        x += k / cells**0.4
    return (x / x.std()).astype(np.float32)


# What batch normalization adds: with 0, half of everything is cut off by every ReLU,
# and random networks of fifty layers turn any rounding into noise as large as the
# signal, which trained ones do not.
SHIFT = 1.0


def store(path, x):
    so = ort.SessionOptions()
    so.log_severity_level = 4
    s = ort.InferenceSession(path, so, providers=["CPUExecutionProvider"])
    name = s.get_inputs()[0].name
    out = np.concatenate([s.run(None, {name: v[None]})[0] for v in x])
    np.savez(path[:-5] + ".npz", **{"in": x, "out": out})
    print(os.path.basename(path), os.path.getsize(path), "bytes", out.shape, "%.3g to %.3g" % (out.min(), out.max()), flush=True)


def torch_networks(out):
    import contextlib, io
    import torch, torchvision
    from torchvision import models as M

    x = pictures(12, 96)
    for name, kw in dict(mobilenet_v3_small={}, mobilenet_v3_large={}, mobilenet_v2={}, shufflenet_v2_x0_5={}, squeezenet1_1={}, mnasnet0_5={}, resnet18={}, densenet121={}, googlenet=dict(init_weights=True, aux_logits=False),
                         efficientnet_b0={}, regnet_y_400mf={}, inception_v3=dict(init_weights=True, aux_logits=False), resnext50_32x4d={}).items():
        torch.manual_seed(7)
        m = getattr(M, name)(weights=None, num_classes=10, **kw)
        size = 128 if name == "inception_v3" else 96
        v = x if size == 96 else pictures(12, size)
        for b in m.modules():
            if isinstance(b, torch.nn.BatchNorm2d):
                b.momentum = None  # a plain average
                torch.nn.init.constant_(b.bias, SHIFT)
        m.train()
        with torch.no_grad():
            m(torch.from_numpy(pictures(16, size)))
            if name == "squeezenet1_1":
                for p in m.parameters():
                    p.mul_(1.4)
        m.eval()
        for way in "ts", "dynamo":
            path = os.path.join(out, "%s-%s.onnx" % (name, way))
            try:
                with contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
                    kw = dict(input_names=["x"])
                    if way == "ts":
                        torch.onnx.export(m, (torch.from_numpy(v[:1]),), path, dynamo=False, opset_version=17, **kw)
                    else:
                        torch.onnx.export(m, (torch.from_numpy(v[:1]),), path, dynamo=True, opset_version=18, external_data=False, verbose=False, **kw)
                store(path, v)
            except Exception as e:
                print("FAILED", path, str(e)[:200].replace("\n", " "), flush=True)


def keras_networks(out):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import contextlib, io, logging
    import tensorflow as tf, keras, tf2onnx

    logging.disable(logging.WARNING)
    A = keras.applications
    for name, f, size, kw in [
        ("MobileNet", A.MobileNet, 96, dict(alpha=0.25)), ("MobileNetV2", A.MobileNetV2, 96, dict(alpha=0.35)), ("MobileNetV3Small", A.MobileNetV3Small, 96, dict(include_preprocessing=False)),
        ("MobileNetV3Large", A.MobileNetV3Large, 96, dict(include_preprocessing=False)), ("EfficientNetB0", A.EfficientNetB0, 96, {}), ("EfficientNetV2B0", A.EfficientNetV2B0, 96, {}), ("DenseNet121", A.DenseNet121, 96, {}),
        ("NASNetMobile", A.NASNetMobile, 96, {}), ("ResNet50V2", A.ResNet50V2, 96, {}), ("Xception", A.Xception, 96, {}), ("InceptionV3", A.InceptionV3, 96, {}),
    ]:
        try:
            keras.utils.set_random_seed(7)
            m = f(weights=None, input_shape=(size, size, 3), classes=10, classifier_activation=None, **kw)
            x = pictures(12, size).transpose(0, 2, 3, 1)
            y = pictures(16, size).transpose(0, 2, 3, 1)
            for l in m.layers:
                if isinstance(l, keras.layers.BatchNormalization):
                    l.momentum = 0.0
                    if l.center:
                        l.beta.assign(np.full(l.beta.shape, SHIFT, np.float32))
            m(y, training=True)
            path = os.path.join(out, "keras-%s.onnx" % name)
            with contextlib.redirect_stdout(io.StringIO()):
                m.export(path, format="onnx", verbose=False)
            store(path, np.ascontiguousarray(x))
        except Exception as e:
            print("FAILED", name, str(e)[:200].replace("\n", " "), flush=True)


os.makedirs(sys.argv[2], exist_ok=True)
{"torch": torch_networks, "keras": keras_networks}[sys.argv[1]](sys.argv[2])
