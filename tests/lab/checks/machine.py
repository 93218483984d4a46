# SPDX-License-Identifier: ISC
"""The standard PC is what its description says."""
from expect import expect
from lab import check

IDS = {"edu0": "1234:11e8", "edu1": "1234:11e8", "pair0": "1234:11e8", "pair1": "1234:11e8", "e1000e": "8086:10d3",
       "nvme": "1b36:0010", "igb": "8086:10c9", "nic0": "8086:10fb", "nic1": "8086:10fb"}


def devices_are_there(pc):
    for name, expected in IDS.items():
        seen = pc.ok(f"cd {pc.sysfs(name)} && cat vendor device").replace("0x", "").split()
        expect(name, expected, ":".join(seen))


def groups_are_right(pc):
    groups = {}
    for name in IDS:
        link = pc.ok(f"readlink {pc.sysfs(name)}/iommu_group")
        groups[name] = link.strip().rsplit("/", 1)[1]
    expect("the group of pair1", groups["pair0"], groups.pop("pair1"))
    expect("groups of their own", len(groups), len(set(groups.values())))


@check(kernel="debian")
def machine_debian(pc):
    """the PC under Debian's kernel: devices, IOMMU groups, KVM, VFIO, hugepages"""
    devices_are_there(pc)
    groups_are_right(pc)
    pc.ok("[ -c /dev/kvm ] && [ -c /dev/vfio/vfio ]")
    expect("hugepages", "64", pc.ok("cat /proc/sys/vm/nr_hugepages").strip())


@check(kernel="iommufd")
def machine_iommufd(pc):
    """the PC under the small kernel: the same, and iommufd and the device cdev"""
    machine_debian(pc)
    pc.ok("[ -c /dev/iommu ]")
    with pc.bound("edu0"):
        pc.ok(f"ls {pc.sysfs('edu0')}/vfio-dev/ | grep vfio")


@check()
def machine_bind(pc):
    """devices can be bound to vfio-pci and given back"""
    with pc.bound("edu0", "igb"):
        for name in ("edu0", "igb"):
            expect(f"the driver of {name}", "vfio-pci", pc.driver(name))
    expect("the driver of igb", "igb", pc.driver("igb"))
