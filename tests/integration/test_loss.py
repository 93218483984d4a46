# SPDX-License-Identifier: ISC
"""A device that is lost while its unikernel runs: said on stderr once, told to the unikernel, which has a second to end by
itself; and registers that vanish under it, which end it with a report. The same on every target."""
import os
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402
from toy_device import Bar, ToyDevice  # noqa: E402

hvt = pytest.mark.skipif(harness.kvm_missing() is not None, reason=harness.kvm_missing() or "")
each = pytest.mark.parametrize("target", [pytest.param("hvt", marks=hvt), "spt", "native"])

STATUS = 7  # pci_lost's own
GRACE = 1


def command(target, card, what):
    return harness.command("pci_lost", target, [f"--pci:nic0={card.where}"], [what])


def reports(process):
    return [line for line in process.lines if '"nic0"' in line and "is gone" in line]


@each
def test_unikernel_ends_by_itself(target):
    with harness.Emulator("sink") as card, harness.Process(command(target, card, "end")) as process:
        process.expect("ready")
        card.signal(signal.SIGKILL)
        assert process.wait(10) == STATUS, process.output
        assert "lost" in process.lines and len(reports(process)) == 1, process.output
        assert "its server has ended the connection" in reports(process)[0]


@each
@pytest.mark.parametrize("what", ["sleep", "poll"])
def test_unikernel_goes_on(target, what):
    with harness.Emulator("sink") as card, harness.Process(command(target, card, what)) as process:
        process.expect("ready")
        card.signal(signal.SIGKILL)
        process.expect("is gone")
        told = time.monotonic()
        assert process.wait(10) == 1, process.output
        assert time.monotonic() - told > GRACE / 2
        assert len(reports(process)) == 2 and "did not end by itself" in process.lines[-1], process.output


@each
def test_signal_within_the_grace(target):
    with harness.Emulator("sink") as card, harness.Process(command(target, card, "sleep")) as process:
        process.expect("ready")
        card.signal(signal.SIGKILL)
        process.expect("is gone")
        process.signal(signal.SIGTERM)
        assert process.wait(10) == 1 and "Exiting on signal 15" in process.lines[-1], process.output


def toy(folder):
    """A card whose registers can be taken away; it has no interrupts."""
    device = ToyDevice(folder, {0: Bar(8192, [(0, 4096)]), 4: Bar(4096)}, vendor=0x8086, device=0x10FB)
    device.config[11] = 2
    return device


@each
def test_registers_vanish(tmp_path, target):
    with toy(tmp_path) as card, harness.Process(command(target, card, "touch")) as process:
        process.expect("ready")
        os.ftruncate(card.bars[0].fd, 0)
        assert process.wait(10) == 1, process.output
        assert len(reports(process)) == 1 and "its registers cannot be accessed any more (BAR0" in process.output
        assert card.config[4] & 4 == 0  # no bus mastering


@each
def test_device_without_interrupts_wakes_its_unikernel(tmp_path, target):
    with harness.Process(command(target, device := toy(tmp_path), "end")) as process, device:
        process.expect("ready")
        device.hang_up()
        assert process.wait(10) == STATUS, process.output
