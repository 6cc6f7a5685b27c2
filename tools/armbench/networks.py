#!/usr/bin/env python3
"""Prices whole networks and prints them beside the peers' figures.

    CGO_ENABLED=0 GOARCH=arm64 go build -o edgerun_arm64 ./cmd/edgerun
    edgerun zoo mobilenet_v1 --samples 1 -o DIR/mobilenet_v1.erm     and so on, for every network
    tools/armbench/networks.py [--only REGEX] [--cores a53,a72,a76] [--symbols] ARMCOST_DIR ./edgerun_arm64 DIR

Millions of modelled cycles, from input bytes to output bytes, one thread, as a
difference of runs, and the best peer's divided by ours. --symbols prints where the
cycles go behind that, in percent.
"""
import argparse
import concurrent.futures
import os
import re

import measure

# The lower of XNNPACK (x, commit 75db3c093b6d, sum of its operators) and ncnn (n, whole
# network), millions of cycles by armcost.
PEERS = {
    "mobilenet_v1": {"a53": (172, "x"), "a72": (85.5, "n"), "a76": (27.5, "x")},
    "mobilenet_v2": {"a53": (123.5, "x"), "a72": (56.4, "x"), "a76": (22.3, "x")},
    "mobilenet_v3_large": {"a53": (92.1, "x"), "a72": (43.4, "x"), "a76": (18.8, "x")},
    "efficientnet_lite0": {"a53": (148, "x"), "a72": (68.7, "x"), "a76": (27.7, "x")},
    "shufflenet_v2": {"a53": (57.5, "x"), "a72": (26.6, "x"), "a76": (9.2, "x")},
    "inception_v1": {"a53": (405, "n"), "a72": (221, "n"), "a76": (59.9, "x")},
    "inception_v3": {"a53": (1425, "x"), "a72": (750, "x"), "a76": (193, "x")},
    "resnet50": {"a53": (867, "n"), "a72": (454, "n"), "a76": (148, "x")},
    "vgg16": {"a53": (1439, "n"), "a72": (1150, "n"), "a76": (509, "x")},
    "se_resnet50": {}, "dcn_resnet50": {}, "wavenet": {}, "fcn8s_vgg16": {},
}


def cell(ours, peer):
    text = "%.1f" % (ours / 1e6) if ours < 100e6 else "%.0f" % (ours / 1e6)
    return text + (" / %g %s (%.2f)" % (*peer, peer[0] * 1e6 / ours) if peer else "")


def symbols(answer, core):
    """The symbols with at least a hundredth of the cycles."""
    total = answer["cycles"][measure.CORES[core]]
    shares = [(s["cycles"][measure.CORES[core]] / total, name) for name, s in answer["symbols"].items()]
    short = lambda name: re.sub(r"^.*/", "", name).removesuffix(".abi0").removeprefix("arm64.")
    return ", ".join("%s %.1f" % (short(name), 100 * x) for x, name in sorted(shares, reverse=True) if x >= 0.01)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--only", default="", help="networks that match this regular expression")
    ap.add_argument("--cores", default="a53,a72,a76")
    ap.add_argument("--symbols", action="store_true")
    ap.add_argument("--jobs", type=int, default=2)
    for name in ("armcost", "edgerun_arm64", "dir"):
        ap.add_argument(name)
    args = ap.parse_args()
    cores = [measure.core(c) for c in args.cores.split(",")]
    names = [n for n in PEERS if re.search(args.only, n)]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        jobs = {}
        for n in names:
            path = os.path.join(args.dir, n + ".erm")
            if not os.path.exists(path):
                raise SystemExit("there is no %s; make it with edgerun zoo %s --samples 1 -o %s" % (path, n, path))
            jobs[n] = [(g, pool.submit(measure.run, args.armcost, g, "1,2", measure.bench(args.edgerun_arm64, path))) for g in measure.tiers(cores)]
        print("| network | " + " | ".join(c.upper() for c in cores) + " |")
        print("|---|" + "---:|" * len(cores))
        where = []
        for n in names:
            answers = {c: job.result() for g, job in jobs[n] for c in g}
            out = [cell(answers[c]["cycles"][measure.CORES[c]], PEERS[n].get(c)) for c in cores]
            print("| %s | %s |" % (n, " | ".join(out)), flush=True)
            where += ["| %s | %s | %s |" % (n, c.upper(), symbols(answers[c], c)) for c in cores]
        if args.symbols:
            print("\n| network | core | % of the cycles |\n|---|---|---|\n" + "\n".join(where))


main()
