# SPDX-License-Identifier: ISC
"""Linux's own ixgbe driver on our software 82599: where they differ, the model is wrong."""
import contextlib
import re
import time

import peer
from expect import expect, expect_in
from lab import Failed, check

IP, ETHTOOL = "/usr/local/ip", "/usr/local/ethtool"
TROUBLE = re.compile(r"ixgbe.*(hang|fail|error|timed out|Reset adapter|firmware|malfunction)|DMAR:.*fault|BUG:|Oops|"
                     r"WARNING:|Call Trace|NETDEV WATCHDOG", re.IGNORECASE)


class Link:
    """A card in the hands of the PC's kernel, with an address and the link up; the host is its neighbour."""

    def __init__(self, pc, index):
        self.pc, self.index, self.host = pc, index, pc.nic[index]
        self.address, self.neighbour = f"10.82.{index}.2", f"10.82.{index}.1"
        self.mac = f"02:00:00:00:82:{index:02x}"
        self.slot = pc.sysfs(f"nic{index}")

    @property
    def name(self):
        return self.pc.ok(f"ls {self.slot}/net").strip()

    def probe(self):
        """Gives this card, and no other, to the driver."""
        self.pc.ok("cd /sys/bus/pci && echo 0 >drivers_autoprobe && modprobe ixgbe; status=$?; echo 1 >drivers_autoprobe; "
                   f"[ -e {self.slot}/driver ] || echo {self.slot.rsplit('/', 1)[1]} >drivers/ixgbe/bind; exit $status")

    def up(self):
        name = self.name
        self.pc.ok(f"echo 1 >/proc/sys/net/ipv6/conf/{name}/disable_ipv6; {IP} link set {name} up && "
                   f"{IP} addr replace {self.address}/24 dev {name}")
        self.carrier()

    def carrier(self):
        name = self.name
        self.pc.until(f"[ \"$(cat /sys/class/net/{name}/carrier)\" = 1 ]", f"{name} has a carrier", 60)

    def down(self):
        name = self.name
        self.pc.ok(f"{IP} addr flush dev {name}; {IP} link set {name} down")

    def ping(self, *options, count=3):
        output = self.pc.run(f"ping -c {count} -i 0.2 -W 10 {' '.join(options)} {self.neighbour}", 60).output
        if f" {count} packets received" not in output:
            raise Failed(f"expected {count} answers to {count} pings:\n{output}")

    def ethtool(self, words, timeout=60):
        option, *rest = words.split(" ", 1)
        return self.pc.ok(f"{ETHTOOL} {option} {self.name} {' '.join(rest)}", timeout)

    def statistics(self):
        return {m[1]: int(m[2]) for m in re.finditer(r"^ *([\w.]+): (\d+)$", self.ethtool("-S"), re.MULTILINE)}

    def tcp(self, size, address=None):
        """Random bytes to the host's echo server and back, compared in the PC."""
        with peer.echo_server(self.host.netns, address or self.neighbour) as port:
            self.pc.ok(f"cd /tmp && head -c {size} /dev/urandom >sent && timeout 90 nc {address or self.neighbour} {port} "
                       "<sent >back; cmp sent back; status=$?; ls -l sent back; rm -f sent back; exit $status", 110)


@contextlib.contextmanager
def in_use(pc, *indices):
    """Cards in the hands of the kernel, up: one Link, or a list of them."""
    links = [Link(pc, index) for index in indices or (0,)]
    try:
        for link in links:
            link.host.netns.run("sh", "-c", f"echo 1 >/proc/sys/net/ipv6/conf/{link.host.tap}/disable_ipv6")
            link.probe()
            link.up()
        yield links if indices else links[0]
        for link in links:
            link.down()
    finally:
        pc.run("rmmod ixgbe")


@contextlib.contextmanager
def linux(pc, *indices):
    """The same; at the end nothing is in the kernel's log that speaks of trouble."""
    mark = pc.mark()
    with in_use(pc, *indices) as links:
        yield links
    trouble = [line for line in pc.kernel_log(mark) if TROUBLE.search(line)]
    if trouble:
        raise Failed("the kernel's log says:\n" + "\n".join(trouble))


