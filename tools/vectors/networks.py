#!/usr/bin/env python3
"""Runs the trained networks of ../shared/data/models/onnx in ONNX Runtime and
stores samples of their outputs for internal/interp's TestNetworks.

    pip install onnxruntime onnx numpy
    python3 tools/vectors/networks.py ../shared/data/models/onnx internal/interp/testdata/networks

Inputs are not stored: both sides compute the same pattern (see pattern).
"""
import json, os, sys
import numpy as np
import onnx
import onnxruntime as ort

KEEP = 2048  # stored values per output, evenly spaced

SHAPES = {"ppocr_mobile_v2_cls": {"x": [1, 3, 48, 192]}}


def pattern(n, lo, hi):
    """Noise on a slow wave, from integers only: the same in every language."""
    i = np.arange(n, dtype=np.uint64)
    h = (i * np.uint64(2654435761) + np.uint64(12345)) & np.uint64(0xFFFFFFFF)
    h ^= h >> np.uint64(15)
    h = (h * np.uint64(2246822519)) & np.uint64(0xFFFFFFFF)
    noise = (h >> np.uint64(16)).astype(np.int64)            # 16 bits
    wave = ((i // np.uint64(7)) % np.uint64(512)).astype(np.int64)
    wave = np.where(wave < 256, wave, 511 - wave) * 256      # 16 bits
    q = (noise + 3 * wave) // 4                              # 16 bits
    return (lo + (hi - lo) * (q.astype(np.float64) / 65535)).astype(np.float32)


def main(src, dst):
    os.makedirs(dst, exist_ok=True)
    table = {}
    for f in sorted(os.listdir(src)):
        if not f.endswith(".onnx"):
            continue
        name = f[:-5]
        path = os.path.join(src, f)
        model = onnx.load(path)
        init = {t.name for t in model.graph.initializer}
        feeds = {}
        entry = {"inputs": {}, "outputs": {}}
        for v in model.graph.input:
            if v.name in init:
                continue
            shape = SHAPES.get(name, {}).get(v.name) or [d.dim_value or 1 for d in v.type.tensor_type.shape.dim]
            lo, hi = (-1.0, 1.0)
            feeds[v.name] = pattern(int(np.prod(shape)), lo, hi).reshape(shape)
            entry["inputs"][v.name] = {"shape": shape, "lo": lo, "hi": hi}
        so = ort.SessionOptions()
        so.log_severity_level = 4
        so.intra_op_num_threads = 1
        sess = ort.InferenceSession(path, so, providers=["CPUExecutionProvider"])
        blobs = []
        for o, v in zip(sess.get_outputs(), sess.run(None, feeds)):
            flat = v.astype(np.float32).ravel()
            step = max(1, -(-flat.size // KEEP))
            entry["outputs"][o.name] = {
                "shape": list(v.shape), "step": step,
                "min": float(flat.min()), "max": float(flat.max()),
                "sum": float(flat.astype(np.float64).sum()),
            }
            blobs.append(flat[::step])
        np.concatenate(blobs).astype("<f4").tofile(os.path.join(dst, name + ".f32"))
        table[name] = entry
        print(name, entry["outputs"])
    meta = {"onnxruntime": ort.__version__, "networks": table}
    with open(os.path.join(dst, "networks.json"), "w") as fh:
        json.dump(meta, fh, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
