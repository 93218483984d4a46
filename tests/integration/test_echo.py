# SPDX-License-Identifier: ISC
"""The echo server on a software 82599, with Linux at the other end of the wire: its ping, its TCP, and frames by hand."""
import os
import random
import re
import socket
import struct
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402

scapy = pytest.importorskip("scapy.all", reason="scapy (package python3-scapy) is missing")

missing = harness.netns_missing()
pytestmark = pytest.mark.skipif(missing is not None, reason=missing or "")
hvt = pytest.mark.skipif(harness.kvm_missing() is not None, reason=harness.kvm_missing() or "")
TARGETS = [pytest.param("hvt", marks=hvt), "spt", "native"]

OURS = "10.0.0.1"
SERVER = "10.0.0.2"
PORT = 8080
MAC = "52:54:00:11:22:33"
FLOWS_MAX = 256  # connections that a stack serves at a time


class Echo:
    """A namespace with a TAP, a card behind it, and the echo server that owns the card."""

    def __init__(self, target, options=()):
        self.target = target
        self.net = harness.NetNs(f"{OURS}/24")
        try:
            self.card = harness.Emulator(f"tap:{self.net.tap}", mac=MAC, netns=self.net.name)
            self.server = harness.Process(
                harness.command("echo", target, [f"--pci:nic0={self.card.where}", *options], [f"--ipv4={SERVER}/24"]))
            self.server.expect(f"^echo: listening on {SERVER}:{PORT}$")
        except BaseException:
            self.close()
            raise

    def close(self):
        for part in ("server", "card"):
            if hasattr(self, part):
                getattr(self, part).stop()
        self.net.close()

    def inside(self, function):
        """Calls function in a thread that has entered the namespace; the sockets it makes stay there."""
        result = []

        def enter():
            self.net.enter()
            result.append(function())

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join(20)
        if not result:
            raise harness.HarnessError("cannot make a socket in the namespace")
        return result[0]

    def socket(self):
        def make():
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            sock.settimeout(20)
            return sock
        return self.inside(make)

    def connect(self, port=PORT):
        sock = self.socket()
        sock.connect((SERVER, port))
        return sock

    def wire(self):
        """A raw socket on the TAP."""
        def make():
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            sock.bind((self.net.tap, 0))
            sock.settimeout(0.05)
            return sock
        return self.inside(make)

    def works(self):
        assert self.server.child.poll() is None, self.server.tail()
        with self.connect() as sock:
            sock.sendall(b"are you there?")
            assert exactly(sock, 14) == b"are you there?"


@pytest.fixture(scope="module", params=TARGETS)
def echo(request):
    system = Echo(request.param)
    yield system
    system.close()


@pytest.fixture(autouse=True)
def still_works(request):
    yield
    if "echo" in request.fixturenames:
        request.getfixturevalue("echo").works()


def exactly(sock, size):
    data = bytearray()
    while len(data) < size:
        part = sock.recv(min(size - len(data), 1 << 18))
        if not part:
            break
        data += part
    return bytes(data)


def echoes(sock, data):
    """Sends data, ends its direction, and compares what comes back up to the server's end."""
    sender = threading.Thread(target=lambda: (sock.sendall(data), sock.shutdown(socket.SHUT_WR)))
    sender.start()
    answer = exactly(sock, len(data))
    assert sock.recv(1) == b""
    sender.join(20)
    assert answer == data


