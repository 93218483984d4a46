# SPDX-License-Identifier: ISC
"""penstock pci: list, check, bind and unbind against real sysfs, real drivers and a real IOMMU."""
import contextlib
import json
import time

from expect import expect, expect_in
from lab import check

PCI = "/penstock/bin/penstock pci"
# The driver that each device has under Debian's kernel, and its identity.
FOUND = {"edu0": (None, "1234:11e8"), "e1000e": ("e1000e", "8086:10d3"), "nvme": ("nvme", "1b36:0010"),
         "igb": ("igb", "8086:10c9"), "nic0": (None, "8086:10fb"), "pair0": (None, "1234:11e8")}


def listed(pc):
    """What list says, by address."""
    return {d["address"]: d for d in json.loads(pc.ok(f"{PCI} list --json"))["devices"]}


def checked(pc, device=""):
    """What check says, by name."""
    return {c["name"]: c for c in json.loads(pc.run(f"{PCI} check {device} --json").output)["checks"]}


def bindings(pc):
    return pc.ok("echo /sys/bus/pci/drivers/*/0000:*; cat /sys/bus/pci/devices/*/driver_override | sort | uniq -c")


def refused(pc, command, *words):
    """A command that must change nothing, say these words in one line, and end with status 1."""
    before = bindings(pc)
    result = pc.run(f"{PCI} {command}")
    expect(f"status of {command}", 1, result.status)
    expect(f"lines of {command}", 1, len(result.output.splitlines()))
    for word in ("penstock: ", *words):
        expect_in(command, word, result.output)
    expect(f"drivers after {command}", before, bindings(pc))


def records(pc):
    return [name for name in pc.run("ls /run/penstock/pci").output.split() if name[0] in "0123456789"]


@contextlib.contextmanager
def undone(pc, do, undo):
    pc.ok(do)
    try:
        yield
    finally:
        pc.ok(undo)


def interface(pc, name):
    return pc.ok(f"ls {pc.sysfs(name)}/net").strip()


@contextlib.contextmanager
def opened(pc, path):
    """Inside, a process has this file open."""
    holder = pc.start(f"sleep 1000 3<>{path}")
    try:
        pc.until(f"ls -l /proc/[0-9]*/fd 2>/dev/null | grep -q {path}", f"somebody has {path} open")
        yield
    finally:
        holder.kill()
        holder.wait(20)


def disk(pc):
    """The block device on the nvme, which appears a moment after its driver."""
    pc.until("[ -b /dev/$(ls /sys/class/block | grep nvme | head -n 1) ]", "the nvme has a block device")
    return pc.ok("ls /sys/class/block | grep nvme | head -n 1").strip()


@check()
def tool_list(pc):
    """penstock pci list says what is there, as a table and as JSON"""
    devices = listed(pc)
    on_bus = pc.ok("ls /sys/bus/pci/devices").split()
    expect("the addresses", sorted(on_bus), sorted(devices))
    for name, (driver, identity) in FOUND.items():
        device = devices[pc.device(name)]
        expect(f"identity of {name}", identity, f"{device['vendor']:04x}:{device['device_id']:04x}")
        expect(f"driver of {name}", driver, device["driver"])
        link = pc.ok(f"readlink {pc.sysfs(name)}/iommu_group").strip()
        expect(f"group of {name}", int(link.rsplit("/", 1)[1]), device["iommu_group"])
        expect(f"{name} is possible", True, device["possible"])
    edu, e1000e, nic = (devices[pc.device(name)] for name in ("edu0", "e1000e", "nic0"))
    expect("BARs of edu0", [(0, 1 << 20, False)], [(b["index"], b["size"], b["io_port"]) for b in edu["bars"]])
    expect("resets of edu0", (False, [], "without a reset of its own"),
           (edu["has_reset"], edu["reset_methods"], edu["reason"]))
    expect("an I/O BAR of e1000e", [(2, True)], [(b["index"], b["io_port"]) for b in e1000e["bars"] if b["io_port"]])
    expect("class of e1000e", (2, 0, 0), (e1000e["class"], e1000e["subclass"], e1000e["progif"]))
    expect("nic0 has a reset", True, nic["has_reset"] and "flr" in nic["reset_methods"])
    expect("the host bridge", (False, "a bridge"), tuple(devices["0000:00:00.0"][k] for k in ("possible", "reason")))
    table = pc.ok(f"{PCI} list").splitlines()
    expect("lines of the table", 1 + len(devices), len(table))
    for line, address in zip(table[1:], sorted(devices)):
        expect("the table's order", address, line.split()[0])


