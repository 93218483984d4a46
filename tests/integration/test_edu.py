# SPDX-License-Identifier: ISC
"""The unikernel `edu` and its small driver on a model of QEMU's edu device. (The device itself: tests/lab/checks/edu.py.)"""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402
from edu_model import INTX, MSI, EduModel  # noqa: E402

hvt = pytest.mark.skipif(harness.kvm_missing() is not None, reason=harness.kvm_missing() or "")
each = pytest.mark.parametrize("target", [pytest.param("hvt", marks=hvt), "spt", "native"])


def run(name, target, words, *devices):
    options = [f"--pci:edu{i}={device.where}" for i, device in enumerate(devices)]
    status, output = harness.run(name, target, options, words.split())
    assert status == 0, output
    assert output.splitlines()[-1].endswith("SUCCESS"), output
    return output


@each
def test_registers_and_transfers(tmp_path, target):
    with EduModel(tmp_path) as device:
        output = run("edu", target, "registers dma", device)
        assert "edu0 registers: id 0x10000ed" in output
        assert device.refused == 0


@each
@pytest.mark.parametrize("kind", [MSI, INTX], ids=["msi", "intx"])
def test_every_interrupt_comes_once(tmp_path, target, kind):
    with EduModel(tmp_path, kind) as device:
        output = run("edu", target, "irq=50", device)
        assert "50 raised, 50 came, 0 for nothing" in output


@each
def test_two_at_once(tmp_path, target):
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    with EduModel(folders[0]) as first, EduModel(folders[1]) as second:
        run("edu_two", target, "dma pair irq=10 blocked=other", first, second)
        assert (first.refused, second.refused) == (2, 0)


@each
def test_what_is_not_mapped_is_not_reached(tmp_path, target):
    with EduModel(tmp_path) as device:
        run("edu", target, "blocked=unmapped blocked=low blocked=ram blocked=0x7777000", device)
        assert device.refused == 8


@each
def test_without_bus_mastering_nothing_moves(tmp_path, target):
    with EduModel(tmp_path) as device:
        run("edu_still", target, "registers still", device)
        assert device.refused == 2


@each
def test_without_bus_mastering_interrupts_come_by_pin(tmp_path, target):
    with EduModel(tmp_path, INTX) as device:
        run("edu_still", target, "irq=5", device)