@contextlib.contextmanager
def mtu(link, size):
    link.host.netns.ip("link", "set", link.host.tap, "mtu", str(size))
    link.pc.ok(f"{IP} link set {link.name} mtu {size}")
    try:
        link.carrier()
        yield
    finally:
        link.pc.ok(f"{IP} link set {link.name} mtu 1500")
        link.host.netns.ip("link", "set", link.host.tap, "mtu", "1500")


@contextlib.contextmanager
def acquainted(link):
    """Inside, nobody asks for the other's address: an ARP request now and then would be one frame more than was sent."""
    netns, tap = link.host.netns, link.host.tap
    mac = re.search(r"link/ether (\S+)", netns.run("ip", "link", "show", tap).stdout)[1]
    netns.ip("neigh", "replace", link.address, "lladdr", link.mac, "dev", tap, "nud", "permanent")
    try:
        link.pc.ok(f"{IP} neigh replace {link.neighbour} lladdr {mac} dev {link.name} nud permanent")
        yield
    finally:
        netns.ip("neigh", "del", link.address, "dev", tap)


# ---- traffic ----

@check()
def ixgbe_linux_ping(pc):
    """probe, link, what ethtool says of both, and ping, by 64-byte frames and by fragments"""
    with linux(pc) as link:
        about = link.ethtool("")
        for line in ("Speed: 10000Mb/s", "Port: FIBRE", "Link detected: yes"):
            expect_in("ethtool", line, about)
        said = link.ethtool("-i") + link.ethtool("-m")
        for line in ("firmware-version: 0x80000001", "Vendor name +: PENSTOCK", "Transceiver type +: 10G Ethernet: 10G Base-SR"):
            if not re.search(line, said):
                raise Failed(f"ethtool does not say {line}:\n{said}")
        expect("the address", link.mac, pc.ok(f"cat /sys/class/net/{link.name}/address").strip())
        link.ping("-s 18")
        link.ping("-s 1472")
        link.ping("-s 8000")


@check(offloads=("on", "off"), deadline=240)
def ixgbe_linux_tcp(pc, offloads):
    """4 MiB over TCP each way, compared; with the card's segmentation and checksums, and without"""
    with linux(pc) as link:
        features = ("tso", "tx", "rx", "sg") if offloads == "off" else ("tx", "sg", "tso", "rx")
        try:
            link.ethtool("-K " + " ".join(f"{feature} {offloads}" for feature in features))
            said = link.ethtool("-k")
            for line in ("tcp-segmentation-offload", "rx-checksumming", "tx-checksum-ip-generic"):
                expect_in("ethtool -k", f"{line}: {offloads}", said)
            link.carrier()
            link.tcp(4 << 20)
        finally:
            link.ethtool("-K tx on sg on tso on rx on")
        link.carrier()


@check(deadline=240)
def ixgbe_linux_ipv6(pc):
    """the same over IPv6"""
    with linux(pc) as link:
        name = link.name
        link.host.netns.run("sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/tap0/disable_ipv6")
        link.host.netns.ip("addr", "add", "fd82::1/64", "dev", link.host.tap, "nodad")
        try:
            pc.ok(f"echo 0 >/proc/sys/net/ipv6/conf/{name}/disable_ipv6; {IP} addr add fd82::2/64 dev {name} nodad")
            link.tcp(2 << 20, "fd82::1")
        finally:
            link.host.netns.run("sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/tap0/disable_ipv6")
            pc.ok(f"echo 1 >/proc/sys/net/ipv6/conf/{name}/disable_ipv6")


@check(deadline=240)
def ixgbe_linux_mtu(pc):
    """frames of 9000 bytes: ping and TCP"""
    with linux(pc) as link, mtu(link, 9000):
        link.ping("-s 8972")
        link.tcp(4 << 20)