@check()
def tool_list_names(pc):
    """penstock pci list takes names from pci.ids"""
    ids = "8086  Intel Corporation\n\\t10d3  82574L Gigabit\nC 02  Network controller\n\\t00  Ethernet controller\n"
    path = "/usr/share/misc/pci.ids"
    with undone(pc, f"mkdir -p /usr/share/misc && printf '{ids}' >{path}", f"rm {path}"):
        device = listed(pc)[pc.device("e1000e")]
        expect("names", ("Ethernet controller", "Intel Corporation", "82574L Gigabit"),
               (device["class_name"], device["vendor_name"], device["device_name"]))
        expect_in("the table", " 82574L Gigabit  ", pc.ok(f"{PCI} list"))


@check()
def tool_round(pc):
    """bind and unbind: every kind of device there and back, and the PC as before"""
    before, state = listed(pc), pc.state()
    devices = [pc.device(name) for name in ("edu0", "e1000e", "nvme", "igb", "pair0", "pair1")]
    pc.ok(f"echo nvme >{pc.sysfs('nvme')}/driver_override")
    try:
        said = pc.ok(f"{PCI} bind {' '.join(devices)}")
        expect_in("bind", f"{pc.device('e1000e')}: from e1000e to vfio-pci (/dev/vfio/", said)
        expect_in("bind", f"{pc.device('edu0')}: from no driver to vfio-pci (/dev/vfio/", said)
        expect("records", sorted(devices), sorted(records(pc)))
        for address, device in listed(pc).items():
            if address in devices:
                expect(f"{address} after bind", ("vfio-pci", "vfio-pci", True),
                       (device["driver"], device["driver_override"], device["bound"]))
                pc.ok(f"[ -c /dev/vfio/{device['iommu_group']} ]")
            else:
                expect(f"{address} after bind of others", before[address]["driver"], device["driver"])
        expect_in("a second bind", "vfio-pci has it already", pc.ok(f"{PCI} bind {devices[0]}"))
        said = pc.ok(f"{PCI} unbind {' '.join(reversed(devices))}")
        expect_in("unbind", f"{pc.device('e1000e')}: from vfio-pci to e1000e\n", said)
        expect("records afterwards", [], records(pc))
        expect("nvme's override", "nvme", listed(pc)[pc.device("nvme")]["driver_override"])
    finally:
        pc.ok(f"echo >{pc.sysfs('nvme')}/driver_override")
    after = listed(pc)
    for address, device in before.items():
        # (the table is of an idle PC; where a BAR lies is not ours to restore)
        for key in ("driver", "driver_override", "iommu_group", "in_use"):
            expect(f"{key} of {address}", device[key], after[address][key])
    expect("the PC", state, pc.state())
    disk(pc)
    interface(pc, "e1000e")


@check()
def tool_group(pc):
    """one of two that share an IOMMU group: the other stays as it is, and check knows the group"""
    one, other = pc.device("pair0"), pc.device("pair1")
    with undone(pc, f"{PCI} bind {one}", f"{PCI} unbind {one}"):
        devices = listed(pc)
        seen = checked(pc, one)
        expect("group", ("ok", f"IOMMU group {devices[one]['iommu_group']} has no other driver in it"),
               (seen["group"]["status"], seen["group"]["text"]))
        expect("drivers", ("vfio-pci", None), (devices[one]["driver"], devices[other]["driver"]))


@check()
def tool_all_or_none(pc):
    """bind of several, where the kernel does not give the last one to vfio-pci: all are given back"""
    first, last = pc.device("e1000e"), pc.device("igb")
    override = f"/sys/bus/pci/devices/{last}/driver_override"
    # The kernel does not hear what is written there, and so finds no match.
    with undone(pc, f"touch /tmp/deaf && mount --bind /tmp/deaf {override}", f"umount {override}; rm /tmp/deaf"):
        result = pc.run(f"{PCI} bind {first} {last}")
        expect("status", 1, result.status)
        expect("what is said", f"penstock: {last}: vfio-pci does not take it: No such device\n", result.output)
        expect("drivers", ("e1000e", "igb"), (pc.driver("e1000e"), pc.driver("igb")))
    expect("records", [], records(pc))


@check()
def tool_killed(pc):
    """bind that is killed, sooner or later: unbind brings all back"""
    devices = [pc.device("e1000e"), pc.device("igb")]
    before = bindings(pc)
    for delay in (0.02, 0.1, 0.2, 0.35, 0.5):
        process = pc.start(f"{PCI} bind {' '.join(devices)}")
        time.sleep(delay)
        process.kill(9)
        process.wait(60)
        for address in devices:  # (one that was not begun is refused)
            pc.run(f"{PCI} unbind {address}")
        expect(f"drivers, killed after {delay} s", before, bindings(pc))
    pc.ok(f"{PCI} bind {' '.join(devices)} && {PCI} unbind {' '.join(devices)}")
    expect("records", [], records(pc))
    interface(pc, "e1000e")


