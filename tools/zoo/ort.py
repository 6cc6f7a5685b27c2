"""Checks an ONNX file, runs it in ONNX Runtime and prints how far another
engine's output is from it, in dB.

    ort.py MODEL.onnx INPUTS.npz OUTPUT.npy
"""
import sys

import numpy as np
import onnx
import onnxruntime as ort

model, inputs, output = sys.argv[1:]
onnx.checker.check_model(model, full_check=True)
options = ort.SessionOptions()
options.log_severity_level = 3
session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
want = session.run(None, {session.get_inputs()[0].name: np.load(inputs)["x"][:1]})[0].astype(np.float64)
got = np.load(output)
assert got.shape == want.shape, (got.shape, want.shape)
error = np.sum((got - want) ** 2)
print("%.1f" % (10 * np.log10(np.sum(want**2) / max(error, 1e-300))))