def reset(sock):
    """Closes with a RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


# ---- Linux's own tools ----

@pytest.mark.parametrize("size", [0, 56, 1472, 1473, 4000, 40000])
def test_ping(echo, size):
    done = echo.net.run("ping", "-c", 5, "-i", 0.05, "-W", 2, "-s", size, SERVER)
    assert "5 received" in done.stdout, done.stdout


def test_echo_16_mib(echo):
    with echo.connect() as sock:
        echoes(sock, random.randbytes(16 << 20))


def test_small_messages(echo):
    with echo.connect() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(300):
            message = bytes([i % 256]) * (1 + i % 7)
            sock.sendall(message)
            assert exactly(sock, len(message)) == message


def many(echo, count, size):
    """Echoes `size` bytes over each of `count` connections at once."""
    failures = []

    def client(sock, data):
        try:
            echoes(sock, data)
        except Exception as error:  # noqa: BLE001  whatever it is, the test says so
            failures.append(error)

    sockets = [echo.connect() for _ in range(count)]
    clients = [threading.Thread(target=client, args=(s, random.randbytes(size + i))) for i, s in enumerate(sockets)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join(60)
    for sock in sockets:
        sock.close()
    assert not failures


def test_50_connections_at_once(echo):
    many(echo, 50, 100000)


def test_a_closed_port_refuses(echo):
    with pytest.raises(ConnectionRefusedError):
        echo.connect(PORT + 1)


def test_a_client_that_does_not_read_delays_nobody(echo):
    with echo.connect() as lazy:
        lazy.settimeout(1)
        with pytest.raises(TimeoutError):
            lazy.sendall(bytes(64 << 20))  # more than all buffers on the way
        with echo.connect() as sock:
            echoes(sock, random.randbytes(1 << 20))
        reset(lazy)


def test_resets_at_any_moment(echo):
    data = random.randbytes(200000)
    for i in range(40):
        sock = echo.connect()
        sock.settimeout(5)
        if i % 4 > 0:
            try:
                sock.sendall(data[:1 << (i % 18)])
            except TimeoutError:
                pass
        if i % 4 > 1:
            sock.recv(1)
        if i % 4 > 2:
            sock.shutdown(socket.SHUT_WR)
        reset(sock)


def test_too_many_connections_are_reset(echo):
    sockets, refused = [], 0
    try:
        for _ in range(FLOWS_MAX + 10):
            sockets.append(echo.socket())
            try:
                sockets[-1].connect((SERVER, PORT))
                sockets[-1].sendall(b"x")
                assert sockets[-1].recv(1) == b"x"
            except (ConnectionResetError, BrokenPipeError):
                refused += 1
    finally:
        for sock in sockets:
            reset(sock)
    assert refused == 10
    time.sleep(0.1)


def test_idle_takes_no_cpu(echo):
    with echo.connect() as sock:  # a connection that is open but silent
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"
        time.sleep(0.5)
        before = echo.server.cpu_seconds(), echo.card.cpu_seconds()
        time.sleep(2)
        after = echo.server.cpu_seconds(), echo.card.cpu_seconds()
        assert after[0] - before[0] <= 0.1, "the unikernel does not sleep"
        assert after[1] - before[1] <= 0.1, "the card does not sleep"


def test_a_frame_wakes_the_sleeper(echo):
    """By its interrupt: without it, the stack's timers would let a ping wait for 160 ms on average."""
    time.sleep(0.3)
    done = echo.net.run("ping", "-c", 7, "-i", 0.2, SERVER)
    times = sorted(float(t) for t in re.findall(r"time=([\d.]+) ms", done.stdout))
    assert len(times) == 7 and times[3] < 50, done.stdout


# ---- Frames by hand ----

OTHER = "10.0.0.77"  # a host that exists only in these frames
OTHER_MAC = "02:00:00:00:00:77"


def ether():
    return scapy.Ether(src=OTHER_MAC, dst=MAC)


def packet(**kwargs):
    return ether() / scapy.IP(src=OTHER, dst=SERVER, **kwargs)


def arp(target=SERVER):
    return scapy.Ether(src=OTHER_MAC, dst="ff:ff:ff:ff:ff:ff") / scapy.ARP(
        op=1, hwsrc=OTHER_MAC, psrc=OTHER, hwdst="00:00:00:00:00:00", pdst=target)


