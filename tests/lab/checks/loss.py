# SPDX-License-Identifier: ISC
"""A device that is taken away while its unikernel runs (tests/unikernels/pci_lost): said once, told to the unikernel, no hang."""
from lab import IOMMUS, TARGETS, Failed, check

STATUS = 7  # of a unikernel that ends by itself
COMMAND = 4  # offset of the command register in configuration space


def start(pc, iommu, target, what):
    options = [f"--iommu={iommu}", f"--pci:nic0={pc.device('nic0')}"]
    process = pc.start(pc.tender(target, "pci_lost", options, what))
    process.wait_for("ready", 60)
    return process


def expect_end(process, status, why, reports):
    result = process.wait(30)
    said = [line for line in result.output.splitlines() if '"nic0"' in line and "is gone" in line]
    if result.status != status or why not in result.output or len(said) != reports:
        raise Failed(f"expected status {status} and {reports} reports, among them {why!r}; seen status {result.status} and\n"
                     f"{result.output}")


def remove(pc, process, status, reports):
    """Unplugs the card, which the kernel waits with until its user has let it go, and plugs it in again."""
    unplug = pc.start(f"sh -c 'echo 1 >/sys/bus/pci/devices/{pc.device('nic0')}/remove'")
    try:
        expect_end(process, status, "to be unplugged", reports)
        if unplug.wait(60).status != 0:
            raise Failed("the card cannot be unplugged")
    finally:
        pc.ok("echo 1 >/sys/bus/pci/rescan")
        pc.bind("nic0")  # for pc.bound to undo


@check(iommu=IOMMUS, target=TARGETS)
def loss_unplugged(pc, iommu, target):
    """a card that is to be unplugged: its unikernel is told and ends by itself, then the card can go"""
    with pc.bound("nic0"):
        remove(pc, start(pc, iommu, target, "end"), STATUS, 1)


@check(iommu="type1", target=TARGETS)
def loss_ignored(pc, iommu, target):
    """a unikernel that goes on without its card is ended"""
    with pc.bound("nic0"):
        remove(pc, start(pc, iommu, target, "poll"), 1, 2)


@check(iommu=IOMMUS, target=TARGETS)
def loss_reset(pc, iommu, target):
    """somebody else resets the card, which does nothing from then on: noticed within seconds"""
    with pc.bound("nic0"):
        process = start(pc, iommu, target, "end")
        config = f"/sys/bus/pci/devices/{pc.device('nic0')}/config"
        pc.ok(f"printf '\\000\\000' | dd of={config} bs=1 seek={COMMAND} conv=notrunc 2>/dev/null")
        expect_end(process, STATUS, "somebody else has reset it", 1)


@check(iommu=IOMMUS)
def loss_kvm_is_told(pc, iommu):
    """hvt tells KVM of the device, and says what it does when it is asked to"""
    with pc.bound("nic0"):
        command = pc.tender("hvt", "pci_lost", [f"--iommu={iommu}", f"--pci:nic0={pc.device('nic0')}"], "end")
        process = pc.start(f"env PENSTOCK_DEBUG=1 {command}")
        process.wait_for("ready", 60)
        held = pc.ok("ls -l /proc/$(pidof penstock-hvt)/fd")
        process.kill()
        result = process.wait(30)
        if "kvm-vfio" not in held or "cannot be told" in result.output:
            raise Failed(f"no VFIO device of KVM's among\n{held}\nand it said\n{result.output}")
