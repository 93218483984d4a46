# SPDX-License-Identifier: ISC
"""The 82599 in the hands of a unikernel: its driver, the kernel's VFIO, the IOMMU, the device (Figure 3.3 of the thesis)."""
import contextlib
import re
import signal
import time

import harness
import peer
from lab import IOMMUS, TARGETS, Failed, Skip, check

ADDRESS = "10.82.0.2"  # of the unikernel on nic0; the host is .1
PORT = 8080
WINDOW = 16  # frames on their way at a time
STATS = re.compile(r"penstock-hvt: exits=(\d+) io=(\d+) mmio=(\d+) other=(\d+)")


def mac(pc):
    return f"02:00:00:00:82:{pc.nic[0].index:02x}"


@contextlib.contextmanager
def running(pc, target, unikernel, options, words=""):
    """A unikernel that owns nic0 and does not end by itself."""
    with pc.bound("nic0"):
        process = pc.start(pc.tender(target, unikernel, [f"--pci:nic0={pc.device('nic0')}", *options], words))
        try:
            yield process
            if not process.running:
                raise Failed(f"{unikernel} has ended with status {process.status}:\n{process.output()}")
        finally:
            if process.running:
                process.kill(signal.SIGTERM)
            process.wait(60)


# ---- reflect ----

def awake(raw, address, timeout=90):
    """Sends a frame now and then until one comes back: the driver takes its time to start."""
    deadline = time.monotonic() + timeout
    number = 1 << 30
    while time.monotonic() < deadline:
        raw.send(peer.frame(address, number))
        if raw.receive(1, 1):
            raw.receive(1000, 1)  # those that came late
            return
        number += 1
    raise Failed(f"no frame came back in {timeout} s")


def there_and_back(raw, address, count, sizes):
    """Sends frames, a few at a time, and compares what comes back: all of them, in order, byte for byte."""
    frames = [peer.frame(address, n, sizes[n % len(sizes)]) for n in range(count)]
    for at in range(0, count, WINDOW):
        sent = frames[at:at + WINDOW]
        raw.send(*sent)
        back = [data for _, data in raw.receive(len(sent), 30)]
        if back != sent:
            wrong = next((i for i, (a, b) in enumerate(zip(back, sent)) if a != b), len(back))
            raise Failed(f"{len(back)} of {len(sent)} frames came back; wrong from frame {at + wrong} on")


@check(iommu=IOMMUS, target=TARGETS, deadline=240)
def ixgbe_reflect(pc, iommu, target):
    """reflect: 320 frames of all sizes come back as they were"""
    with running(pc, target, "reflect", [f"--iommu={iommu}"]), peer.Raw(pc.nic[0], peer.ETHERTYPE) as raw:
        awake(raw, mac(pc))
        there_and_back(raw, mac(pc), 20 * WINDOW, [60, 64, 65, 128, 590, 1024, 1513, 1514])


# ---- echo ----

def cpu_ticks(pc, target, unikernel):
    """CPU time so far of the tender's processes, in 10 ms."""
    name = f"{unikernel}.native" if target == "native" else f"penstock-{target}"
    said = pc.ok("for p in /proc/[0-9]*; do e=$(readlink $p/exe) || continue; "
                 f"case $e in */{name}) sed 's/.*) //' $p/stat;; esac; done")
    ticks = [sum(map(int, line.split()[11:13])) for line in said.splitlines()]
    if not ticks:
        raise Failed(f"there is no process {name}")
    return sum(ticks)


def idle(pc, target, unikernel):
    """It takes next to no CPU time for 4 s. Three attempts: a gap of the host's is charged to whoever runs in the PC."""
    used = []
    for _ in range(3):
        before = cpu_ticks(pc, target, unikernel)
        pc.ok("sleep 4")
        used.append((cpu_ticks(pc, target, unikernel) - before) * 10)
        if used[-1] < 600:
            return
    raise Failed(f"idle, it used {used} ms of CPU time in 4 s")


def interrupts(pc):
    lines = pc.ok(f"grep 'vfio.*{pc.device('nic0')}' /proc/interrupts || true").splitlines()
    return sum(int(line.split()[1]) for line in lines)


def ping(pc, count):
    answer = pc.nic[0].netns.run("ping", "-c", count, "-i", "0.3", "-W", "20", ADDRESS, timeout=60)
    if f" {count} received" not in answer.stdout:
        raise Failed(f"expected {count} answers to {count} pings:\n{answer.stdout}")


@check(iommu=IOMMUS, target=TARGETS, deadline=240)
def ixgbe_echo(pc, iommu, target):
    """echo: ping and TCP with data compared; idle it takes no CPU, and the card's MSI-X wakes it"""
    netns = pc.nic[0].netns
    with running(pc, target, "echo", [f"--iommu={iommu}"], f"--ipv4={ADDRESS}/24") as echo:
        echo.wait_for("listening", 100)
        ping(pc, 3)
        peer.exchange(netns, (ADDRESS, PORT), 256 << 10)
        time.sleep(1)
        idle(pc, target, "echo")
        woken = interrupts(pc)
        ping(pc, 2)
        if interrupts(pc) <= woken:
            raise Failed(f"no interrupt woke it: {woken} before, {interrupts(pc)} after two pings")
        peer.exchange(netns, (ADDRESS, PORT), 64 << 10)


