#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""./dev demo: a unikernel that owns a network card, on this machine, in under a minute.

A software 82599 on a TAP in a network namespace of its own; the `echo` unikernel drives it; Linux pings it and sends 16 MiB
through its TCP echo. Then `reflect` returns 64-byte packets to a packet generator, in a virtual machine and as a plain
process. Exits 0 only if all of that held. Everything it made is gone at the end, also after Ctrl-C.
"""
import os
import re
import signal
import socket
import statistics
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))
import forward  # noqa: E402
import harness  # noqa: E402

GUEST = "10.0.0.2"
PORT = 8080
MIB = 1 << 20
SIZE = 16 * MIB


class DemoError(Exception):
    """A thing that the demo shows did not hold."""


def step(text):
    print(f"  {text}", flush=True)


def ping(netns):
    """Round-trip times in microseconds of 20 pings."""
    netns.run("ping", "-c", "2", "-i", "0.1", "-W", "2", GUEST)  # ARP, and both sides awake
    done = netns.run("ping", "-c", "20", "-i", "0.02", "-W", "2", GUEST)
    times = [float(t) * 1000 for t in re.findall(r"time=([\d.]+) ms", done.stdout)]
    if done.returncode != 0 or len(times) != 20:
        raise DemoError(f"ping: {len(times)} of 20 answered\n{done.stdout}{done.stderr}")
    return statistics.median(times)


def echo_transfer(netns, data):
    """Sends data through the TCP echo and compares; returns the seconds it took."""
    result = {}

    def client():
        try:
            netns.enter()
            with socket.create_connection((GUEST, PORT), timeout=10) as connection:
                connection.settimeout(20)
                sender = threading.Thread(target=send, args=(connection,), daemon=True)
                start = time.monotonic()
                sender.start()
                result["back"] = receive(connection)
                result["seconds"] = time.monotonic() - start
                sender.join(5)
        except (OSError, harness.HarnessError) as error:
            result["error"] = error

    def send(connection):
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError as error:
            result["error"] = error

    def receive(connection):
        back = bytearray()
        while len(back) <= len(data):
            part = connection.recv(MIB)
            if not part:
                break
            back += part
        return back

    thread = threading.Thread(target=client, daemon=True)  # entering a namespace is for one thread
    thread.start()
    thread.join(60)
    if "error" in result or "back" not in result:
        raise DemoError(f"TCP echo: {result.get('error', 'no answer in 60 s')}")
    if result["back"] != data:
        raise DemoError(f"TCP echo: {len(result['back'])} of {len(data)} bytes came back, or not the same ones")
    return result["seconds"]


def show_echo(target):
    """The first half: a real Linux client talks to the unikernel."""
    with harness.NetNs("10.0.0.1/24") as netns, \
            harness.Emulator("tap:tap0", netns=netns.name) as card, \
            harness.Process(harness.command("echo", target, [f"--pci:nic0={card.where}"],
                                            [f"--ipv4={GUEST}/24", f"--port={PORT}"])) as echo:
        echo.expect(r"^echo: listening", timeout=20)
        boot = time.monotonic() - echo.started
        step(f"echo.{target} booted with an 82599 on tap0, {GUEST}:{PORT}")
        rtt = ping(netns)
        step("20 of 20 pings answered")
        seconds = echo_transfer(netns, os.urandom(SIZE))
        step(f"{SIZE // MIB} MiB of random bytes went through its TCP echo and came back the same")
        if echo.child.poll() is not None:
            raise DemoError(f"echo.{target} ended\n{echo.tail()}")
        return {"boot": boot, "rtt": rtt, "gbits": SIZE * 8 / seconds / 1e9}


def show_reflect(targets):
    """The second half: the packet path with nothing above it."""
    runs = {target: forward.measure(target, seconds=3) for target in targets}
    for target, run in runs.items():
        step(f"reflect.{target} returned {run['packets']} packets to the generator")
        if run["packets"] == 0:
            raise DemoError(f"reflect.{target}: no packet came back")
    if "hvt" in runs and runs["hvt"]["exits"] != 0:
        raise DemoError(f"reflect.hvt left its virtual machine {runs['hvt']['exits']} times while it moved packets")
    return runs


def summary(target, echo, runs):
    rows = [
        ("boot", f"{echo['boot'] * 1000:.0f} ms", f"process start to listening, {target}, card reset included"),
        ("round trip", f"{echo['rtt']:.0f} us", "ping, median of 20"),
        ("TCP", f"{echo['gbits']:.2f} Gbit/s", "each way at the same time, 16 MiB echoed"),
        ("packets, native", f"{runs['native']['mpps']:.1f} Mpps", "64 bytes, one core for the driver, one for the card"),
    ]
    if "hvt" in runs:
        rows += [
            ("packets, hvt", f"{runs['hvt']['mpps']:.1f} Mpps", "the same source in a virtual machine"),
            ("hvt / native", f"{runs['hvt']['mpps'] / runs['native']['mpps']:.2f}", "one short run: ./dev bench forward says it better"),
            ("VM exits", f"{runs['hvt']['exits']}", f"while {runs['hvt']['packets']} packets went through"),
        ]
    print()
    for name, value, note in rows:
        print(f"  {name:<16} {value:>12}   {note}")


def main():
    missing = harness.netns_missing()
    if missing:
        print(f"demo: {missing}", file=sys.stderr)
        return 1
    reason = harness.kvm_missing()
    targets = ["native"] if reason else ["native", "hvt"]
    target = targets[-1]
    print("Penstock: a unikernel that owns a network card")
    if reason:
        print(f"  Note: {reason}, so there is no virtual machine here: the unikernels run as plain processes (native).")
    try:
        echo = show_echo(target)
        runs = show_reflect(targets)
    except (DemoError, harness.HarnessError) as error:
        print(f"\ndemo: FAILED: {error}", file=sys.stderr)
        return 1
    summary(target, echo, runs)
    print("\n  All of it held.")
    return 0


def interrupted(_signal, _frame):
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupted)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\ndemo: interrupted; everything was taken away again", file=sys.stderr)
        sys.exit(130)
