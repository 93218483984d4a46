# SPDX-License-Identifier: ISC
"""Two devices that share an IOMMU group, and so what they see of memory: one process may have both, two may not."""
from edus import edu_tender, held
from expect import expect_words, success
from lab import IOMMUS, TARGETS, check

PAIR = ("pair0", "pair1")


@check(iommu=IOMMUS, target=TARGETS)
def group_of_two(pc, iommu, target):
    """both devices of a group in one unikernel, reset with their bus: windows of their own and a shared one"""
    # Neither has a reset, but the bus that they have for themselves can be reset.
    devices = dict(zip(("edu0", "edu1"), PAIR))
    with pc.bound(*PAIR):
        success(pc, edu_tender(pc, iommu, target, "edu_two", "registers dma pair irq=5", devices, no_reset=False))


@check(iommu=IOMMUS)
def group_split(pc, iommu):
    """one device of a group while another process has the other: refused, and the other goes on"""
    first, second = ({"edu0": name} for name in PAIR)
    with pc.bound(*PAIR), held(pc, edu_tender(pc, iommu, "native", "edu", "run", first), PAIR[0]):
        for kind in IOMMUS if iommu == "iommufd" else ["type1"]:
            expect_words(pc.run(edu_tender(pc, kind, "spt", "edu", "registers", second)), 1, "another process")