@check(deadline=240)
def ixgbe_linux_two(pc):
    """both cards at once: each has the address and the traffic of its own"""
    with linux(pc, 0, 1) as (first, second):
        first.tcp(1 << 20)
        second.tcp(1 << 20)
        first.ping()
        second.ping()


@check(options={"iommu": False}, deadline=240)
def ixgbe_linux_no_iommu(pc):
    """in a PC without an IOMMU: ping and TCP"""
    with linux(pc) as link:
        link.ping()
        link.tcp(4 << 20)


# ---- filters ----

def arrivals(link, frames, wanted):
    """Sends frames from the host and waits until the PC has counted `wanted` of them; fails if it counts others."""
    with peer.Raw(link.host) as raw:
        before = link.statistics()["rx_packets"]
        raw.send(*frames)
        deadline = time.monotonic() + 20
        while (seen := link.statistics()["rx_packets"] - before) < wanted and time.monotonic() < deadline:
            time.sleep(0.1)
    expect(f"of {len(frames)} frames, received", wanted, seen)


@check()
def ixgbe_linux_filters(pc):
    """unicast, multicast and broadcast filters; promiscuous mode"""
    other, group = "02:00:00:00:00:77", "01:00:5e:00:52:82"
    with linux(pc) as link, acquainted(link):
        link.ping()
        mine = [peer.frame(link.mac, n) for n in range(3)]
        others = [peer.frame(other, n) for n in range(4)]
        groups = [peer.frame(group, n) for n in range(5)]
        arrivals(link, [*others, *groups, *mine], 3)
        arrivals(link, [peer.frame("ff:ff:ff:ff:ff:ff", 1), *mine], 4)
        pc.ok(f"{IP} maddr add {group} dev {link.name}")
        arrivals(link, [*others, *groups, *mine], 8)
        pc.ok(f"{IP} maddr del {group} dev {link.name}")
        arrivals(link, [*others, *groups, *mine], 3)
        pc.ok(f"{IP} link set {link.name} allmulticast on")
        arrivals(link, [*others, *groups, *mine], 8)
        pc.ok(f"{IP} link set {link.name} allmulticast off promisc on")
        arrivals(link, [*others, *groups, *mine], 12)
        pc.ok(f"{IP} link set {link.name} promisc off")
        arrivals(link, [*others, *groups, *mine], 3)


@check()
def ixgbe_linux_vlan(pc):
    """VLANs: tags put on and taken off by the card; frames of other VLANs are filtered"""
    with linux(pc) as link:
        pc.ok("modprobe 8021q")
        pc.ok(f"{IP} link add link {link.name} name v82 type vlan id 82 && echo 1 >/proc/sys/net/ipv6/conf/v82/disable_ipv6; "
              f"{IP} addr add 10.83.0.2/24 dev v82 && {IP} link set v82 up && "
              f"{IP} neigh add 10.83.0.1 lladdr 02:00:00:00:00:99 dev v82")
        try:
            said = link.ethtool("-k")
            for feature in ("rx-vlan-offload: on", "tx-vlan-offload: on", "rx-vlan-filter: on"):
                expect_in("ethtool -k", feature, said)
            arrivals(link, [peer.frame(link.mac, n, vlan=83) for n in range(4)], 0)
            arrivals(link, [peer.frame(link.mac, n, vlan=82) for n in range(5)], 5)
            expect("frames of the VLAN", 5, int(pc.ok("cat /sys/class/net/v82/statistics/rx_packets")))
            with peer.Raw(link.host) as raw:
                pc.run("ping -c 3 -i 0.2 -W 1 10.83.0.1")
                tags = [tag for tag, data in raw.receive(3) if data[12:14] == b"\x08\x00"]
            expect("tags of what was sent", [82, 82, 82], tags)
        finally:
            pc.run(f"{IP} link del v82; rmmod 8021q")


# ---- statistics and self-test ----

