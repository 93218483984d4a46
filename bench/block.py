#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""./dev bench block: 1 GiB read from a file in the page cache by a unikernel, beside dd with the same size of request.

dd reads into one buffer with one system call per request, as a unikernel on spt does; on hvt each request is an exit of the
virtual machine. Both read the same file, one after the other, and their ratio is taken pair by pair.
"""
import argparse
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
import harness  # noqa: E402

RESULT = harness.BUILD / "bench" / "block.json"
MIB = 1 << 20
SIZES = [512, 4096, 65536, MIB]
FILE = 256 * MIB  # read again and again: what is measured is the path, not the disk
REPORT = r"^(\d+) bytes in (\d+) ns$"
PACE = {"hvt": 20_000, "spt": 400_000}  # requests of the smallest size in a run: those take long, and their rate is the same


def amount(target, size, total):
    """How much to read: all of it, but of small requests no more than some seconds' worth. A multiple of the file."""
    return min(total, max(PACE[target] * size, 16 * MIB))


def by_dd(path, size, total):
    """Bytes per second of dd: reads of this size, as a file of `total` bytes would be read."""
    count = min(total, FILE) // size
    rounds = max(1, total // (count * size))
    spent = 0.0
    for _ in range(rounds):
        done = subprocess.run(["dd", f"if={path}", "of=/dev/null", f"bs={size}", f"count={count}"], capture_output=True,
                              text=True, timeout=120, check=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
        spent += float(re.search(r", ([\d.e+-]+) s,", done.stderr).group(1))
    return rounds * count * size / spent


def by_unikernel(target, path, size, total):
    """Bytes per second of the test unikernel `blk`."""
    options = ["--mem=64"] if target == "hvt" else []
    status, output = harness.run("blk", target, options=[*options, f"--block:disk0={path}:ro"],
                                 args=["read", size, total], timeout=120)
    found = re.search(REPORT, output, re.MULTILINE)
    if status != 0 or not found:
        raise harness.HarnessError(f"blk.{target}: exit status {status}\n{output}")
    return int(found.group(1)) * 1e9 / int(found.group(2))


def measure(target, path, size, total, runs):
    total = amount(target, size, total)
    rates, ratios = [], []
    for _ in range(runs):
        dd = by_dd(path, size, total)
        rates.append(by_unikernel(target, path, size, total))
        ratios.append(rates[-1] / dd)
    return {"mib_per_s": round(statistics.median(rates) / MIB, 1), "over_dd": round(statistics.median(ratios), 3),
            "bytes": total, "ratios": [round(ratio, 3) for ratio in ratios]}


def targets():
    names = []
    for target, missing in (("spt", None), ("hvt", harness.kvm_missing())):
        if missing:
            print(f"Note: {missing}: no {target}.")
        else:
            names.append(target)
    return names


def main():
    parser = argparse.ArgumentParser(prog="./dev bench block", description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=3, help="runs of each size (default %(default)s)")
    parser.add_argument("--mib", type=int, default=1024, help="MiB to read in each (default %(default)s)")
    options = parser.parse_args()
    if options.runs < 1 or options.mib < FILE // MIB:
        parser.error(f"at least 1 run of {FILE // MIB} MiB")
    result = {}
    with tempfile.NamedTemporaryFile(prefix="penstock-", suffix=".img") as disk:
        for _ in range(FILE // MIB):
            disk.write(bytes(MIB))
        disk.flush()
        print(f"\n  {'':<6} {'request':>8} {'MiB/s':>9} {'of dd':>7}")
        for target in targets():
            result[target] = {}
            for size in SIZES:
                of = result[target][str(size)] = measure(target, disk.name, size, options.mib * MIB, options.runs)
                print(f"  {target:<6} {size:>8} {of['mib_per_s']:>9.1f} {of['over_dd']:>7.3f}", flush=True)
            of = result[target]
            of["largest_over_512"] = round(of[str(SIZES[-1])]["mib_per_s"] / of["512"]["mib_per_s"], 1)
            print(f"  {target:<6} requests of {SIZES[-1]} bytes are {of['largest_over_512']} times as fast as those of 512")
    harness.save(RESULT, result)
    return 0


if __name__ == "__main__":
    harness.benchmark("block", main)
