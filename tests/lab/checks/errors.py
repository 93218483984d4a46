# SPDX-License-Identifier: ISC
"""Errors on PCIe that the kernel hears of (AER)."""
from lab import IOMMUS, TARGETS, Failed, check
from manifest import VENDOR, changed

IGB = [0x86, 0x80, 0xc9, 0x10, 0x02, 0x00, 0x00, 1 << 0 | 1 << 6]  # identity and class; BAR 0, bus mastering


@check(iommu=IOMMUS, target=TARGETS)
def error_fatal(pc, iommu, target):
    """the link to a device fails: the unikernel is told, the tender says so, nothing hangs"""
    with pc.bound("igb"), changed(pc, "pci_lost", target, "nic0", VENDOR, *IGB) as run:
        tender = pc.start(run(pc.tender(target, "pci_lost", [f"--iommu={iommu}", f"--pci:nic0={pc.device('igb')}"], "end")))
        tender.wait_for("ready", 60)
        mark = pc.mark()
        pc.qmp("human-monitor-command", command_line="pcie_aer_inject_error port-igb DLP")
        result = tender.wait(30)
        if result.status != 7 or "is gone: " not in result.output or "lost" not in result.output:
            raise Failed(f"expected status 7 and a line that says why, seen {result.status}:\n{result.output}")
        if not any("Uncorrectable (Fatal)" in line for line in pc.kernel_log(mark)):
            raise Failed("the kernel has heard of no error")
