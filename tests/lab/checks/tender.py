# SPDX-License-Identifier: ISC
"""What a tender makes of the machine: devices of one IOMMU group, hugepages, KVM's VFIO device."""
import re

from lab import IOMMUS, TARGETS, Failed, check

HUGEPAGES = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"


def edu_two(pc, iommu, target, first, second, words):
    options = [f"--iommu={iommu}"]
    for name, device in (("edu0", first), ("edu1", second)):
        options += [f"--pci:{name}={pc.device(device)}", f"--pci-allow-no-reset:{name}"]
    output = pc.ok(pc.tender(target, "edu_two", options, words), 100)
    if not re.search("^SUCCESS", output, re.MULTILINE):
        raise Failed(f"no SUCCESS:\n{output}")
    return output


@check(iommu=IOMMUS, target=TARGETS)
def tender_group(pc, iommu, target):
    """two devices of one IOMMU group in one unikernel: registers, DMA, interrupts"""
    with pc.bound("pair0", "pair1"):
        edu_two(pc, iommu, target, "pair0", "pair1", "registers dma pair irq=5")


@check()
def tender_hugepages(pc):
    """what a tender says of too few hugepages is enough"""
    before = pc.ok(f"cat {HUGEPAGES}").strip()
    with pc.bound("edu0", "edu1"):
        try:
            pc.ok(f"echo 1 >{HUGEPAGES}")
            output = edu_two(pc, "type1", "native", "edu0", "edu1", "dma")
            advice = re.search(r"(\d+) wanted, (\d+) free; they come with: sysctl vm.nr_hugepages=(\d+)", output)
            if not advice or advice[2] != "1" or advice[1] != advice[3]:
                raise Failed(f"no warning with the right numbers:\n{output}")
            pc.ok(f"echo {advice[3]} >{HUGEPAGES}")
            output = edu_two(pc, "type1", "native", "edu0", "edu1", "dma")
            if "hugepages" in output:
                raise Failed(f"it still is not content:\n{output}")
        finally:
            pc.ok(f"echo {before} >{HUGEPAGES}")


@check(iommu=IOMMUS)
def tender_tells_kvm(pc, iommu):
    """hvt tells KVM of VFIO's group or device"""
    with pc.bound("nic0"):
        command = pc.tender("hvt", "pci_lost", [f"--iommu={iommu}", f"--pci:nic0={pc.device('nic0')}"], "end")
        process = pc.start(f"env PENSTOCK_DEBUG=1 {command}")
        process.wait_for("ready", 60)
        held = pc.ok("ls -l /proc/$(pidof penstock-hvt)/fd")
        process.kill()
        result = process.wait(30)
        if "kvm-vfio" not in held or "cannot be told" in result.output:
            raise Failed(f"no VFIO device of KVM's among\n{held}\nand it said\n{result.output}")


@check(options={"iommu": False})
def tender_mixed(pc):
    """a device without an IOMMU and one with one are not given to the same unikernel"""
    socket = "/tmp/mixed.sock"
    card = pc.start(f"/penstock/bin/penstock emulate 82599 --socket {socket} --port sink")
    pc.ok(f"for i in $(seq 100); do [ -S {socket} ] && exit 0; usleep 100000; done; exit 1")
    options = ["--unsafe-no-iommu", f"--pci:nic0=sysfs:{pc.device('nic0')}", f"--pci:nic1=vfio-user:{socket}"]
    result = pc.run(pc.tender("native", "pci_two", options))
    card.kill()
    card.wait(30)
    if result.status != 1 or "cannot be in one unikernel with" not in result.output:
        raise Failed(f"it is not refused, or not for that: status {result.status}\n{result.output}")
