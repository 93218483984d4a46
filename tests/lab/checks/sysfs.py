# SPDX-License-Identifier: ISC
"""A device without an IOMMU (the thesis's ixy-freestanding): native, "sysfs:", and only if it is asked for."""
import contextlib
import re

from expect import expect_words
from lab import Failed, check
from peer import Raw, frame

HUGE = "/dev/hugepages"
MAC = "02:00:00:00:82:00"
STATE = "cat {0}/enable; od -An -tx2 -j4 -N2 {0}/config"


def reflect(pc, options="--unsafe-no-iommu", target="native", arguments=""):
    return pc.tender(target, "reflect", f"--pci:nic0=sysfs:{pc.device('nic0')} {options}", arguments)


@contextlib.contextmanager
def no_hugetlbfs(pc):
    pc.ok(f"umount {HUGE}")
    try:
        yield
    finally:
        pc.ok(f"mount -t hugetlbfs hugetlbfs {HUGE}")


def device_state(pc):
    """What must be as it was: switched on or not, and the command register."""
    switch, command = pc.ok(STATE.format(pc.sysfs("nic0"))).split()
    return int(switch), int(command, 16)


def bus_master(pc):
    return bool(device_state(pc)[1] & 4)


def files(pc):
    return pc.ok(f"ls {HUGE}").split()


def refused(pc, command, *words):
    before = device_state(pc)
    expect_words(pc.run(command), 1, *words)
    if device_state(pc) != before:
        raise Failed(f"the device was {before} before it was refused, and is {device_state(pc)}")


def traffic(pc, wire, process, count=300):
    """Frames that come back byte for byte; the first ones may be sent before the driver listens."""
    for number in range(1, 200):
        wire.send(frame(MAC, number))
        if wire.receive(1, 0.5):
            break
    else:
        raise Failed(f"nothing came back: {process.output()}")
    for start in range(1000, 1000 + count, 50):  # less than a ring at a time: nothing may be lost
        sent = [frame(MAC, number, 60 + number % 1400) for number in range(start, start + 50)]
        wire.send(*sent)
        back = []
        while len(back) < len(sent) and (got := wire.receive(1)):
            back += [data for _, data in got if data[14:18] >= sent[0][14:18]]  # no late one of the first
        if back != sent:
            raise Failed(f"{len(back)} of {len(sent)} frames came back, {sum(map(bytes.__eq__, back, sent))} of them as "
                         f"they were: {process.output()}")


def run_and_stop(pc, wire):
    """From the first frame to the last, and the end of it by a signal."""
    process = pc.start(reflect(pc))
    try:
        traffic(pc, wire, process)
        if not bus_master(pc):
            raise Failed("frames come back, and the device is no bus master")
    finally:
        process.kill(15)
        process.wait(60)
    if files(pc) or bus_master(pc):
        raise Failed(f"files left behind: {files(pc)}; bus master: {bus_master(pc)}")


@check(options={"iommu": False}, deadline=240)
def sysfs_reflect(pc):
    """reflect, native, drives an 82599 without an IOMMU; afterwards the device is still, and as it was"""
    before = device_state(pc)
    with Raw(pc.nic[0], 0x88b5) as wire:
        run_and_stop(pc, wire)
    output = pc.ok(reflect(pc, arguments="--seconds=1"))
    if files(pc) or device_state(pc) != before:
        raise Failed(f"left behind: {files(pc)}; the device was {before}, and is {device_state(pc)}: {output}")


@check(options={"iommu": False}, deadline=240)
def sysfs_killed(pc):
    """after SIGKILL the device goes on, in memory that nobody else gets; the next user stops it and frees that"""
    with Raw(pc.nic[0], 0x88b5) as wire:
        process = pc.start(reflect(pc))
        traffic(pc, wire, process, 50)
        process.kill(9)
        process.wait(60)
        wire.send(*[frame(MAC, number) for number in range(100)])  # into a ring of nobody's
        left = files(pc)
        if not bus_master(pc) or [re.sub(r"[.]0$", "", name) for name in left] != ["penstock-" + pc.device("nic0")]:
            raise Failed(f"bus master: {bus_master(pc)}, files: {left}; expected what a killed process cannot undo")
        kept = int(pc.ok(f"du -m {HUGE}/{left[0]}").split()[0])
        if kept < 16:
            raise Failed(f"the device's memory is 16 MiB and more, its file has {kept} MiB")
        run_and_stop(pc, wire)


@check(options={"iommu": False})
def sysfs_refusals(pc):
    """a device without an IOMMU is refused to who did not ask for it, and wherever it cannot work"""
    where = f"sysfs:{pc.device('nic0')}"
    refused(pc, reflect(pc, ""), where, "--unsafe-no-iommu")
    for target in ("hvt", "spt"):
        refused(pc, reflect(pc, "", target=target), where, "only a unikernel for native")
    with no_hugetlbfs(pc):
        refused(pc, reflect(pc), where, "mount -t hugetlbfs")
    refused(pc, f"unshare -U {reflect(pc)}", where, "CAP_SYS_ADMIN")  # root of nothing
    pc.ok(f"fallocate -l 120M {HUGE}/taken")
    try:
        refused(pc, reflect(pc), where, "hugepages of 2 MiB that follow each other", "4 are free")
    finally:
        pc.ok(f"rm {HUGE}/taken")
    process = pc.start(reflect(pc))
    try:
        pc.until(f"[ -n \"$(ls {HUGE})\" ]", "the first one has its memory")
        expect_words(pc.run(reflect(pc)), 1, "another process")
    finally:
        process.kill(15)
        process.wait(60)
    refused(pc, reflect(pc).replace(pc.device("nic0"), pc.device("igb")), "driver igb", "unbind")
    refused(pc, reflect(pc).replace(pc.device("nic0"), pc.device("edu0")), "cannot be reset", "--pci-allow-no-reset:nic0")


@check(deadline=240)
def sysfs_behind_an_iommu(pc):
    """an IOMMU that translates is no place for physical addresses: refused; one that lets all through is"""
    group = pc.ok(f"readlink -f {pc.sysfs('nic0')}/iommu_group").strip()
    kind = pc.ok(f"cat {group}/type").strip()
    refused(pc, reflect(pc), "behind an IOMMU", f"domain type {kind}", "without \"sysfs:\"")
    with Raw(pc.nic[0], 0x88b5) as wire:
        pc.ok(f"echo identity >{group}/type")
        try:
            with pc.bound("nic0"):
                refused(pc, reflect(pc), "bound to vfio-pci")
            run_and_stop(pc, wire)
        finally:
            pc.ok(f"echo {kind} >{group}/type")
