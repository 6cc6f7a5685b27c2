"""Runs armcost: modelled cycles of one round of a program, as a difference of runs."""
import json
import os
import subprocess
import sys

CORES = {"a53": "cortex-a53", "a55": "cortex-a55", "a57": "cortex-a57", "a72": "cortex-a72", "a76": "cortex-a76", "n1": "neoverse-n1"}
# What the program sees: a CPU that qemu has, of the core's instruction set.
CPU = {"a53": "cortex-a53", "a55": "cortex-a76", "a57": "cortex-a57", "a72": "cortex-a72", "a76": "cortex-a76", "n1": "neoverse-n1"}
# Cores whose kernels are the same are priced from one run.
DOT = {"a55", "a76", "n1"}
# Kernels, the Go code around them, and what the Go runtime does for them: moves and
# zeroes memory.
SYMBOLS = r"edgerun/(kernels|runtime|internal)|^runtime\.(mem(move|clr)|duff)"


def core(name):
    """The short name of a core: cortex-a76 and a76 are the same."""
    short = name.strip().removeprefix("cortex-").removeprefix("neoverse-")
    if short not in CORES:
        sys.exit("%r is no core; there are %s" % (name, ", ".join(CORES)))
    return short


def tiers(cores):
    """Groups of cores that run the same kernels."""
    groups = [[c for c in cores if (c in DOT) == dot] for dot in (False, True)]
    return [g for g in groups if g]


def run(armcost, cores, runs, program):
    """Returns armcost's answer for cores of one tier. {n} in program is the number of rounds."""
    cmd = [os.path.join(armcost, "armcost.py"), "--go", "--sym", SYMBOLS, "--cpu", CPU[cores[0]],
           "--cores", ",".join(CORES[c] for c in cores), "--diff", runs, "--json", "-", "--"] + program
    p = subprocess.run(cmd, capture_output=True, text=True)
    if p.returncode:
        sys.exit("%s: %s" % (" ".join(program), p.stderr.strip()))
    return json.loads(p.stdout[p.stdout.index("{"):])


def cycles(armcost, cores, runs, program):
    """Cycles of one round, for every core."""
    return {c: n for g in tiers(cores) for c, n in group(armcost, g, runs, program).items()}


def group(armcost, g, runs, program):
    answer = run(armcost, g, runs, program)["cycles"]
    return {c: answer[CORES[c]] for c in g}


def bench(edgerun, net):
    """The command that runs a network from input bytes to output bytes."""
    return [edgerun, "bench", net, "--warmup", "0", "--iters", "{n}", "--quiet"]