@check()
def ixgbe_linux_statistics(pc):
    """ethtool -S: each counter moves by what was sent, and errors by nothing"""
    with linux(pc) as link, acquainted(link):
        link.ping(count=1)
        before = link.statistics()
        arrivals(link, [peer.frame(link.mac, n, 200) for n in range(20)] +
                 [peer.frame("ff:ff:ff:ff:ff:ff", n) for n in range(5)], 25)
        link.ping("-s 100", count=6)
        after = link.statistics()
    moved = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    sizes = 20 * 200 + 5 * 60 + 6 * 142
    wanted = {"rx_packets": 31, "rx_pkts_nic": 31, "rx_bytes": sizes, "rx_bytes_nic": sizes + 31 * 4, "broadcast": 5,
              "tx_packets": 6, "tx_pkts_nic": 6, "tx_bytes": 6 * 142, "tx_bytes_nic": 6 * 146}
    for name, value in wanted.items():
        expect(name, value, moved.get(name, 0))
    errors = {name: value for name, value in after.items()
              if value and re.search("error|missed|hang|timeout|collision|no_buffer|no_dma", name)}
    expect("errors", {}, errors)


def self_test(link, mode):
    said = link.pc.run(f"{ETHTOOL} -t {link.name} {mode}", 100).output
    results = {m[1]: int(m[2]) for m in re.finditer(r"^(\w+) test +\([a-z/]+\)\s+(\d+)$", said, re.MULTILINE)}
    expect("the tests", ["Eeprom", "Interrupt", "Link", "Loopback", "Register"], sorted(results))
    return results, said


@check(deadline=300)
def ixgbe_linux_self_test(pc):
    """ethtool -t: registers, EEPROM, interrupt, loopback and link, on a card that shares no registers (--exact)"""
    with linux(pc, 1) as (link,):
        for mode in ("online", "offline"):
            results, said = self_test(link, mode)
            if any(results.values()):
                raise Failed(said + pc.ok("dmesg | tail -n 5"))
        link.carrier()
        link.ping()


@check(deadline=300)
def ixgbe_linux_self_test_shared(pc):
    """the same on a card that shares its queues' registers: all but the bits of RDLEN that are memory there"""
    mark = pc.mark()
    with in_use(pc) as link:
        results, said = self_test(link, "offline")
        link.carrier()
        link.ping()
    failed = {name: value for name, value in results.items() if value}
    expect("failed", {"Register": 0x1008}, failed)
    if not any("pattern test reg 1008 failed" in line for line in pc.kernel_log(mark)):
        raise Failed(f"the kernel does not say which:\n{said}")


# ---- reset ----

@check()
def ixgbe_linux_link(pc):
    """the link down and up, ethtool -r, other rings and pause settings"""
    with linux(pc) as link:
        link.ping()
        link.down()
        link.up()
        link.ping()
        link.ethtool("-r")
        link.carrier()
        link.ping()
        try:
            for words in ("-G rx 1024 tx 256", "-A rx off tx off", "-C rx-usecs 50"):
                link.ethtool(words)
                link.carrier()
                link.ping()
        finally:
            for words in ("-G rx 512 tx 512", "-A rx on tx on", "-C rx-usecs 1"):
                link.ethtool(words)
        link.carrier()


@check()
def ixgbe_linux_reset(pc):
    """a function-level reset through sysfs, while the interface is down"""
    with linux(pc) as link:
        link.ping()
        methods = pc.ok(f"cat {link.slot}/reset_method").split()
        expect_in("its resets", "flr", methods)
        link.down()
        pc.ok(f"echo flr >{link.slot}/reset_method && echo 1 >{link.slot}/reset; status=$?; "
              f"echo default >{link.slot}/reset_method; exit $status")
        link.up()
        link.ping()
        link.tcp(1 << 20)


@check(deadline=240)
def ixgbe_linux_reload(pc):
    """the module removed while the link is up, and loaded again"""
    with linux(pc) as link:
        link.tcp(1 << 18)
        pc.ok("rmmod ixgbe", 100)
        link.probe()
        link.up()
        link.tcp(1 << 18)
