# SPDX-License-Identifier: ISC
"""What a tender makes of the machine: hugepages, KVM's VFIO device, a device that no IOMMU is for."""
import re

from edus import edu_tender
from expect import expect_words, find, success
from lab import IOMMUS, Failed, check

HUGEPAGES = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"


@check()
def tender_hugepages(pc):
    """what a tender says of too few hugepages is enough"""
    before = pc.ok(f"cat {HUGEPAGES}").strip()
    tender = edu_tender(pc, "type1", "native", "edu_two", "dma", ("edu0", "edu1"))
    with pc.bound("edu0", "edu1"):
        try:
            pc.ok(f"echo 1 >{HUGEPAGES}")
            output = success(pc, tender)
            advice = re.search(r"(\d+) wanted, (\d+) free; they come with: sysctl vm.nr_hugepages=(\d+)", output)
            if not advice or advice[2] != "1" or advice[1] != advice[3]:
                raise Failed(f"no warning with the right numbers:\n{output}")
            pc.ok(f"echo {advice[3]} >{HUGEPAGES}")
            output = success(pc, tender)
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


@check(iommu=IOMMUS, target=("spt", "hvt"))
def tender_dropped(pc, iommu, target):
    """--user and --chroot: DMA, interrupts and the end work for who can open nothing any more; a second try finds the device as it was"""
    pc.ok("mkdir -p /tmp/empty")
    for _ in range(2):
        with pc.bound("edu0"):
            command = pc.tender(target, "edu", [f"--iommu={iommu}", f"--pci:edu0={pc.device('edu0')}", "--pci-allow-no-reset:edu0",
                                                "--user=65534:65534", "--chroot=/tmp/empty"], "registers dma irq=5")
            find("edu0 irq: 5 raised, 5 came, 0 for nothing", success(pc, command))


@check(options={"iommu": False})
def tender_mixed(pc):
    """a device without an IOMMU and one with one are not given to the same unikernel"""
    socket = "/tmp/mixed.sock"
    card = pc.start(f"/penstock/bin/penstock emulate 82599 --socket {socket} --port sink")
    pc.until(f"[ -S {socket} ]", "the card can be had")
    options = ["--unsafe-no-iommu", f"--pci:nic0=sysfs:{pc.device('nic0')}", f"--pci:nic1=vfio-user:{socket}"]
    result = pc.run(pc.tender("native", "pci_two", options))
    card.kill()
    card.wait(30)
    expect_words(result, 1, "cannot be in one unikernel with")
