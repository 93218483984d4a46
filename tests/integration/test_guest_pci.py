# SPDX-License-Identifier: ISC
"""What a unikernel sees of its PCI devices through solo5.h, and that it reaches nobody else's."""
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402

hvt = pytest.mark.skipif(harness.kvm_missing() is not None, reason=harness.kvm_missing() or "")
each = pytest.mark.parametrize("target", [pytest.param("hvt", marks=hvt), "spt", "native"])


@pytest.fixture(scope="module")
def cards():
    with harness.Emulator("sink", "sink") as emulator:
        yield emulator.wheres


# Only on hvt a pointer reaches a register that is not mapped: the tender emulates the access.
ACCESS = {"hvt": ["pointers"], "spt": [], "native": []}


@each
def test_one_device(cards, target):
    status, output = harness.run("pci_info", target, options=[f"--pci:nic0={cards[0]}"], args=ACCESS[target])
    assert status == 0, output
    assert output.endswith("SUCCESS")
    assert "from DMA memory" in output.splitlines()
    assert "register 0x200 is not mapped" in output
    assert "register 0x1000 is mapped" in output


@each
def test_two_devices_at_once(cards, target):
    options = [f"--pci:nic{i}={where}" for i, where in enumerate(cards)]
    status, output = harness.run("pci_two", target, options=options, args=ACCESS[target])
    assert status == 0, output
    assert output.endswith("SUCCESS")


@hvt
def test_registers_by_call_on_hvt(cards):
    status, output = harness.run("pci_info", "hvt", options=[f"--pci:nic0={cards[0]}"])
    assert status == 0, output


@hvt
def test_default_addresses_are_the_thesiss(cards):
    options = [f"--pci:nic{i}={where}" for i, where in enumerate(cards)]
    _, output = harness.run("pci_two", "hvt", options=options)
    bars = re.findall(r"^bar0 (0x[0-9a-f]+) ", output, re.MULTILINE)
    dma = re.findall(r"^dma (0x[0-9a-f]+) ", output, re.MULTILINE)
    if int(bars[0], 0) != 1 << 39:
        pytest.skip("this machine's physical addresses are too short for them")
    assert [int(bar, 0) for bar in bars] == [1 << 39, (1 << 39) + (1 << 34)]
    assert [int(window, 0) for window in dma] == [(1 << 40) + (1 << 36)]


@pytest.fixture(scope="module")
def places(cards):
    """Where nic0's BAR 0 and the DMA windows are: name -> (first byte, size)."""
    _, output = harness.run("pci_info", "hvt", options=[f"--pci:nic0={cards[0]}"])
    return {name: (int(address, 0), int(size)) for name, address, size in
            re.findall(r"^(bar[04]|dma|shared) (0x[0-9a-f]+) (\d+)", output, re.MULTILINE)}


BEYOND = [("bar0", "end"), ("bar0", 1 << 30), ("bar0", 1 << 34), ("bar4", "end"), ("dma", "end"), ("dma", 1 << 36),
          ("shared", "end"), ("shared", 1 << 35)]


@hvt
@pytest.mark.parametrize("access", ["read", "write"])
@pytest.mark.parametrize("name, offset", BEYOND, ids=[f"{name}+{offset}" for name, offset in BEYOND])
def test_nothing_beside_its_own_can_be_touched(cards, places, access, name, offset):
    first, size = places[name]
    address = first + (size if offset == "end" else offset)
    status, output = harness.run("trap_pci", "hvt", options=[f"--pci:nic0={cards[0]}"],
                                 args=[access, hex(address)])
    assert status == 255, output
    assert f"page fault: {access} " in output
    assert hex(address) in output


@hvt
@pytest.mark.parametrize("name", ["bar0", "dma", "shared"])
def test_device_memory_is_not_executed(cards, places, name):
    status, output = harness.run("trap_pci", "hvt", options=[f"--pci:nic0={cards[0]}"],
                                 args=["call", hex(places[name][0] + 0x1000)])
    assert status == 255, output
    assert "page fault: execution of data" in output


@hvt
def test_the_device_serves_the_next_after_a_trap(cards):
    for _ in range(2):
        status, output = harness.run("trap_pci", "hvt", options=[f"--pci:nic0={cards[0]}"], args=["text_write"])
        assert status == 255, output
    status, output = harness.run("pci_info", "hvt", options=[f"--pci:nic0={cards[0]}"])
    assert status == 0, output
