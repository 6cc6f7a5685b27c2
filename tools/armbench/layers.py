#!/usr/bin/env python3
"""Prices a network and every one of its operators.

    tools/armbench/layers.py [--cores a53,a72,a76] ARMCOST_DIR ./armbench ./armbench_arm64 ./edgerun_arm64 NET.erm

ARMCOST_DIR is the directory of armcost, armbench a binary for this machine (it cuts
the network), the others are for arm64. make armcost does all that. Every operator
runs alone, on zeros, where its tensors lie in the network; those of equal shapes and
kernels are priced once. One thread; thousands of
modelled cycles, as a difference of runs. "edges" is what is left of the whole
network: float32 inputs to int8, outputs to float32.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import tempfile

import measure


def kernel_of(armbench, cpu, path):
    out = subprocess.run(["qemu-aarch64", "-cpu", cpu, armbench, "-v", path, "0"], capture_output=True, text=True, check=True).stdout
    return re.match(r"\S+: (.*), \d+ MACs", out).group(1)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--cores", default="a53,a72,a76")
    ap.add_argument("--jobs", type=int, default=2)
    for name in ("armcost", "armbench", "armbench_arm64", "edgerun_arm64", "net"):
        ap.add_argument(name)
    args = ap.parse_args()
    cores = [measure.core(c) for c in args.cores.split(",")]
    groups = measure.tiers(cores)
    with tempfile.TemporaryDirectory() as tmp, concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        cut = subprocess.run([args.armbench, "-cut", tmp, args.net], capture_output=True, text=True)
        if cut.returncode:
            raise SystemExit(cut.stderr.strip())
        steps = [line.split("\t") for line in cut.stdout.splitlines()]
        whole = [pool.submit(measure.group, args.armcost, g, "1,2", measure.bench(args.edgerun_arm64, args.net)) for g in groups]
        jobs, priced = [], {}
        for step in steps:
            path = os.path.join(tmp, "%03d.erm" % int(step[0]))
            job = []
            for i, g in enumerate(groups):
                kernel = kernel_of(args.armbench_arm64, measure.CPU[g[0]], path)
                key = (step[5], kernel, i)
                if key not in priced:
                    priced[key] = pool.submit(measure.group, args.armcost, g, "1,2", [args.armbench_arm64, path, "{n}"])
                job.append((kernel, priced[key]))
            jobs.append(job)
        form = "%4s  %-16s %-14s %12s" + "  %10s %6s" * len(cores) + "  %s"
        head = [x for c in cores for x in (measure.CORES[c].removeprefix("cortex-"), "MAC/c")]
        print(form % ("", "operator", "output", "MACs", *head, "kernels"), flush=True)
        total = dict.fromkeys(cores, 0.0)
        for step, job in zip(steps, jobs):
            n = {c: v for _, j in job for c, v in j.result().items()}
            macs = int(step[4])
            cells = []
            for c in cores:
                total[c] += n[c]
                cells += ["%.1f" % (n[c] / 1e3), "%.2f" % (macs / n[c]) if macs and n[c] else "-"]
            kernels = list(dict.fromkeys(k for k, _ in job))
            print(form % (step[0], step[1], step[3], step[4], *cells, ", ".join(kernels)), flush=True)
        all_of = {c: v for j in whole for c, v in j.result().items()}
        blank = lambda d: [x for c in cores for x in ("%.1f" % (d[c] / 1e3), "")]
        print(form % ("", "edges", "", "", *blank({c: all_of[c] - total[c] for c in cores}), ""))
        print(form % ("", "whole network", "", sum(int(s[4]) for s in steps), *blank(all_of), ""))


main()
