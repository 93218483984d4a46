# SPDX-License-Identifier: ISC
"""The library of host/pci by itself: examples/pci/nvme.c on a disk that nobody here wrote."""
import harness
from expect import expect_words
from lab import IOMMUS, check

DISK = "1b36:0010 NVMe 10400: QEMU NVMe Ctrl"


@check(iommu=IOMMUS)
def library_example(pc, iommu):
    """sixty lines ask an NVMe disk for its name: its registers, and one command by DMA"""
    where = pc.device("nvme")
    pc.put(harness.BUILD / "examples/nvme", "/tmp/nvme")
    try:
        expect_words(pc.run(f"/tmp/nvme {where}"), 1, where, "vfio-pci")  # Linux has it
        with pc.bound("nvme", "igb"):
            for _ in range(2):  # what the first leaves is no matter to the second
                expect_words(pc.run(f"/tmp/nvme {where}"), 0, DISK, "serial lab")
            expect_words(pc.run(f"/tmp/nvme {pc.device('igb')}"), 1, "no NVMe disk")
        pc.until("[ -b /dev/nvme0n1 ]", "Linux has the disk again")
    finally:
        pc.ok("rm -f /tmp/nvme")
