# SPDX-License-Identifier: ISC
"""QEMU's edu device, driven by the unikernel `edu` (tests/unikernels): what a device can be told to do, and what it cannot."""
import re

from edus import edu_tender
from expect import find, success
from lab import IOMMUS, TARGETS, Failed, check

PAGE = 4096


# ---- the kernel's log ----

SECONDS, MESSAGES = 5, 10  # the kernel says no more of faults in so many seconds


def calm(pc, wanted):
    """Waits until the kernel will say so many faults and suppress none."""
    said = pc.ok(f"dmesg | grep '{pc.fault_line}'; cat /proc/uptime").splitlines()
    now, begin, used = float(said.pop().split()[0]), -SECONDS, 0
    for line in said:
        stamp = re.match(r"\[ *([0-9.]+)\]", line)
        when = float(stamp[1]) if stamp else now
        if when > begin + SECONDS:
            begin, used = when, 0
        used += pc.fault_cost
    if now < begin + SECONDS and used + pc.fault_cost * wanted > MESSAGES:
        pc.ok(f"sleep {begin + SECONDS + 0.2 - now:.1f}")


def fault_interrupts(pc):
    """How often the IOMMU has reported a fault to the kernel, whatever that said of it."""
    if pc.fault_irq is None:
        return 0
    return int(pc.ok(f"awk '/{pc.fault_irq}/ {{ print $2 }}' /proc/interrupts") or 0)


