#!/usr/bin/env python3
"""Packs what the *_blocks.py scripts have written into the archive that quant's
TestExports reads:

    pack.py OUT quant/testdata/exports.tar.gz

For every model it holds NAME.onnx, NAME.onnx.data if its weights lie outside, and
NAME.npz.json: the inputs and outputs as [[name, type as in TensorProto, shape,
file], …], where the file holds the elements, little-endian. Exports of one block
stand together and share files: outputs that are within 1e-5 of those of the first
of them are not stored again, nor are models that differ from another one of the
block in names only.
"""
import gzip, io, json, os, sys, tarfile
import numpy as np
import onnx
from onnx import helper


def spelling(path):
    """The network without its names."""
    m = onnx.load(path, load_external_data=False)
    m.producer_name = m.producer_version = ""
    names = {"": ""}

    def rename(graph):
        graph.name = ""
        lists = [graph.input, graph.initializer]
        for v in [v for l in lists for v in l]:
            v.name = names.setdefault(v.name, "v%d" % len(names))
        for n in graph.node:
            n.name = ""
            for l in n.input, n.output:
                for i, v in enumerate(l):
                    l[i] = names.setdefault(v, "v%d" % len(names))
            for a in n.attribute:
                if a.HasField("g"):
                    rename(a.g)
        for v in graph.output:
            v.name = names.setdefault(v.name, "v%d" % len(names))
        order = sorted(graph.initializer, key=lambda t: t.name)
        del graph.initializer[:]
        graph.initializer.extend(order)

    rename(m.graph)
    return m.SerializeToString()


def main(out, dst):
    found = {}
    for top in os.listdir(out):
        for d, _, files in os.walk(os.path.join(out, top)):
            for f in files:
                if f.endswith(".onnx") and os.path.exists(os.path.join(d, f[:-5] + ".npz")):
                    name = os.path.relpath(os.path.join(d, f[:-5]), os.path.join(out, top))
                    assert name not in found, name
                    found[name] = os.path.join(d, f[:-5])
    raw = io.BytesIO()
    tar = tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT)

    def add(name, data):
        i = tarfile.TarInfo(name)
        i.size = len(data)
        tar.addfile(i, io.BytesIO(data))

    stored, seen = {}, set()
    for name in sorted(found):
        p, block = found[name], name.split("/")[0]
        key = (block, spelling(p + ".onnx"))
        if key in seen:
            continue
        seen.add(key)
        z = np.load(p + ".npz")
        rec = {"In": [], "Out": []}
        for k in z.files:
            a, side = z[k], "In" if k.startswith("in:") else "Out"
            known = stored.setdefault(block, [])
            for b, file in known:
                if a.shape == b.shape and a.dtype == b.dtype and np.allclose(a, b, rtol=0, atol=1e-5 * max(1, np.abs(b).max(initial=0))):
                    break
            else:
                file = "%s/%d" % (block, len(known))
                known.append((a, file))
                add(file, np.ascontiguousarray(a).tobytes())
            rec[side].append([k.split(":", 1)[1], int(helper.np_dtype_to_tensor_dtype(a.dtype)), list(a.shape), file])
        add(name + ".onnx", open(p + ".onnx", "rb").read())
        if os.path.exists(p + ".onnx.data"):
            add(name + ".onnx.data", open(p + ".onnx.data", "rb").read())
        add(name + ".json", json.dumps(rec, separators=(",", ":")).encode())
    tar.close()
    z = gzip.compress(raw.getvalue(), 9, mtime=0)
    print(len(found), "models,", len(seen), "of them different,", len(raw.getvalue()), "bytes,", len(z), "compressed")
    with open(dst, "wb") as f:
        f.write(z)


main(*sys.argv[1:])