@check()
def tool_refuses_names(pc):
    """bind, unbind and check refuse what is no device of theirs"""
    refused(pc, "bind eth0", "'eth0' is not the address of a PCI device")
    refused(pc, "bind 0000:7f:00.0", "0000:7f:00.0: there is no such PCI device")
    refused(pc, f"bind {pc.device('igb')} 0000:7f:00.0", "no such PCI device")
    refused(pc, f"bind {pc.device('igb')} {pc.device('igb')[5:]}", "is named twice")
    refused(pc, "bind 00:00.0", "is a bridge")
    refused(pc, f"unbind {pc.device('igb')}", "is not bound to vfio-pci: it has the driver igb")
    refused(pc, "check 0000:7f:00.0", "no such PCI device")


@check()
def tool_refuses_card(pc):
    """bind refuses a card with an address or a route, also on a VLAN of it; --force does not"""
    address, name = pc.device("e1000e"), interface(pc, "e1000e")
    with undone(pc, f"ip addr add 192.0.2.1/24 dev {name}", f"ip addr del 192.0.2.1/24 dev {name}"):
        refused(pc, f"bind {address}", f"{address} is in use: {name} has the address 192.0.2.1", "--force")
        device = listed(pc)[address]
        expect("list", (True, f"{name} has the address 192.0.2.1"), (device["possible"], device["in_use"]))
    with undone(pc, f"ip link set {name} up && ip route add 198.51.100.0/24 dev {name}", f"ip link set {name} down"):
        refused(pc, f"bind {address}", f"{name} has a route")
    with undone(pc, f"modprobe 8021q; /usr/local/ip link add link {name} name vlan5 type vlan id 5 && "
                    "ip addr add 192.0.2.5/24 dev vlan5", "/usr/local/ip link del vlan5"):
        refused(pc, f"bind {address}", "vlan5 has the address 192.0.2.5")
    with undone(pc, f"ip link set {name} up", f"ip link set {name} down"):  # (an IPv6 link-local address at most)
        pc.ok(f"{PCI} bind {address}")
        pc.ok(f"{PCI} unbind {address}")
        name = interface(pc, "e1000e")
    with undone(pc, f"ip addr add 192.0.2.1/24 dev {name}", "true"):
        expect_in("--force", "from e1000e to vfio-pci", pc.ok(f"{PCI} bind --force {address}"))
    pc.ok(f"{PCI} unbind {address}")
    interface(pc, "e1000e")


@check()
def tool_refuses_card_elsewhere(pc):
    """bind refuses a card whose interface is in another network namespace"""
    address, name = pc.device("e1000e"), interface(pc, "e1000e")
    holder = pc.start("unshare -n sleep 1234")
    try:
        pc.until("pidof sleep", "it has a network namespace of its own")
        child = pc.ok("pidof sleep").split()[0]
        pc.ok(f"ip link set {name} netns {child}")
        refused(pc, f"bind {address}", f"{address} is in use: its interface is in another network namespace")
    finally:
        holder.kill()
        holder.wait(20)
    pc.until(f"[ -e /sys/class/net/{name} ]", f"{name} is back")


@check()
def tool_refuses_disk(pc):
    """bind refuses a disk that is mounted, swapped to, or held; --force does not"""
    address, name = pc.device("nvme"), disk(pc)
    with undone(pc, f"mkswap /dev/{name} && swapon /dev/{name}", f"swapoff /dev/{name}"):
        refused(pc, f"bind {address}", f"{address} is in use: {name} is used as swap")
    pc.ok(f"modprobe -a crc32c_generic ext4; mke2fs /dev/{name} && mkdir -p /tmp/m")
    with undone(pc, f"mount -t ext4 /dev/{name} /tmp/m", "umount /tmp/m"):
        refused(pc, f"bind {address} {pc.device('igb')}", f"{address} is in use: {name} is mounted on /tmp/m")
        device = listed(pc)[address]
        expect("list", (True, f"{name} is mounted on /tmp/m"), (device["possible"], device["in_use"]))
        # What no file of this process's shows: the mount of another namespace.
        result = pc.run(f"unshare -m sh -c 'umount /tmp/m; {PCI} bind {address}'")
        expect("status in another namespace", 1, result.status)
        expect_in("bind", f"something holds {name} for itself", result.output)
    pc.ok(f"{PCI} bind {address} && {PCI} unbind {address}")
    disk(pc)


@check()
def tool_refuses_busy(pc):
    """unbind does not take a device from a process that has it, and says which"""
    address = pc.device("edu0")
    pc.ok(f"{PCI} bind {address}")
    try:
        group = listed(pc)[address]["iommu_group"]
        with opened(pc, f"/dev/vfio/{group}"):
            refused(pc, f"unbind {address}", f"{address} is in use: ", "(process ", f"IOMMU group {group}")
            seen = checked(pc, address)
            expect("access", "missing", seen["access"]["status"])
    finally:
        pc.ok(f"{PCI} unbind {address}")


