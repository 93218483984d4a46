# SPDX-License-Identifier: ISC
"""BARs of any size and kind under penstock-hvt: mapped parts are memory of the device, unmapped ones are emulated, and what lies
behind a BAR's end is nothing."""
import os
import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402
from elf_maker import R, W, Segment, abi_note, elf, flags_note, manifest, manifest_note, pci, text  # noqa: E402
from toy_device import READ, WRITE, Bar, ToyDevice  # noqa: E402

pytestmark = pytest.mark.skipif(harness.kvm_missing() is not None, reason=harness.kvm_missing() or "")

MIB, GIB = 1 << 20, 1 << 30
DATA, HALT = 0x200000, 0x508

# Accesses through %rbx, to %rax and from it, by size.
LOAD = {1: b"\x0f\xb6\x03", 2: b"\x0f\xb7\x03", 4: b"\x8b\x03", 8: b"\x48\x8b\x03"}
STORE = {1: b"\x88\x03", 2: b"\x66\x89\x03", 4: b"\x89\x03", 8: b"\x48\x89\x03"}


def at(bar, offset):
    """%rbx = address of BAR `bar` (of the first device in the extension block, abi/hvt.h) + offset"""
    return (b"\x48\x8b\x9e" + struct.pack("<I", 64 + 40 + 152 * bar)  # mov disp(%rsi), %rbx
            + b"\x48\xb9" + struct.pack("<Q", offset) + b"\x48\x01\xcb")  # movabs $offset, %rcx; add %rcx, %rbx


def store(bar, offset, size, value):
    return at(bar, offset) + b"\x48\xb8" + struct.pack("<Q", value) + STORE[size]


def load(bar, offset, size):
    return at(bar, offset) + LOAD[size]


# The exit status is %al.
END = (b"\x89\x04\x25" + struct.pack("<I", DATA + 8) + b"\xb8" + struct.pack("<I", DATA)
       + b"\xba" + struct.pack("<I", HALT) + b"\xef")


def run(folder, device, code):
    """(exit status, exits by MMIO, output)"""
    mask = sum(1 << number for number in device.bars)
    notes = [abi_note(), flags_note(),
             manifest_note(manifest(pci("toy", 0x1234, 0x5678, bars=mask, class_code=0xFF)))]
    path = folder / "guest.hvt"
    path.write_bytes(elf([text(data=code + END), Segment(DATA, R | W, bytes(64))], notes))
    argv = [harness.HVT, "--stats", f"--pci:toy={device.where}", "--", path]
    with harness.Process(argv) as process:
        status = process.wait(20)
        mmio = [line for line in process.lines if " mmio=" in line]
        assert mmio, process.output
        return status, int(mmio[0].split("mmio=")[1].split()[0]), process.output


def test_smaller_than_a_page(tmp_path):
    with ToyDevice(tmp_path, {0: Bar(64)}) as device:
        code = b"".join(store(0, 8 * i, size, 0x1122334455667788) for i, size in enumerate((1, 2, 4, 8)))
        status, mmio, output = run(tmp_path, device, code + load(0, 60, 4) + load(0, 24, 8))
        assert (status, mmio) == (0x88, 6), output
        assert device.accesses == [
            (WRITE, 0, 0, 1, 0x88), (WRITE, 0, 8, 2, 0x7788), (WRITE, 0, 16, 4, 0x55667788),
            (WRITE, 0, 24, 8, 0x1122334455667788), (READ, 0, 60, 4, 0), (READ, 0, 24, 8, 0x1122334455667788)]


def test_larger_than_2_mib(tmp_path):
    bar = Bar(8 * MIB, [(0, 8 * MIB)])
    with ToyDevice(tmp_path, {2: bar}) as device:
        places = [0, 4096, 2 * MIB - 4, 2 * MIB, 5 * MIB, 8 * MIB - 4]
        bar.memory[3 * MIB] = 42
        code = b"".join(store(2, offset, 4, i + 1) for i, offset in enumerate(places)) + load(2, 3 * MIB, 1)
        status, mmio, output = run(tmp_path, device, code)
        assert (status, mmio, device.accesses) == (42, 0, []), output
        assert [int.from_bytes(bar.memory[o:o + 4], "little") for o in places] == [1, 2, 3, 4, 5, 6]


