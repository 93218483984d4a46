# SPDX-License-Identifier: ISC
"""Host devices that a unikernel cannot have: one clear line, exit status 1, and the device as it was."""
import contextlib

from edus import edu_tender, held
from expect import success
from lab import IOMMUS, TARGETS, Failed, check
from manifest import FLAGS, VENDOR, changed

EDU_FLAGS = 1 << 0 | 1 << 6  # BAR 0, bus mastering


# ---- running the unikernel `edu` ----

def command(pc, iommu, target, device, no_reset=True, words="registers"):
    return edu_tender(pc, iommu, target, "edu", words, {"edu0": device}, no_reset)


@contextlib.contextmanager
def user(pc):
    """Inside, there is a user who is not root. Gives the function that runs a command as him, with so many KiB to lock."""
    if pc.run("[ -e /etc/passwd ]").status == 0:
        raise Failed("the machine has users already")
    pc.ok("mkdir -p /etc && echo 'user:x:1000:1000::/:/bin/sh' >/etc/passwd")
    try:
        yield lambda command, kib: f"ulimit -l {kib}; exec su user -c '{command}'"
    finally:
        pc.ok("rm /etc/passwd")


# ---- what is expected ----

def state_of(pc, *devices):
    """Driver, whether it is enabled, and configuration space."""
    folders = " ".join(pc.sysfs(name) for name in devices)
    return pc.ok(f"for d in {folders}; do echo $d; readlink $d/driver; cat $d/enable; od -An -v -tx1 -N256 $d/config; done")


def refused(pc, tender, *words, devices=("edu0",)):
    """It must end with status 1 and one line that has these words, and leave the devices as they were."""
    before = state_of(pc, *devices)
    result = pc.run(tender, 60)
    lines = [line for line in result.output.splitlines() if ": warning: " not in line]
    if result.status != 1 or len(lines) != 1 or any(word not in lines[0] for word in words):
        raise Failed(f"expected status 1 and one line with {words}, seen {result.status}:\n{result.output}\nof {tender}")
    after = state_of(pc, *devices)
    if before != after:
        raise Failed(f"a device is not as it was before {tender}:\n{before}\nand after:\n{after}")


# ---- whose it is ----

@check(iommu=IOMMUS, target=TARGETS)
@check(machine="arm64", iommu="type1", target="native")
def refused_unbound(pc, iommu, target):
    """a device that is not bound to vfio-pci, has another driver, is a bridge, or is not there"""
    bind = f"penstock pci bind {pc.device('edu0')}"
    refused(pc, command(pc, iommu, target, "edu0"), 'device "edu0"', pc.device("edu0"), "has no driver", bind)
    refused(pc, command(pc, iommu, target, "0000:7f:1f.7"), "0000:7f:1f.7: there is no such PCI device")
    if "nvme" in pc.devices:
        refused(pc, command(pc, iommu, target, "nvme"), "its driver is nvme", f"penstock pci bind {pc.device('nvme')}",
                devices=["nvme"])
        refused(pc, command(pc, iommu, target, "00:04.0"), "0000:00:04.0: this is a bridge", devices=["nvme"])


@check(iommu=IOMMUS, target=TARGETS)
@check(machine="arm64", iommu="type1", target="native")
def refused_identity(pc, iommu, target):
    """a device of another kind than the manifest wants"""
    with pc.bound("e1000e"):
        refused(pc, command(pc, iommu, target, "e1000e"), "manifest wants 1234:11e8", "device is 8086:10d3", devices=["e1000e"])


def other_driver(pc):
    """A driver of Linux's: its name, what makes it take pair1, and what undoes that. For an edu, which none is for, it is that
    of serial cards."""
    if pc.shape.machine == "arm64":
        rng, folder = pc.device("pair1"), "/sys/bus/pci/drivers/virtio-pci"
        return "virtio-pci", f"echo {rng} >{folder}/bind", f"echo {rng} >{folder}/unbind"
    override = "echo {} >/sys/bus/pci/devices/{}/driver_override"
    edus = [pc.device(name) for name in ("edu0", "edu1", "pair0")]
    driver, pair1 = "/sys/bus/pci/drivers/serial", pc.device("pair1")
    do = [override.format("none", edu) for edu in edus[:2]] + [f"echo 1234 11e8 ffffffff ffffffff 0 0 1 >{driver}/new_id"]
    undo = [f"echo {pair1} >{driver}/unbind", f"echo 1234 11e8 >{driver}/remove_id"]
    return "serial", " && ".join(do), "; ".join(undo + [override.format("''", edu) for edu in edus[:2]])


@check(iommu=IOMMUS, target=TARGETS)
@check(machine="arm64", iommu="type1", target="native")
def refused_group(pc, iommu, target):
    """a device whose IOMMU group has a member that the kernel uses: all members are named"""
    driver, do, undo = other_driver(pc)
    pair = [pc.device(name) for name in ("pair0", "pair1")]
    with pc.bound("pair0"):
        pc.ok(do)
        try:
            refused(pc, command(pc, iommu, target, "pair0"), "IOMMU group", f"{pair[0]} (vfio-pci)", f"{pair[1]} ({driver})",
                    f"penstock pci bind {pair[1]}", devices=["pair0", "pair1"])
        finally:
            pc.ok(undo)
        success(pc, command(pc, iommu, target, "pair0"))  # with no driver it is nobody's


