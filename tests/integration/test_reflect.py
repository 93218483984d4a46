# SPDX-License-Identifier: ISC
"""reflect, and with it the 82599 driver, on each target: what goes in comes back, byte for byte and in order."""
import random
import re
import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402

MAC = "02:00:00:00:82:59"
BROADCAST = b"\xff" * 6
LARGEST = 1514  # without FCS

no_kvm = pytest.mark.skipif(bool(harness.kvm_missing()), reason=str(harness.kvm_missing()))
each = pytest.mark.parametrize("target", ["native", "spt", pytest.param("hvt", marks=no_kvm)])


def frame(size, seed, destination=None):
    body = random.Random(seed).randbytes(size)
    return (destination or bytes.fromhex(MAC.replace(":", ""))) + body[6:12] + b"\x88\xb5" + body[14:]


def write_pcap(path, frames):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for data in frames:
            file.write(struct.pack("<IIII", 0, 0, len(data), len(data)) + data)


def read_pcap(path):
    image = path.read_bytes()
    at = 24
    while at < len(image):
        size = struct.unpack_from("=I", image, at + 8)[0]
        yield image[at + 16:at + 16 + size]
        at += 16 + size


def reflect(target, folder, frames, options=(), seconds=1):
    """What comes back of these frames, and what the unikernel said."""
    write_pcap(folder / "in.pcap", frames)
    with harness.Emulator(f"pcap:{folder}/in.pcap,{folder}/out.pcap", mac=MAC, options=options) as card:
        status, output = harness.run("reflect", target, [f"--pci:nic0={card.where}"], [f"--seconds={seconds}"])
    assert status == 0, output
    return list(read_pcap(folder / "out.pcap")), output


@each
def test_frames_come_back_as_they_were(target, tmp_path):
    sizes = [60, 61, 63, 64, 65, 128, 590, 1024, 1500, 1513, LARGEST]
    frames = [frame(sizes[i % len(sizes)], i) for i in range(1800)]  # both rings wrap
    # Slowly: the card drops what comes while the machine does something else and the ring fills, as the real one would.
    back, output = reflect(target, tmp_path, frames, ["--rate", "15M"], seconds=2)
    assert len(back) == len(frames)
    assert back == frames
    assert re.search(r"^reflect: 1800 packets in 2\.\d+ s, ", output, re.M), output


@each
def test_oversized_frames_are_dropped_whole(target, tmp_path):
    good = [frame(LARGEST, i) for i in range(40)]
    frames = []
    for i, data in enumerate(good):
        frames += [data, frame([1600, 2047, 2048, 2049, 4096, 9000][i % 6], 1000 + i)]
    back, _ = reflect(target, tmp_path, frames)
    assert back == good


@each
def test_a_vlan_tag_of_four_bytes_more_is_let_through(target, tmp_path):
    plain = frame(LARGEST, 1)
    tagged = plain[:12] + b"\x81\x00\x00\x05" + plain[12:]
    assert reflect(target, tmp_path, [tagged])[0] == [tagged]


@each
def test_broadcasts_come_back_too(target, tmp_path):
    frames = [frame(60, i, BROADCAST) for i in range(10)]
    assert reflect(target, tmp_path, frames)[0] == frames


@each
def test_a_card_that_shares_no_registers(target, tmp_path):
    frames = [frame(60 + i, i) for i in range(200)]
    assert reflect(target, tmp_path, frames, ["--exact", "--rate", "15M"], seconds=2)[0] == frames


@each
def test_refuses_other_arguments(target):
    with harness.Emulator("sink") as card:
        for arguments in (["--seconds=0"], ["--seconds="], ["--seconds=1x"], ["--hours=1"], ["--seconds=1", "2"]):
            status, output = harness.run("reflect", target, [f"--pci:nic0={card.where}"], arguments)
            assert status == 1
            assert "is not --seconds=N" in output