@check()
def tool_check(pc):
    """check of a machine that has all, and of a device before and after the command that mends it"""
    said = json.loads(pc.ok(f"{PCI} check --json"))
    seen = {c["name"]: c for c in said["checks"]}
    expect("ok", True, said["ok"])
    for name in ("iommu", "command-line", "interrupt-remapping", "vfio-pci", "vfio-iommu", "dev-vfio", "hugepages",
                 "memlock", "kvm"):
        expect(name, "ok", seen[name]["status"])
    expect_in("iommu", "dmar0", seen["iommu"]["text"])
    expect("hugepages", "64 of 2 MiB, 64 free", seen["hugepages"]["text"])
    address = pc.device("igb")
    result = pc.run(f"{PCI} check {address} --json")
    expect("status before bind", 1, result.status)
    bound = next(c for c in json.loads(result.output)["checks"] if c["name"] == "bound")
    expect("bound", ("missing", f"penstock pci bind {address}"), (bound["status"], bound["fix"]))
    with undone(pc, bound["fix"], f"{PCI} unbind {address}"):
        lines = pc.ok(f"{PCI} check {address}").splitlines()
        expect("lines that are not ok", [], [line for line in lines if not line.startswith("ok ")])
    with undone(pc, "echo 0 >/proc/sys/vm/nr_hugepages", "echo 64 >/proc/sys/vm/nr_hugepages"):
        line = next(line for line in pc.ok(f"{PCI} check").splitlines() if "hugepages" in line)
        expect_in("hugepages", "to mend it: sysctl -w vm.nr_hugepages=64", line)
        pc.ok(line.split("to mend it: ")[1])
        expect_in("hugepages", "64 of 2 MiB, 64 free", pc.ok(f"{PCI} check"))


@check(kernel="iommufd")
def tool_iommufd(pc):
    """bind, check and unbind where there is iommufd and all is built in; a process that has the device's own file"""
    checks = checked(pc)
    expect_in("vfio-iommu", "iommufd", checks["vfio-iommu"]["text"])
    expect("vfio-pci", "built in", checks["vfio-pci"]["text"])
    address = pc.device("edu0")
    with undone(pc, f"{PCI} bind {address}", f"{PCI} unbind {address}"):
        own = "/dev/vfio/devices/" + pc.ok(f"ls /sys/bus/pci/devices/{address}/vfio-dev").strip()
        expect_in("access", f"{own} can be opened", pc.ok(f"{PCI} check {address}"))
        with opened(pc, own):
            refused(pc, f"unbind {address}", f"{address} is in use: ", "(process ")


@check()
def tool_unprivileged(pc):
    """list and check for a user who is not root; bind tells him why not"""
    def as_nobody(command):
        return pc.run(f"su -s /bin/sh nobody -c '{command}'")

    with undone(pc, "mkdir -p /etc && echo 'nobody:x:65534:65534::/:/bin/sh' >/etc/passwd", "rm /etc/passwd"):
        expect("user", "65534", as_nobody("id -u").output.strip())
        expect_in("list", pc.device("igb"), as_nobody(f"{PCI} list").output)
        result = as_nobody(f"{PCI} check --json")
        seen = {c["name"]: c for c in json.loads(result.output)["checks"]}
        expect("status of check", 1, result.status)
        expect("memlock", "missing", seen["memlock"]["status"])
        expect("kvm", "note", seen["kvm"]["status"])
        result = as_nobody(f"{PCI} bind {pc.device('igb')}")
        expect("status of bind", 1, result.status)
        expect_in("bind", "Permission denied (only root may change drivers)", result.output)
        expect("driver of igb", "igb", pc.driver("igb"))


@check(options={"iommu": False})
def tool_no_iommu(pc):
    """a machine without an IOMMU: list and check say so, bind changes nothing"""
    device = listed(pc)[pc.device("igb")]
    expect("list", (False, None, "no IOMMU group"), tuple(device[k] for k in ("possible", "iommu_group", "reason")))
    refused(pc, f"bind {pc.device('igb')}", "without an IOMMU vfio-pci does not take it")
    result = pc.run(f"{PCI} check {pc.device('igb')}")
    expect("status of check", 1, result.status)
    expect_in("check", "missing  iommu ", result.output)


@check(options={"intremap": False})
def tool_no_remapping(pc):
    """a machine without interrupt remapping: check says so"""
    result = pc.run(f"{PCI} check")
    expect("status of check", 1, result.status)
    expect_in("check", "missing  interrupt-remapping ", result.output)
    expect_in("check", "ok       iommu ", result.output)