@check(iommu=IOMMUS, target=TARGETS)
@check(machine="arm64", iommu="type1", target="native")
def refused_reset(pc, iommu, target):
    """a device without a reset, unless that is allowed"""
    with pc.bound("edu0"):
        refused(pc, command(pc, iommu, target, "edu0", no_reset=False), "it has no reset", "--pci-allow-no-reset:edu0")
        success(pc, command(pc, iommu, target, "edu0"))


@check(iommu=IOMMUS, target=TARGETS)
@check(machine="arm64", iommu="type1", target="native")
def refused_held(pc, iommu, target):
    """a device that another process has, and its next user after that"""
    with pc.bound("edu0"):
        with held(pc, command(pc, iommu, target, "edu0", words="run"), "edu0"):
            for kind in IOMMUS if iommu == "iommufd" else [iommu]:
                refused(pc, command(pc, kind, target, "edu0"), "another process has it", devices=[])
        success(pc, command(pc, iommu, target, "edu0"))


# ---- BARs ----

@check(iommu=IOMMUS, target=TARGETS)
@check(machine="arm64", iommu="type1", target="native")
def refused_bar(pc, iommu, target):
    """a BAR that the device has not, or that is not memory"""
    with pc.bound("edu0"), changed(pc, "edu", target, "edu0", FLAGS, EDU_FLAGS | 1 << 1) as run:
        refused(pc, run(command(pc, iommu, target, "edu0")), "the manifest maps BAR1, the device has none")
    if "e1000e" in pc.devices:
        e1000e = [0x86, 0x80, 0xd3, 0x10, 0x02, 0x00, 0x00, EDU_FLAGS | 1 << 2]
        with pc.bound("e1000e"), changed(pc, "edu", target, "edu0", VENDOR, *e1000e) as run:
            refused(pc, run(command(pc, iommu, target, "e1000e")), "the manifest maps BAR2, which is in I/O space",
                    devices=["e1000e"])


# ---- memory and permissions ----

def files_of(pc, iommu, device):
    """What a user must be allowed to open."""
    folder = pc.sysfs(device)
    if iommu == "type1":
        return ["/dev/vfio/$(basename $(readlink " + folder + "/iommu_group))"]
    return ["/dev/iommu", f"/dev/vfio/devices/$(ls {folder}/vfio-dev)"]


@contextlib.contextmanager
def allowed(pc, *files):
    """Inside, everyone may open these files."""
    names = " ".join(files)
    before = pc.ok(f"stat -c '%a %n' {names}").splitlines()
    pc.ok(f"chmod 666 {names}")
    try:
        yield
    finally:
        for mode, name in (line.split() for line in before):
            pc.ok(f"chmod {mode} {name}")


@check(iommu=IOMMUS, target=TARGETS)
@check(machine="arm64", iommu="type1", target="native")
def refused_memlock(pc, iommu, target):
    """a user who may not open the device, and one who may not lock as much memory as it takes: with the number to set"""
    kvm = ["/dev/kvm"] if target == "hvt" else []
    tender = command(pc, iommu, target, "edu0")
    with pc.bound("edu0"), allowed(pc, "/dev/null", *kvm), user(pc) as run:
        refused(pc, run(tender, 1024), "not allowed", "chown")
        with allowed(pc, *files_of(pc, iommu, "edu0")):
            refused(pc, run(tender, 1024), "cannot lock 2048 KiB of DMA memory", "may lock 1024 KiB (RLIMIT_MEMLOCK)",
                    "ulimit -l 2048", "LimitMEMLOCK=2048K", "/etc/security/limits.conf")
            success(pc, run(tender, 2048))


@check(iommu=IOMMUS, target=TARGETS)
@check(machine="arm64", iommu="type1", target="native")
def few_hugepages(pc, iommu, target):
    """without hugepages it works with small ones, and a warning says how many to set aside"""
    pages = "/proc/sys/vm/nr_hugepages"
    before = pc.ok(f"cat {pages}").strip()
    with pc.bound("edu0"):
        pc.ok(f"echo 0 >{pages}")
        try:
            output = success(pc, command(pc, iommu, target, "edu0", words="registers dma"))
        finally:
            pc.ok(f"echo {before} >{pages}")
        if "warning: too few free hugepages" not in output or "sysctl vm.nr_hugepages=1" not in output:
            raise Failed(f"expected a warning with the number to set, seen:\n{output}")


# ---- machines that cannot ----

@check(options={"iommu": False}, target=TARGETS)
def refused_no_iommu(pc, target):
    """a machine without an IOMMU"""
    refused(pc, command(pc, "type1", target, "edu0"), "there is no IOMMU", "intel_iommu=on")


@check(options={"intremap": False}, target=TARGETS)
def refused_no_remapping(pc, target):
    """a machine without interrupt remapping, where a device could raise any interrupt"""
    with pc.bound("edu0"):
        refused(pc, command(pc, "type1", target, "edu0"), "interrupt remapping is off", "allow_unsafe_interrupts")