class Wire:
    """Sends frames as OTHER, and gives back what the server sends to it."""

    def __init__(self, echo):
        self.sock = echo.wire()

    def ask(self, *frames, wait=0.3, enough=None):
        """The frames that answer, all that come within `wait` seconds, or up to `enough` of them."""
        while self._next():  # what is left of the last question
            pass
        for frame in frames:
            self.sock.send(bytes(frame))
        answers, end = [], time.monotonic() + wait
        while time.monotonic() < end and len(answers) != enough:
            frame = self._next()
            if frame and frame[0:6] == bytes.fromhex(OTHER_MAC.replace(":", "")):
                answers.append(scapy.Ether(frame))
        return answers

    def _next(self):
        try:
            return self.sock.recv(65535)
        except TimeoutError:
            return None

    def known(self):
        """Makes sure that the server has our address, so that it can answer."""
        assert self.ask(arp(), wait=2, enough=1)
        return self


@pytest.fixture
def wire(echo):
    made = Wire(echo).known()
    yield made
    made.sock.close()


def pings(wire, *frames, **kwargs):
    return [a for a in wire.ask(*frames, **kwargs) if scapy.ICMP in a and a[scapy.ICMP].type == 0]


def test_arp(wire):
    answer, = wire.ask(arp(), wait=2, enough=1)
    assert answer[scapy.ARP].op == 2
    assert (answer[scapy.ARP].hwsrc, answer[scapy.ARP].psrc) == (MAC, SERVER)
    assert wire.ask(arp("10.0.0.3")) == []


def test_hand_made_ping(wire):
    answer, = pings(wire, packet() / scapy.ICMP(id=7, seq=9) / b"0123456789abcdef", wait=2, enough=1)
    assert (answer[scapy.ICMP].id, answer[scapy.ICMP].seq) == (7, 9)
    assert bytes(answer[scapy.ICMP].payload)[:16] == b"0123456789abcdef"


def test_bad_checksums_get_no_answer(wire):
    syn = scapy.TCP(sport=5555, dport=PORT, flags="S", seq=1)
    assert wire.ask(packet(chksum=0x1234) / scapy.ICMP() / b"data",
                    packet() / scapy.ICMP(chksum=0x1234) / b"data",
                    packet(chksum=0x1234) / syn,
                    packet() / scapy.TCP(sport=5555, dport=PORT, flags="S", seq=1, chksum=0x1234)) == []
    answer, = wire.ask(packet() / syn, wait=2, enough=1)
    assert answer[scapy.TCP].flags == "SA" and answer[scapy.TCP].ack == 2
    wire.ask(packet() / scapy.TCP(sport=5555, dport=PORT, flags="R", seq=2), wait=0)


def test_our_checksums_are_right(wire):
    syn = packet() / scapy.TCP(sport=5556, dport=PORT, flags="S", seq=100)
    answer, = wire.ask(syn, wait=2, enough=1)
    fresh = answer.copy()
    del fresh[scapy.IP].chksum, fresh[scapy.TCP].chksum
    fresh = scapy.Ether(bytes(fresh))
    assert fresh[scapy.IP].chksum == answer[scapy.IP].chksum
    assert fresh[scapy.TCP].chksum == answer[scapy.TCP].chksum
    wire.ask(packet() / scapy.TCP(sport=5556, dport=PORT, flags="R", seq=101), wait=0)


def test_truncated_frames_get_no_answer(wire):
    whole = bytes(packet() / scapy.ICMP() / bytes(200))
    syn = bytes(packet() / scapy.TCP(sport=5557, dport=PORT, flags="S", urgptr=0x0101))  # padding is not 0x01
    assert wire.ask(*[whole[:n] for n in range(14, len(whole), 3)], *[syn[:n] for n in range(14, len(syn))]) == []


def test_lengths_that_lie_get_no_answer(wire):
    ping = scapy.ICMP() / (b"x" * 40)
    assert wire.ask(*[packet(len=n) / ping for n in (0, 1, 19, 20, 27, 1500, 65535)],
                    *[packet(ihl=n) / ping for n in (0, 1, 4, 15)],
                    packet() / scapy.TCP(sport=1, dport=PORT, flags="S", dataofs=15),
                    packet() / scapy.TCP(sport=1, dport=PORT, flags="S", dataofs=1)) == []


