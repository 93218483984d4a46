#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""./dev bench start: how long `hello` takes from start to exit, on every target, beside two floors.

`/bin/true` is what any process costs, build/bench/floor what any virtual machine costs: a bare KVM program that creates
one, runs two instructions and leaves. The commands take turns, so that what disturbs one disturbs all.
"""
import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
import harness  # noqa: E402

RESULT = harness.BUILD / "bench" / "start.json"
FLOOR = harness.BUILD / "bench" / "floor"


def commands():
    found = {"true": ["/bin/true"], "native": harness.command("hello", "native")}
    if (harness.BUILD / "unikernels" / "hello.spt").exists():
        found["spt"] = harness.command("hello", "spt")
    reason = harness.kvm_missing()
    if reason:
        print(f"Note: {reason}: no virtual machines.")
    else:
        found["floor"] = [str(FLOOR)]
        found["hvt"] = harness.command("hello", "hvt")
    return found


def milliseconds(argv):
    start = time.perf_counter()
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          timeout=20, check=False)
    taken = (time.perf_counter() - start) * 1000
    if done.returncode != 0:
        raise harness.HarnessError(f"{' '.join(argv)}: exit status {done.returncode}\n{done.stderr.decode()}")
    return taken


def ratio(times, name, floor):
    if name not in times or floor not in times:
        return None
    return round(statistics.median(times[name]) / statistics.median(times[floor]), 2)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench start", description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=200, help="runs of each command (default %(default)s)")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("at least 1 run")
    argvs = commands()
    times = {name: [] for name in argvs}
    for _ in range(options.runs):
        for name, argv in argvs.items():
            times[name].append(milliseconds(argv))
    print(f"\n  {'start to exit':<16} {'median':>8} {'least':>8}   ms, {options.runs} runs each")
    for name, values in times.items():
        print(f"  {name:<16} {statistics.median(values):>8.2f} {min(values):>8.2f}")
    result = {"median_ms": {name: round(statistics.median(values), 3) for name, values in times.items()},
              "least_ms": {name: round(min(values), 3) for name, values in times.items()},
              "hvt_over_floor": ratio(times, "hvt", "floor"), "spt_over_true": ratio(times, "spt", "true")}
    print(f"\n  hvt / floor      {result['hvt_over_floor']}\n  spt / true       {result['spt_over_true']}")
    harness.save(RESULT, result)
    return 0


if __name__ == "__main__":
    harness.benchmark("start", main)
