# SPDX-License-Identifier: ISC
"""QEMU's edu device, driven by the unikernel `edu` (tests/unikernels): what a device can be told to do, and what it cannot."""
import re

from lab import IOMMUS, TARGETS, Failed, check

PAGE = 4096


# ---- running it ----

def command(pc, iommu, target, unikernel, words, devices):
    options = [f"--iommu={iommu}"]
    for name in devices:
        options += [f"--pci:{name}={pc.device(name)}", f"--pci-allow-no-reset:{name}"]  # edu has no reset
    return pc.tender(target, unikernel, options, words)


def drive(pc, command_line):
    output = pc.ok(command_line, 100)
    if not re.search(r"^SUCCESS", output, re.MULTILINE):
        raise Failed(f"no SUCCESS from {command_line}\n{output}")
    return output


def find(pattern, output):
    match = re.search(pattern, output)
    if not match:
        raise Failed(f"nothing like /{pattern}/ in\n{output}")
    return match


# ---- the kernel's log ----

def calm(pc):
    """The kernel says at most ten faults in five seconds: waits until it says the next ones."""
    said = pc.ok(f"dmesg | grep '{pc.fault_line}' | tail -n 1; cat /proc/uptime").splitlines()
    last = re.match(r"\[ *([0-9.]+)\]", said[0])
    wait = float(last[1]) + 5.5 - float(said[-1].split()[0]) if last else 0
    if wait > 0:
        pc.ok(f"sleep {wait:.1f}")


def expect_faults(pc, mark, device, addresses, ways=("write", "read")):
    want = {(way, pc.device(device), address // PAGE * PAGE) for way in ways for address in addresses}
    missing = want - pc.faults(mark)
    if missing:
        log = "\n".join(pc.kernel_log(mark))
        raise Failed(f"no fault of {sorted((w, d, hex(a)) for w, d, a in missing)} in the kernel's log, which has:\n{log}")


# ---- what works ----

@check(iommu=IOMMUS, target=TARGETS)
@check(machine="arm64", iommu="type1", target="native")
def edu_driver(pc, iommu, target):
    """a unikernel drives edu: registers, DMA both ways, interrupts by MSI of which none is lost or doubled"""
    with pc.bound("edu0"):
        output = drive(pc, command(pc, iommu, target, "edu", "registers dma irq=20", ["edu0"]))
    find("edu0 irq: 20 raised, 20 came, 0 for nothing", output)


@check(iommu=IOMMUS, target=TARGETS)
@check(machine="arm64", iommu="type1", target="native")
def edu_two(pc, iommu, target):
    """the same with two devices at once, and data from one to the other through the shared region"""
    with pc.bound("edu0", "edu1"):
        output = drive(pc, command(pc, iommu, target, "edu_two", "registers dma pair irq=10", ["edu0", "edu1"]))
    find("pair: both at once", output)


@check(iommu=IOMMUS)
@check(machine="arm64", iommu="type1")
def edu_intx(pc, iommu):
    """interrupts by INTx: masked when raised, again when unmasked, none lost or doubled (the library host/pci)"""
    with pc.bound("edu0"):
        output = pc.ok(f"/penstock/bin/edu_library {pc.device('edu0')} {iommu} intx", 100)
    find("20 raised, 20 came", output)


@check(options={"aw_bits": 39}, target=TARGETS)
def edu_39_bits(pc, target):
    """an IOMMU of 39 bits, where the default addresses do not fit: the tender finds others"""
    with pc.bound("edu0"):
        output = drive(pc, command(pc, "type1", target, "edu", "dma blocked=unmapped", ["edu0"]))
    address = int(find(r"edu0 dma: both ways at (0x[0-9a-f]+)", output)[1], 16)
    if address >= 1 << 39:
        raise Failed(f"the DMA window is at {address:#x}, beyond 39 bits")


# ---- what is blocked ----

@check(iommu=IOMMUS, target=TARGETS)
@check(machine="arm64", iommu="type1", target="native")
def edu_blocked(pc, iommu, target):
    """DMA to unmapped addresses, below 2^20, guest RAM, host memory and another device's window: blocked, and logged"""
    words = "blocked=unmapped blocked=low blocked=ram blocked=other blocked=@"
    with pc.bound("edu0", "edu1"):
        calm(pc)
        mark = pc.mark()
        tender = command(pc, iommu, target, "edu_two", words, ["edu0", "edu1"])
        output = drive(pc, f"/penstock/bin/host_page {tender}")
        aimed = [int(address, 16) for address in re.findall(r"edu0 blocked: \S+ at (0x[0-9a-f]+)", output)]
        if len(aimed) != 5:
            raise Failed(f"five places are to be aimed at, not {len(aimed)}:\n{output}")
        find(f"host_page: {aimed[-1]:#x} untouched", output)
        expect_faults(pc, mark, "edu0", aimed)


@check(iommu=IOMMUS)
@check(machine="arm64", iommu="type1")
def edu_unmapped(pc, iommu):
    """memory that was mapped for a device and is not any more cannot be reached (the library host/pci)"""
    with pc.bound("edu0"):
        calm(pc)
        mark = pc.mark()
        output = pc.ok(f"/penstock/bin/edu_library {pc.device('edu0')} {iommu} unmap", 100)
        address = int(find(r"unmapped at (0x[0-9a-f]+)", output)[1], 16)
        expect_faults(pc, mark, "edu0", [address], ["write"])


@check(iommu=IOMMUS, target=TARGETS)
@check(machine="arm64", iommu="type1", target="native")
def edu_still(pc, iommu, target):
    """without bus mastering in the manifest no DMA happens"""
    with pc.bound("edu0"):
        mark = pc.mark()
        drive(pc, command(pc, iommu, target, "edu_still", "registers still", ["edu0"]))
        if pc.faults(mark):
            raise Failed(f"the device got as far as the IOMMU: {pc.faults(mark)}")


# ---- the end ----

STATUS = {"exit": {7}, "abort": {255}, "kill": {137}, "trap": {255, 128 + 11}}  # a process traps by SIGSEGV


WAYS = ("exit", "abort", "kill", "trap")


@check(iommu=IOMMUS, target=TARGETS, way=WAYS)
@check(machine="arm64", iommu="type1", target="native", way=WAYS)
def edu_quiet(pc, iommu, target, way):
    """after exit, abort, SIGKILL and a trap the device writes nothing any more, and could not if it tried"""
    with pc.bound("edu0"):
        calm(pc)
        mark = pc.mark()
        tender = command(pc, iommu, target, "edu", "run", ["edu0"])
        result = pc.run(f"/penstock/bin/edu_witness {pc.device('edu0')} {way} {tender}", 100)
        if result.status != 0:
            raise Failed(f"the witness ended with {result.status}:\n{result.output}")
        status = int(find(r"witness: ended with (\d+)", result.output)[1])
        if status not in STATUS[way]:
            raise Failed(f"the tender ended with {status}, expected {STATUS[way]}:\n{result.output}")
        address = int(find(r"witness: aimed at (0x[0-9a-f]+)", result.output)[1], 16)
        expect_faults(pc, mark, "edu0", [address], ["write"])