def test_oversized_frames_are_dropped(echo, wire):
    echo.net.ip("link", "set", echo.net.tap, "mtu", "4000")
    try:
        frames = [packet() / scapy.ICMP() / bytes(size) for size in (1473, 1480, 1600, 2100, 3900)]
        assert pings(wire, *frames) == []
        assert len(pings(wire, packet() / scapy.ICMP() / bytes(1472), wait=2, enough=1)) == 1
    finally:
        echo.net.ip("link", "set", echo.net.tap, "mtu", "1500")


def fragments(ident, size=4000):
    return scapy.fragment(packet(id=ident) / scapy.ICMP(id=ident) / random.Random(ident).randbytes(size), fragsize=1480)


def joined(answers):
    """The payload of one fragmented IP packet."""
    data = {a[scapy.IP].frag * 8: bytes(a[scapy.IP].payload)[:a[scapy.IP].len - 20] for a in answers}
    whole = bytearray()
    for offset in sorted(data):
        assert offset == len(whole)
        whole += data[offset]
    return bytes(whole)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_fragments_in_any_order(wire, order):
    parts = fragments(100 + order[0] * 9 + order[1] * 3 + order[2])
    answers = wire.ask(*[parts[i] for i in order], wait=2, enough=3)
    assert joined(answers)[8:] == random.Random(parts[0][scapy.IP].id).randbytes(4000)


def test_fragments_that_overlap_get_no_answer(wire):
    first, second, third = fragments(200)
    shifted = second.copy()
    shifted[scapy.IP].frag -= 1
    del shifted[scapy.IP].chksum, shifted[scapy.IP].len
    assert pings(wire, first, shifted, third) == []


def test_fragments_without_an_end(wire):
    wire.ask(*[fragments(1000 + i)[0] for i in range(150)], wait=0)
    assert len(pings(wire, packet() / scapy.ICMP() / b"well?", wait=2, enough=1)) == 1


def test_noise(wire):
    noise = random.Random(3)
    frames = []
    for i in range(600):
        header = [bytes(ether()), bytes(packet(proto=noise.choice([1, 6, 17]), chksum=None))][i % 2]
        frames.append(header + noise.randbytes(noise.randrange(1, 1400)))
    wire.ask(*frames, wait=0)
    assert len(pings(wire, packet() / scapy.ICMP() / b"well?", wait=2, enough=1)) == 1


# ---- Start ----

@hvt
def test_little_memory_is_shared():
    """20 connections want five times the memory that there is; all of them get through."""
    small = Echo("hvt", ["--mem=8"])
    try:
        many(small, 20, 300000)
        small.works()
    finally:
        small.close()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("args, says", [
    ([], "which address"),
    (["--ipv4=10.0.0.2"], r"--ipv4=10\.0\.0\.2: want ADDRESS/PREFIX"),
    (["--ipv4=10.0.0.300/24"], "want ADDRESS/PREFIX"),
    (["--ipv4=10.0.0.2/24", "--port=0"], "--port=0: want a number from 1 to 65535"),
    (["--ipv4=10.0.0.2/24", "--port=65536"], "want a number"),
    (["--ipv4=10.0.0.2/24", "--prot=1"], "unknown option --prot=1"),
])
def test_bad_options(target, args, says):
    with harness.Emulator("sink") as card:
        status, output = harness.run("echo", target, [f"--pci:nic0={card.where}"], args)
    assert status == 1, output
    assert re.search(f"^echo: .*{says}", output, re.M), output


@pytest.mark.parametrize("target", TARGETS)
def test_another_port(target):
    with harness.Emulator("sink") as card, harness.Process(harness.command(
            "echo", target, [f"--pci:nic0={card.where}"], ["--ipv4=192.168.7.1/30,192.168.7.2", "--port=7"])) as server:
        server.expect("^echo: listening on 192.168.7.1:7$")
