# SPDX-License-Identifier: ISC
"""penstock emulate: what it refuses, what it prints, and that it outlives its clients and cleans up after itself."""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402

VERSION, REGION_READ, REGION_WRITE = 1, 9, 10
HELLO = b"\0\0\1\0"
STATUS = 0x8  # a register of the 82599


def emulate(*args):
    return subprocess.run([harness.PENSTOCK, "emulate", *map(str, args)], capture_output=True, text=True, timeout=20,
                          check=False)


class Client:
    """The least of a vfio-user client."""

    def __init__(self, emulator, hello=True):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(10)
        self.sock.connect(emulator.sockets[0])
        self.error = self.ask(VERSION, HELLO)[0] if hello else None

    def ask(self, command, payload):
        """(errno, reply's payload)."""
        self.sock.sendall(struct.pack("=HHIII", 7, command, 16 + len(payload), 0, 0) + payload)
        reply = self.sock.recv(65536)
        if not reply:
            raise EOFError
        ident, echoed, size, flags, error = struct.unpack("=HHIII", reply[:16])
        assert (ident, echoed, size, flags & 0xf) == (7, command, len(reply), 1)
        return error, reply[16:]

    def read32(self, offset, region=0):
        error, reply = self.ask(REGION_READ, struct.pack("=QII", offset, region, 4))
        assert error == 0
        return struct.unpack("=I", reply[16:])[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


# ---- the command line ----

def test_lists_models_and_ports():
    result = emulate()
    assert result.returncode == 0
    for word in ("82599", "tap:NAME", "pcap:IN,OUT", "generator:SIZE[,RATE]", "sink", "wire:NAME"):
        assert word in result.stdout


@pytest.mark.parametrize("args, words", [
    (["e1000"], "no model 'e1000'"),
    (["82599"], "--socket PATH is missing"),
    (["82599", "--socket"], "--socket needs a value"),
    (["82599", "--socket", ""], "socket : Invalid"),
    (["82599", "--socket", "{dir}/s", "--fast"], "no option --fast"),
    (["82599", "--socket", "{dir}/s", "more"], "what is 'more'"),
    (["82599", "--socket", "{dir}/s", "--mac", "01:00:00:00:00:00"], "not the address of one card"),
    (["82599", "--socket", "{dir}/s", "--mac", "00:00:00:00:00:00"], "not the address of one card"),
    (["82599", "--socket", "{dir}/s", "--mac", "2:50:53:0:0:1"], "not of the form"),
    (["82599", "--socket", "{dir}/s", "--mac", "02:50:53:00:00:01:02"], "not of the form"),
    (["82599", "--socket", "{dir}/s", "--rate", "fast"], "--rate: 'fast'"),
    (["82599", "--socket", "{dir}/s", "--rate", "-1G"], "--rate: '-1G'"),
    (["82599", "--socket", "{dir}/s", "--cpu", "1000"], "no CPU 1000"),
    (["82599", "--socket", "{dir}/s", "--cpu", "x"], "--cpu: 'x'"),
    (["82599", "--socket", "{dir}/s", "--stats=often"], "--stats: 'often'"),
    (["82599", "--socket", "{dir}/s", "--log-level", "loud"], "--log-level: 'loud'"),
    (["82599", "--socket", "{dir}/s", "--port", "usb"], "port 'usb'"),
    (["82599", "--socket", "{dir}/s", "--port", "tap:nowhere"], "no such interface"),
    (["82599", "--socket", "{dir}/s", "--port", "tap:lo"], "lo"),
    (["82599", "--socket", "{dir}/s", "--port", "pcap:{dir}/none,"], "No such file"),
    (["82599", "--socket", "{dir}/s", "--port", "generator:9"], "SIZE"),
    (["82599", "--socket", "{dir}/s", "--port", "sink", "--port", "sink"], "--port is given twice"),
    (["82599", "--socket", "{dir}/none/s"], "No such file"),
    (["82599", "--socket", "{dir}"], "not a socket"),
    (["82599", "--socket", "{dir}/" + "x" * 120], "too long"),
    (["82599", "--socket", "{dir}/s", "--socket", "{dir}/s"], "another program listens"),
    (["82599", "--socket", "{dir}/1", "--port", "wire:w", "--socket", "{dir}/2", "--port", "wire:w",
      "--socket", "{dir}/3", "--port", "wire:w"], "two ends already"),
])
def test_refusals(tmp_path, args, words):
    result = emulate(*[arg.replace("{dir}", str(tmp_path)) for arg in args])
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("penstock: ") and len(result.stderr.splitlines()) == 1
    assert words in result.stderr
    assert list(tmp_path.iterdir()) == []  # nothing is left behind


# ---- its end, and its counters ----

@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ends_cleanly(number):
    with harness.Emulator("sink", options=["--stats"]) as card:
        with Client(card):
            card.signal(number)
            assert card.wait() == 0
        assert not os.path.exists(card.sockets[0])
        counters = json.loads(card.lines[-1])
        assert counters["nic"] == card.sockets[0]
        assert counters["rx_packets"] == counters["tx_packets"] == counters["dma_faults"] == 0


def test_counters_in_time_and_on_request():
    with harness.Emulator("sink", options=["--stats=1"]) as card:
        card.expect('^{"nic"', timeout=20)
        before = len(card.lines)
        card.signal(signal.SIGUSR1)
        card.expect('^{"nic"', start=before, timeout=20)
        assert all(json.loads(line)["cpu"] < 0.5 for line in card.lines if line.startswith("{"))


def test_idle_costs_nothing():
    with harness.Emulator("sink") as card, Client(card):
        before = card.cpu_seconds()
        time.sleep(2)
        assert card.cpu_seconds() - before <= 0.05


def test_replaces_a_socket_left_behind():
    with harness.Emulator("sink") as card:
        card.signal(signal.SIGKILL)
        card.wait()
        assert os.path.exists(card.sockets[0])
        again = harness.Process([harness.PENSTOCK, "emulate", "82599", "--socket", card.sockets[0]])
        with again:
            again.expect("^ready: ")
        assert not os.path.exists(card.sockets[0])


# ---- clients ----

def test_outlives_its_clients():
    code = "import socket, sys, time; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);" \
           "s.sendall(bytes.fromhex('0700010014000000000000000000000000000100')); s.recv(999);" \
           "s.sendall(b'half'); print('in'); sys.stdout.flush(); time.sleep(60)"
    with harness.Emulator("sink") as card:
        for _ in range(5):
            with harness.Process([sys.executable, "-c", code, card.sockets[0]]) as client:
                client.expect("^in$", timeout=20)
                client.signal(signal.SIGKILL)
                client.wait()
            with Client(card) as next_one:
                assert next_one.error == 0
                assert next_one.read32(0, region=7) == 0x10fb8086


NOISE = {
    "http": b"GET / HTTP/1.1\r\nHost: nic\r\n\r\n",
    "zeros": bytes(64),
    "ones": b"\xff" * 64,
    "2 GiB": struct.pack("=HHIII", 1, REGION_WRITE, 0x7fffffff, 0, 0),
    "a reply": struct.pack("=HHIII", 1, VERSION, 20, 1, 0) + HELLO,
}
FIRST_NOISE = {  # an ordinary request, or an ordinary error, once versions are settled
    "version 1.0": struct.pack("=HHIII", 1, VERSION, 20, 0, 0) + b"\1\0\0\0",
    "no version first": struct.pack("=HHIIIQII", 1, REGION_READ, 32, 0, 0, 0, 0, 4),
}


@pytest.mark.parametrize("noise, greeted", [
    *[pytest.param(noise, True, id=f"{name}, later") for name, noise in NOISE.items()],
    *[pytest.param(noise, False, id=f"{name}, first") for name, noise in {**NOISE, **FIRST_NOISE}.items()],
])
def test_drops_what_is_not_vfio_user(noise, greeted):
    with harness.Emulator("sink") as card:
        with Client(card, hello=greeted) as client:
            client.sock.sendall(noise)
            try:
                while client.sock.recv(65536):
                    pass
            except ConnectionResetError:
                pass
        with Client(card) as client:
            assert client.error == 0
        card.expect("client dropped: it does not speak vfio-user")


def test_one_client_at_a_time():
    with harness.Emulator("sink") as card:
        with Client(card) as first:
            with Client(card) as second:
                assert second.error == 16  # EBUSY
                assert second.sock.recv(1) == b""
            assert first.read32(STATUS) != 0xffffffff
        with Client(card) as third:
            assert third.error == 0


def test_two_cards_in_one_process():
    with harness.Emulator("wire:x", "wire:x", mac=["02:00:00:00:00:0a", "02:00:00:00:00:0b"]) as cards:
        assert len(cards.wheres) == 2
        with Client(cards) as client:
            assert client.read32(0x5400) == 2           # RAL0
            assert client.read32(0x5404) == 0x80000a00  # RAH0, valid