# ---- what it cannot do ----

@check(iommu=IOMMUS, target=TARGETS, deadline=240)
def ixgbe_stray(pc, iommu, target):
    """rings and write-backs at guest RAM, low memory and behind the window: refused, and logged by the card"""
    card = pc.nic[0].emulator
    line = len(card.lines)
    with pc.bound("nic0"):
        output = pc.ok(pc.tender(target, "ixgbe_stray", [f"--pci:nic0={pc.device('nic0')}", f"--iommu={iommu}"]), 150)
    aimed = re.findall(r"stray: (read|write) at (0x[0-9a-f]+)", output)
    if len(aimed) != 6 or "SUCCESS" not in output:
        raise Failed(f"expected six places and SUCCESS:\n{output}")
    for way, place in aimed:
        if not any(re.search(rf"DMA {way} of \d+ bytes at {place} refused", said) for said in card.lines[line:]):
            raise Failed(f"the card does not say that it could not {way} at {place}:\n" + "\n".join(card.lines[line:]))


# ---- the same as without a kernel between ----

def places(output):
    """What pci_info says about addresses: BARs and windows. Which pages of a BAR are mapped is another matter."""
    return [line for line in output.splitlines() if re.match(r"(bar\d|dma|shared) ", line)]


def exits(said, ask):
    """The exits so far, as the tender says on SIGUSR1."""
    count = len(STATS.findall(said()))
    ask()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = STATS.findall(said())
        if len(found) > count:
            return int(found[-1][0])
        time.sleep(0.05)
    raise Failed(f"the tender does not say its exits:\n{said()}")


def exits_of_reflecting(nic, address, said, ask, count):
    with peer.Raw(nic, peer.ETHERTYPE) as raw:
        awake(raw, address)
        before = exits(said, ask)
        there_and_back(raw, address, count, [60])
        return exits(said, ask) - before


class HostSide:
    """A network namespace with a TAP, as pc.nic has them."""

    def __init__(self):
        self.netns = harness.NetNs("10.84.0.1/24")
        self.tap = self.netns.tap

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.netns.close()


@check(iommu=IOMMUS, deadline=300)
def ixgbe_hot_path(pc, iommu):
    """on hvt the kernel's VFIO and vfio-user give the same BAR and DMA addresses, and packets cause no exit"""
    kernel, user = addresses_by_kernel(pc, iommu), addresses_by_socket(pc)
    if len(kernel) < 8 or kernel != user:
        raise Failed("addresses.\nKernel VFIO:\n" + "\n".join(kernel) + "\nvfio-user:\n" + "\n".join(user))
    with running(pc, "hvt", "reflect", [f"--iommu={iommu}", "--stats"]) as process:
        seen = exits_of_reflecting(pc.nic[0], mac(pc), process.output, lambda: process.kill(signal.SIGUSR1), 10 * WINDOW)
    if seen != 0:
        raise Failed(f"{seen} exits while {10 * WINDOW} packets were reflected behind the kernel's VFIO")


def addresses_by_kernel(pc, iommu):
    with pc.bound("nic0"):
        return places(pc.ok(pc.tender("hvt", "pci_info", [f"--pci:nic0={pc.device('nic0')}", f"--iommu={iommu}"]), 100))


def addresses_by_socket(pc):
    """On the same machine: how wide its addresses are decides where DMA memory lies."""
    emulator = pc.start("/penstock/bin/penstock emulate 82599 --socket /tmp/nic.sock")
    try:
        emulator.wait_for("ready:", 30)
        return places(pc.ok(pc.tender("hvt", "pci_info", ["--pci:nic0=vfio-user:/tmp/nic.sock"]), 100))
    finally:
        emulator.kill(signal.SIGTERM)
        emulator.wait(30)


@check()
def ixgbe_hot_path_host(pc):
    """the same count over vfio-user, on the host with no PC around it: no exit either"""
    if harness.kvm_missing():
        raise Skip(harness.kvm_missing())
    address = "02:00:00:00:84:00"
    with HostSide() as side, harness.Emulator(f"tap:{side.tap}", mac=address, netns=side.netns.name) as card:
        command = harness.command("reflect", "hvt", [f"--pci:nic0={card.where}", "--stats"])
        with harness.Process(command) as process:
            seen = exits_of_reflecting(side, address, lambda: process.output, lambda: process.signal(signal.SIGUSR1),
                                       10 * WINDOW)
    if seen != 0:
        raise Failed(f"{seen} exits while {10 * WINDOW} packets were reflected over vfio-user")
