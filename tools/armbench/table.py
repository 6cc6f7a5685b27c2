#!/usr/bin/env python3
"""Prices the layers of layers.csv and prints them beside the peer's figures.

    CGO_ENABLED=0 GOARCH=arm64 go build -o armbench ./tools/armbench
    tools/armbench/table.py [--only REGEX] [--cores a53,a72,a76] ARMCOST_DIR ./armbench

A cell is ours / the peer's: MACs per modelled cycle, or cycles per element, and
the ratio, above 1 where ours is faster. One thread; the cycles are those of the
kernels and the Go code of a session around them, as a difference of runs.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess

import measure

HERE = os.path.dirname(os.path.abspath(__file__))
CORES = ("a53", "a72", "a76")  # the columns of layers.csv


def macs_of(armbench, layer):
    out = subprocess.run(["qemu-aarch64", armbench, "-v", "-tier", "generic", layer, "0"],
                         capture_output=True, text=True, check=True).stdout
    return sum(int(m) for m in re.findall(r"(\d+) MACs", out))


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--only", default="", help="layers that match this regular expression")
    ap.add_argument("--cores", default="a53,a72,a76")
    ap.add_argument("--runs", default="1,3")
    ap.add_argument("--jobs", type=int, default=2)
    ap.add_argument("armcost")
    ap.add_argument("armbench")
    args = ap.parse_args()
    cores = args.cores.split(",")
    rows = []
    for line in open(os.path.join(HERE, "layers.csv")):
        if line.startswith("#") or not line.strip() or not re.search(args.only, line.split("|")[0]):
            continue
        name, elements, *peer = line.strip().split("|")
        rows.append((name, int(elements or 0), dict(zip(CORES, map(float, peer)))))
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        macs = list(pool.map(lambda r: r[1] or macs_of(args.armbench, r[0]), rows))
        cells = {(i, c): pool.submit(measure.cycles, args.armcost, [c], args.runs, [args.armbench, r[0], "{n}"])
                 for i, r in enumerate(rows) for c in cores}
        print("| layer | " + " | ".join(c.upper() for c in cores) + " |")
        print("|---|" + "---:|" * len(cores))
        for i, (name, elements, peer) in enumerate(rows):
            out = []
            for c in cores:
                n = cells[i, c].result()[c]
                ours = n / elements if elements else macs[i] / n
                ratio = peer[c] / ours if elements else ours / peer[c]
                out.append("%.2f / %.2f (%.2f)" % (ours, peer[c], ratio))
            print("| %s | %s |" % (name, " | ".join(out)), flush=True)


main()