def expect_faults(pc, mark, device, want):
    """want: [(way, I/O address)]"""
    missing = {(way, pc.device(device), address // PAGE * PAGE) for way, address in want} - pc.faults(mark)
    if missing:
        log = "\n".join(pc.kernel_log(mark))
        raise Failed(f"no fault of {sorted((w, d, hex(a)) for w, d, a in missing)} in the kernel's log, which has:\n{log}")


# ---- what works ----

@check(iommu=IOMMUS, target=TARGETS)
@check(machine="arm64", iommu="type1", target="native")
def edu_driver(pc, iommu, target):
    """a unikernel drives edu: registers, DMA both ways, interrupts by MSI of which none is lost or doubled"""
    with pc.bound("edu0"):
        output = success(pc, edu_tender(pc, iommu, target, "edu", "registers dma irq=20"))
    find("edu0 irq: 20 raised, 20 came, 0 for nothing", output)


@check(iommu=IOMMUS, target=TARGETS)
@check(machine="arm64", iommu="type1", target="native")
def edu_two(pc, iommu, target):
    """the same with two devices at once, and data from one to the other through the shared region"""
    with pc.bound("edu0", "edu1"):
        output = success(pc, edu_tender(pc, iommu, target, "edu_two", "registers dma pair irq=10", ("edu0", "edu1")))
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
        output = success(pc, edu_tender(pc, "type1", target, "edu", "dma blocked=unmapped"))
    address = int(find(r"edu0 dma: both ways at (0x[0-9a-f]+)", output)[1], 16)
    if address >= 1 << 39:
        raise Failed(f"the DMA window is at {address:#x}, beyond 39 bits")


# ---- what is blocked ----

PLACES = ["unmapped", "low", "ram", "other", "@"]  # "@": what host_page makes the address of its page


@check(iommu=IOMMUS, target=TARGETS)
@check(machine="arm64", iommu="type1", target="native")
def edu_blocked(pc, iommu, target):
    """DMA to unmapped addresses, below 2^20, guest RAM, host memory and another device's window: blocked, and logged

    Each place is written to and read from: ten faults, and memory stays as it is. Where the kernel says only the first ones,
    the IOMMU's interrupts are counted; each combination begins with another place.
    """
    first = (IOMMUS.index(iommu) * len(TARGETS) + TARGETS.index(target)) % len(PLACES)
    words = [f"blocked={place}" for place in PLACES[first:] + PLACES[:first]]
    said = MESSAGES // pc.fault_cost
    with pc.bound("edu0", "edu1"):
        calm(pc, said)
        mark, before = pc.mark(), fault_interrupts(pc)
        output = success(pc, "/penstock/bin/host_page " + edu_tender(pc, iommu, target, "edu_two", words, ("edu0", "edu1")))
        came = fault_interrupts(pc) - before
        aimed = [int(address, 16) for address in re.findall(r"edu0 blocked: \S+ at (0x[0-9a-f]+)", output)]
        want = [(way, address) for address in aimed for way in ("write", "read")]
        if len(want) != 10 or (pc.fault_irq and came < len(want)):
            raise Failed(f"expected ten faults, aimed {len(want)} times and saw {came} interrupts\n{output}")
        find("host_page: 0x[0-9a-f]+ untouched", output)
        expect_faults(pc, mark, "edu0", want[:said])


@check(iommu=IOMMUS)
@check(machine="arm64", iommu="type1")
def edu_unmapped(pc, iommu):
    """memory that was mapped for a device and is not any more cannot be reached (the library host/pci)"""
    with pc.bound("edu0"):
        calm(pc, 1)
        mark = pc.mark()
        output = pc.ok(f"/penstock/bin/edu_library {pc.device('edu0')} {iommu} unmap", 100)
        address = int(find(r"unmapped at (0x[0-9a-f]+)", output)[1], 16)
        expect_faults(pc, mark, "edu0", [("write", address)])


@check(iommu=IOMMUS)
@check(machine="arm64", iommu="type1")
def edu_reserved(pc, iommu):
    """addresses that interrupts go to are not offered for DMA, and refused (the library host/pci)"""
    with pc.bound("edu0"):
        regions = pc.ok(f"cat {pc.sysfs('edu0')}/iommu_group/reserved_regions").splitlines()
        starts = [line.split()[0] for line in regions if line.split()[2] in ("msi", "reserved")]
        if not starts:
            raise Failed(f"no reserved region: {regions}")
        for start in starts:
            output = pc.ok(f"/penstock/bin/edu_library {pc.device('edu0')} {iommu} reserved {start}")
            find("edu_library: refused: .*0x0*" + start[2:].lstrip("0"), output)


@check(iommu=IOMMUS, target=TARGETS)
@check(machine="arm64", iommu="type1", target="native")
def edu_still(pc, iommu, target):
    """without bus mastering in the manifest no DMA happens; registers and INTx work"""
    with pc.bound("edu0"):
        mark = pc.mark()
        success(pc, edu_tender(pc, iommu, target, "edu_still", "registers still irq=5"))
        if pc.faults(mark):
            raise Failed(f"the device got as far as the IOMMU: {pc.faults(mark)}")


# ---- the end ----

# How the tender ends; a process traps by SIGSEGV.
ENDS = {"exit": [7], "abort": [255], "kill": [128 + 9], "trap": [255, 128 + 11]}


def quiet(pc, iommu, target, way):
    calm(pc, 1)
    mark = pc.mark()
    tender = edu_tender(pc, iommu, target, "edu", "run")
    result = pc.run(f"/penstock/bin/edu_witness {pc.device('edu0')} {way} {tender}", 100)
    if result.status != 0:
        raise Failed(f"{way}: the witness ended with {result.status}:\n{result.output}")
    status = int(find(r"witness: ended with (\d+)", result.output)[1])
    if status not in ENDS[way]:
        raise Failed(f"{way}: the tender ended with {status}, expected one of {ENDS[way]}:\n{result.output}")
    address = int(find(r"witness: aimed at (0x[0-9a-f]+)", result.output)[1], 16)
    expect_faults(pc, mark, "edu0", [("write", address)])


@check(iommu=IOMMUS, target=TARGETS)
@check(machine="arm64", iommu="type1", target="native")
def edu_quiet(pc, iommu, target):
    """after exit, abort, SIGKILL and a trap the device writes nothing any more, and could not if it tried"""
    with pc.bound("edu0"):
        for way in ENDS:
            quiet(pc, iommu, target, way)


def lose(pc, command_line, how, status, says):
    """Runs a unikernel until its device works, does that to the device, and looks how the tender ends."""
    tender = pc.start(command_line)
    tender.wait_for("edu0 works", 60)
    doing = pc.start(f"sh -c '{how}'")
    result = tender.wait(60)
    if result.status != status or not re.search(says, result.output):
        raise Failed(f"expected status {status} and /{says}/, seen status {result.status}:\n{result.output}")
    doing.wait(60)


@check(iommu=IOMMUS, target=TARGETS)
@check(machine="arm64", iommu="type1", target="native")
def edu_lost(pc, iommu, target):
    """a device is reset by somebody else, or unplugged: the unikernel is told, the tender says so, nothing hangs"""
    folder = f"{pc.sysfs('edu0')}"
    reset = f'printf "\\002\\000" | dd of={folder}/config bs=1 seek=4 conv=notrunc 2>/dev/null'  # what a reset leaves
    with pc.bound("edu0"):
        told = edu_tender(pc, iommu, target, "edu", "lost")
        stubborn = edu_tender(pc, iommu, target, "edu", "run")
        lose(pc, told, reset, 0, "is gone: .*reset it(.|\n)*edu0 is lost")
        lose(pc, stubborn, reset, 1, "is gone: .*reset it(.|\n)*did not end by itself")
        try:
            lose(pc, told, f"echo 1 >{folder}/remove", 0, "is gone: .*to be unplugged(.|\n)*edu0 is lost")
            pc.ok(f"[ ! -e {folder} ]")
        finally:
            pc.ok("echo 1 >/sys/bus/pci/rescan")