def test_larger_than_its_place(tmp_path):
    """4 GiB do not fit where the thesis has BAR 0."""
    bar = Bar(4 * GIB, [(0, 4 * GIB)])
    with ToyDevice(tmp_path, {0: bar, 1: Bar(16)}) as device:
        code = store(0, 0, 4, 7) + store(0, 4 * GIB - 8, 8, 9) + store(1, 12, 4, 5) + load(0, 0, 1)
        status, mmio, output = run(tmp_path, device, code)
        assert (status, mmio) == (7, 1), output
        assert bar.memory[4 * GIB - 8] == 9
        assert device.accesses == [(WRITE, 1, 12, 4, 5)]


def test_mapped_in_parts(tmp_path):
    bar = Bar(64 * 1024, [(4096, 4096), (32768, 8192)])
    with ToyDevice(tmp_path, {4: bar}) as device:
        places = [0, 4096, 8188, 8192, 32764, 32768, 40956, 40960, 65532]
        code = b"".join(store(4, offset, 4, i + 1) for i, offset in enumerate(places)) + load(4, 32768, 4)
        status, mmio, output = run(tmp_path, device, code)
        assert (status, mmio) == (6, 5), output
        assert [a[2] for a in device.accesses] == [0, 8192, 32764, 40960, 65532]
        assert [bar.memory[offset] for offset in places] == list(range(1, 10))


def test_all_six_at_once(tmp_path):
    sizes = [64, 4096, 16 * 1024, 3 * MIB, 2 * MIB, 256]
    with ToyDevice(tmp_path, {i: Bar(size) for i, size in enumerate(sizes)}) as device:
        code = b"".join(store(i, size - 8, 8, 16 + i) for i, size in enumerate(sizes)) + load(5, 248, 8)
        assert run(tmp_path, device, code)[:2] == (21, 7)
        assert [a[:3] for a in device.accesses[:6]] == [(WRITE, i, size - 8) for i, size in enumerate(sizes)]


def test_what_the_device_refuses_reads_as_ones(tmp_path):
    with ToyDevice(tmp_path, {0: Bar(4096, refuses=True)}) as device:
        status, mmio, output = run(tmp_path, device, store(0, 0, 4, 1) + load(0, 16, 4))
        assert (status, mmio) == (255, 2) and "trapped" not in output
        assert len(device.accesses) == 2


@pytest.mark.parametrize("access", [load, lambda *place: store(*place, 1)], ids=["load", "store"])
def test_memory_that_a_device_takes_away(tmp_path, access):
    """A server that truncates what it shares: the guest ends, and not the tender by a signal."""
    bar = Bar(16 * 1024, [(4096, 4096)])
    with ToyDevice(tmp_path, {0: bar}, hook=lambda: os.ftruncate(bar.fd, 0)) as device:
        bar.refuses = True
        status, _, output = run(tmp_path, device, load(0, 0, 4) + access(0, 4096, 4))
        assert status == 1
        assert 'device "toy"' in output and "its registers cannot be accessed any more (BAR0" in output, output


@pytest.mark.parametrize("offset, size, says", [
    (64, 4, "of 4 bytes at 0x8000000040"), (62, 4, "of 4 bytes at 0x800000003e"),
    (4092, 4, "no memory and no register"), (4096, 4, "page fault"), (-4, 4, "page fault"),
    (2, 4, "not aligned to its size"),
], ids=["behind", "across", "end-of-page", "next-page", "before", "misaligned"])
def test_outside_of_a_bar_is_a_trap(tmp_path, offset, size, says):
    with ToyDevice(tmp_path, {0: Bar(64)}) as device:
        for access in (load(0, offset & (1 << 64) - 1, size), store(0, offset & (1 << 64) - 1, size, 1)):
            status, _, output = run(tmp_path, device, access)
            assert status == 255
            assert output.startswith("penstock-hvt: the unikernel trapped: ")
            assert says in output.splitlines()[0]
        assert device.accesses == []
