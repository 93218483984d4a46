# SPDX-License-Identifier: ISC
"""What `./dev build --arch=aarch64` makes, under qemu-user: the context switch of tasks, vector registers, the 82599 driver
and lwIP on another architecture. (The kernel's part, VFIO and an SMMU, is the lab's: ./dev lab arm64.)"""
import random
import shutil
import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402

QEMU = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
BUILD = harness.BUILD / "aarch64"

pytestmark = [pytest.mark.skipif(QEMU is None, reason="qemu-aarch64 (package qemu-user-static) is missing"),
              pytest.mark.skipif(not (BUILD / "build.ninja").exists(), reason="no cross build: ./dev build --arch=aarch64")]

MAC = "02:00:00:00:82:59"
CLIENT = """
import os, socket, sys
flows = [socket.create_connection((sys.argv[1], 8080), timeout=20) for _ in range(8)]
for size in (1, 1000, 20000, 65536):
    sent = []
    for flow in flows:
        sent.append(os.urandom(size))
        flow.sendall(sent[-1])
    for flow, data in zip(flows, sent):
        back = b""
        while len(back) < size:
            back += flow.recv(size - len(back)) or sys.exit("closed")
        back == data or sys.exit("other bytes")
print("all came back")
"""


def command(name, options=(), args=()):
    folder = "unikernels" if (BUILD / "unikernels" / f"{name}.native").exists() else "tests/unikernels"
    return [QEMU, str(BUILD / folder / f"{name}.native"), *options, "--", *args]


def run(name, options=(), args=(), timeout=40):
    with harness.Process(command(name, options, args)) as process:
        return process.wait(timeout), process.output


def test_hello():
    assert run("hello", args=["a", "b"]) == (0, "Hello from Penstock.\nYou said: a b")


@pytest.mark.parametrize("name", ["tls_float", "tasks", "clock"])
def test_succeeds(name):
    status, output = run(name)
    assert (status, output.splitlines()[-1]) == (0, "SUCCESS")


def test_reflect_returns_frames_as_they_were(tmp_path):
    header = bytes.fromhex(MAC.replace(":", "")) + b"\2\0\0\0\0\1\x88\xb5"
    frames = [header + random.Random(i).randbytes(46 + i % 1455) for i in range(700)]  # both rings wrap
    with open(tmp_path / "in.pcap", "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for data in frames:
            file.write(struct.pack("<IIII", 0, 0, len(data), len(data)) + data)
    with harness.Emulator(f"pcap:{tmp_path}/in.pcap,{tmp_path}/out.pcap", mac=MAC, options=["--rate", "5M"]) as card:
        status, output = run("reflect", [f"--pci:nic0={card.where}"], ["--seconds=4"])
    assert status == 0, output
    image, at, back = (tmp_path / "out.pcap").read_bytes(), 24, []
    while at < len(image):
        size, = struct.unpack_from("=I", image, at + 8)
        back.append(image[at + 16:at + 16 + size])
        at += 16 + size
    assert back == frames


@pytest.mark.skipif(harness.netns_missing() is not None, reason=harness.netns_missing() or "")
def test_echo_serves_several_at_a_time():
    with harness.NetNs("10.0.0.1/24") as net, harness.Emulator(f"tap:{net.tap}", netns=net.name) as card:
        with harness.Process(command("echo", [f"--pci:nic0={card.where}"], ["--ipv4=10.0.0.2/24"])) as server:
            server.expect("^echo: listening on 10.0.0.2:8080$", timeout=30)
            done = net.run(sys.executable, "-c", CLIENT, "10.0.0.2", timeout=60)
            assert done.stdout == "all came back\n", done.stderr + server.output
