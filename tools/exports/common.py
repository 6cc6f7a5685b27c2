"""What the scripts of this directory share: seeded numbers that compress well,
and the files that pack.py puts together.

A model is stored as NAME.onnx (and NAME.onnx.data, if its weights lie outside)
with NAME.npz, which holds its inputs ("in:" and the name) and what ONNX Runtime
makes of them ("out:").
"""
import os, sys, zlib
import numpy as np
import onnx
import onnxruntime as ort


def rng(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def grid(a, step=1 / 64):
    """Multiples of step: they take few bytes, and every exporter keeps them."""
    return (np.round(np.asarray(a, np.float64) / step) * step).astype(np.float32)


def data(*shape, which=0, scale=1.0):
    """An input. It depends on its shape only, as weights do: what stands in the
    archive already takes no room."""
    return grid(rng("data %s %s" % (shape, which)).normal(size=shape) * scale, 1 / 16)


def round_off(a):
    """Without the bits below 2^-17 of the largest element."""
    if a.dtype != np.float32 or not a.size or not np.abs(a).max() > 0:
        return a
    return grid(a, 2.0 ** (np.floor(np.log2(np.abs(a).max())) - 17))


def strip(m):
    """Drops what says nothing about the network: stack traces, documentation."""
    m.doc_string = ""
    del m.metadata_props[:]

    def graph(g):
        g.doc_string = ""
        del g.metadata_props[:], g.value_info[:]
        for v in list(g.input) + list(g.output):
            v.doc_string = ""
            del v.metadata_props[:]
        for t in g.initializer:
            t.doc_string = ""
            del t.metadata_props[:]
        for n in g.node:
            n.doc_string = ""
            del n.metadata_props[:]
            for a in n.attribute:
                a.doc_string = ""
                if a.HasField("g"):
                    graph(a.g)

    graph(m.graph)
    for f in m.functions:
        f.doc_string = ""
        del f.metadata_props[:], f.value_info[:]
        for n in f.node:
            n.doc_string = ""
            del n.metadata_props[:]
    return m


class Store:
    """Collects models in a directory and says what failed."""

    def __init__(self, out):
        self.out = out
        self.failed, self.count = [], 0
        os.makedirs(out, exist_ok=True)

    def path(self, name):
        p = os.path.join(self.out, name + ".onnx")
        os.makedirs(os.path.dirname(p), exist_ok=True)
        return p

    def finish(self, name, inputs):
        """Runs NAME.onnx, which an exporter has written, on a list of arrays or
        a dict of them."""
        p = self.path(name)
        outside = os.path.exists(p + ".data")
        m = strip(onnx.load(p, load_external_data=False))
        onnx.save(m, p)
        so = ort.SessionOptions()
        so.log_severity_level = 4
        so.intra_op_num_threads = 1
        so.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        s = ort.InferenceSession(p, so, providers=["CPUExecutionProvider"])
        init = {t.name for t in m.graph.initializer}
        names = [i.name for i in s.get_inputs() if i.name not in init]
        if not isinstance(inputs, dict):
            inputs = dict(zip(names, inputs))
        got = s.run(None, inputs)
        arrays = {"in:" + k: v for k, v in inputs.items()}
        arrays.update({"out:" + o.name: round_off(v) for o, v in zip(s.get_outputs(), got)})
        np.savez(p[:-5] + ".npz", **arrays)
        self.count += 1
        return outside

    def attempt(self, name, export, inputs):
        try:
            export(self.path(name))
            self.finish(name, inputs)
        except Exception as e:
            for f in (self.path(name), self.path(name) + ".data"):
                if os.path.exists(f):
                    os.remove(f)
            why = str(e).strip().replace("\n", " ")
            self.failed.append(name)
            print("FAILED %s: %s: %s" % (name, type(e).__name__, why[:300]))

    def done(self):
        print("%d models, %d failed" % (self.count, len(self.failed)))
        sys.stdout.flush()
