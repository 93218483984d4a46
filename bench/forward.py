#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""./dev bench forward: 64-byte packets through `reflect`, in a virtual machine and as a plain process.

The software 82599's packet generator sends as fast as the driver takes; the driver sends everything back. One core for
the unikernel, one for the card. Runs of native and hvt alternate, first one and then the other ahead, and their ratio is
taken pair by pair: on a machine that others use, only neighbours compare.
"""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
import harness  # noqa: E402

REPORT = r"^reflect: (?P<packets>\d+) packets in (?P<seconds>[\d.]+) s, (?P<mpps>[\d.]+) Mpps, (?P<cycles>[\d.]+) cycles"
RESULT = harness.BUILD / "bench" / "forward.json"
MODEL = harness.BUILD / "bench" / "model"
QUIET = 0.1   # a pair of runs of which others took more than this share is left out, if enough others remain
SETTLE = 1.0  # s: after it a unikernel has booted and touched its memory


def cores():
    """A core for the unikernel and one for the card."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


def exits(tender):
    """How often the guest has left its virtual machine so far: the tender says so when it is sent SIGUSR1."""
    before = len(tender.lines)
    tender.signal(signal.SIGUSR1)
    return int(tender.expect(r"exits=(\d+)", start=before).group(1))


def lost(processes, began, before):
    """The share of time since `began` that the more unlucky one of the processes waited for a core; None: not known."""
    wall = time.monotonic() - began
    waits = [(process.lost_seconds(), was) for process, was in zip(processes, before)]
    if any(now is None or was is None for now, was in waits):
        return None
    return round(max(now - was for now, was in waits) / wall, 4)


def measure(target, seconds=5):
    """One run: packets, mpps, cycles (per packet), lost (share of time), exits (hvt: during the data phase, else None)."""
    guest_core, card_core = cores()
    with harness.Emulator("generator:64", cpu=card_core, favour=True) as card:
        argv = harness.command("reflect", target, [f"--pci:nic0={card.where}"], [f"--seconds={seconds}"])
        with harness.Process(argv, cpu=guest_core, favour=True) as unikernel:
            time.sleep(SETTLE)
            began = time.monotonic()
            waits = [process.lost_seconds() for process in (unikernel, card)]
            first = exits(unikernel) if target == "hvt" else None
            time.sleep((seconds - SETTLE) / 2)  # well before the end, should this process come late
            last = exits(unikernel) if target == "hvt" else None
            share = lost((unikernel, card), began, waits)
            report = unikernel.expect(REPORT, timeout=seconds + 10)
            status = unikernel.wait()
            if status != 0:
                raise harness.HarnessError(f"reflect.{target}: exit status {status}\n{unikernel.tail()}")
    return {"packets": int(report["packets"]), "mpps": float(report["mpps"]), "cycles": float(report["cycles"]),
            "lost": share, "exits": last - first if target == "hvt" else None}


def model_ceiling():
    """What the card's model forwards with no driver on the other core, in Mpps; None if its benchmark was not built."""
    if not MODEL.exists():
        return None
    _, card_core = cores()
    done = subprocess.run([*harness.Process.FAVOUR, "taskset", "-c", str(card_core), str(MODEL), "--json"],
                          capture_output=True, text=True, timeout=60, check=True, start_new_session=True)
    return json.loads(done.stdout)["model_mpps"]


def median(values):
    return round(statistics.median(values), 3)


def spread(values):
    return {"median": median(values), "min": min(values), "max": max(values), "runs": values}


def quiet(pairs):
    """Those pairs that had their cores to themselves; all of them if that would leave too few."""
    kept = [pair for pair in pairs if all((run["lost"] or 0) <= QUIET for run in pair.values())]
    return kept if 2 * len(kept) >= len(pairs) else pairs


def summarise(pairs, model):
    counted = quiet(pairs)
    runs = {target: [pair[target] for pair in counted] for target in counted[0]}
    native, hvt = runs["native"], runs.get("hvt")
    best = hvt or native
    rates = {target: [run["mpps"] for run in of] for target, of in runs.items()}
    ratios = [round(h / n, 3) for h, n in zip(rates["hvt"], rates["native"])] if hvt else None
    return {
        "native_mpps": median(rates["native"]),
        "hvt_mpps": median(rates["hvt"]) if hvt else None,
        "hvt_over_native": median(ratios) if hvt else None,
        "model_mpps": model,
        "cycles_per_packet": median([run["cycles"] for run in best]),
        "exits": max(run["exits"] for run in hvt) if hvt else None,
        "native": spread(rates["native"]),
        "hvt": spread(rates["hvt"]) if hvt else None,
        "ratio": spread(ratios) if hvt else None,
        "lost": {target: [pair[target]["lost"] for pair in pairs] for target in runs},
        "pairs": len(pairs),
    }


def percent(share):
    return "?" if share is None else f"{share * 100:.1f} %"


def show(result):
    def line(name, value, unit, of=None):
        between = f"   {of['min']:.2f} .. {of['max']:.2f}" if of else ""
        print(f"  {name:<22} {value:>8} {unit:<6}{between}")

    print(f"\n  {'':<22} {'median':>8} {'':<6}   of {len(result['native']['runs'])} runs, {result['pairs']} made")
    line("native", f"{result['native_mpps']:.2f}", "Mpps", result["native"])
    if result["hvt"]:
        line("hvt", f"{result['hvt_mpps']:.2f}", "Mpps", result["hvt"])
        line("hvt / native", f"{result['hvt_over_native']:.3f}", "", result["ratio"])
        line("VM exits", str(result["exits"]), "", None)
    line("driver", f"{result['cycles_per_packet']:.1f}", "cycles per packet")
    if result["model_mpps"] is not None:
        line("model by itself", f"{result['model_mpps']:.2f}", "Mpps")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench forward", description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=11, help="runs of each target (default %(default)s)")
    parser.add_argument("--seconds", type=int, default=3, help="length of each (default %(default)s)")
    options = parser.parse_args()
    if options.runs < 1 or options.seconds < 2:
        parser.error("at least 1 run of 2 seconds")
    targets = ["native", "hvt"]
    if harness.kvm_missing():
        print(f"Note: {harness.kvm_missing()}: native only.")
        targets = ["native"]
    if len(os.sched_getaffinity(0)) < 2:
        print("Note: one core for both the unikernel and the card: expect a fraction of the rate.")
    pairs = []
    for i in range(options.runs):
        pairs.append({})
        for target in targets if i % 2 == 0 else reversed(targets):
            run = pairs[i][target] = measure(target, options.seconds)
            tail = f", {run['exits']} exits" if target == "hvt" else ""
            print(f"  {i + 1:>2} {target:<7} {run['mpps']:>7.2f} Mpps, {run['cycles']:>6.1f} cycles per packet, "
                  f"lost to others {percent(run['lost'])}{tail}", flush=True)
    result = summarise(pairs, model_ceiling())
    show(result)
    harness.save(RESULT, result)
    return 0


if __name__ == "__main__":
    harness.benchmark("forward", main)
