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
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CPU = {"a53": "cortex-a53", "a72": "cortex-a72", "a76": "cortex-a76"}
SYMBOLS = r"edgerun/(kernels|runtime|internal/requant)"
# What the Go runtime does for the kernels: moves and zeroes memory.
MOVES = r"^runtime\.(mem(move|clr)|duff)"


def macs_of(armbench, layer):
    out = subprocess.run(["qemu-aarch64", armbench, "-v", "-tier", "generic", layer, "0"],
                         capture_output=True, text=True, check=True).stdout
    return sum(int(m) for m in re.findall(r"(\d+) MACs", out))


def cycles(armcost, armbench, layer, core, runs):
    cmd = [os.path.join(armcost, "armcost.py"), "--go", "--sym", SYMBOLS + "|" + MOVES, "--cpu", CPU[core], "--cores", CPU[core],
           "--diff", runs, "--json", "-", "--", armbench, layer, "{n}"]
    p = subprocess.run(cmd, capture_output=True, text=True)
    if p.returncode:
        sys.exit("%s on %s: %s" % (layer, core, p.stderr.strip()))
    return json.loads(p.stdout)["cycles"][CPU[core]]


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
        rows.append((name, int(elements or 0), dict(zip(CPU, map(float, peer)))))
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        macs = list(pool.map(lambda r: r[1] or macs_of(args.armbench, r[0]), rows))
        cells = {(i, c): pool.submit(cycles, args.armcost, args.armbench, r[0], c, args.runs)
                 for i, r in enumerate(rows) for c in cores}
        print("| layer | " + " | ".join(c.upper() for c in cores) + " |")
        print("|---|" + "---:|" * len(cores))
        for i, (name, elements, peer) in enumerate(rows):
            out = []
            for c in cores:
                n = cells[i, c].result()
                ours = n / elements if elements else macs[i] / n
                ratio = peer[c] / ours if elements else ours / peer[c]
                out.append("%.2f / %.2f (%.2f)" % (ours, peer[c], ratio))
            print("| %s | %s |" % (name, " | ".join(out)), flush=True)


main()
