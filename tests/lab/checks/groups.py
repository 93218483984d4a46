# SPDX-License-Identifier: ISC
"""Two devices that share an IOMMU group, and so what they see of memory: one process may have both, two may not."""
import re

from lab import IOMMUS, TARGETS, Failed, check

PAIR = ("pair0", "pair1")


def both(pc, iommu, target, words):
    # Without --pci-allow-no-reset: neither has a reset, but the bus that they have for themselves can be reset.
    options = [f"--iommu={iommu}", *(f"--pci:edu{i}={pc.device(name)}" for i, name in enumerate(PAIR))]
    return pc.tender(target, "edu_two", options, words)


@check(iommu=IOMMUS, target=TARGETS)
def group_of_two(pc, iommu, target):
    """both devices of a group in one unikernel, reset with their bus: windows of their own and a shared one"""
    with pc.bound(*PAIR):
        output = pc.ok(both(pc, iommu, target, "registers dma pair irq=5"), 100)
    if not re.search(r"^SUCCESS", output, re.MULTILINE):
        raise Failed(f"no SUCCESS:\n{output}")


@check(iommu=IOMMUS)
def group_split(pc, iommu):
    """one device of a group while another process has the other: refused, and the other goes on"""
    def one(i, target, words, kind=iommu):
        options = [f"--iommu={kind}", f"--pci:edu0={pc.device(PAIR[i])}", "--pci-allow-no-reset:edu0"]
        return pc.tender(target, "edu", options, words)

    with pc.bound(*PAIR):
        holder = pc.start(one(0, "native", "run"))
        try:
            pc.ok(f"for i in $(seq 100); do [ $(cat /sys/bus/pci/devices/{pc.device(PAIR[0])}/enable) = 1 ] && exit 0; "
                  "usleep 100000; done; exit 1")
            for kind in IOMMUS if iommu == "iommufd" else ["type1"]:
                result = pc.run(one(1, "spt", "registers", kind))
                if result.status != 1 or "another process" not in result.output:
                    raise Failed(f"expected a refusal of {kind}, seen {result.status}:\n{result.output}")
            if not holder.running:
                raise Failed(f"the first one has ended:\n{holder.output()}")
        finally:
            holder.kill(9)
            holder.wait(20)
