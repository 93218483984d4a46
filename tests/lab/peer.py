# SPDX-License-Identifier: ISC
"""The other end of a card's wire: sockets in a network namespace of the host, and what checks do with them."""
import contextlib
import hashlib
import os
import socket
import struct
import threading
import time

from lab import Failed

ETHERTYPE = 0x88b5  # IEEE 802, for local experiments: no stack answers it
SOL_PACKET, PACKET_AUXDATA, TP_STATUS_VLAN_VALID = 263, 8, 0x10  # linux/if_packet.h


def inside(netns, make):
    """What make() returns when called in a thread that is in the namespace: sockets that it opens stay there."""
    result = {}

    def work():
        try:
            netns.enter()
            result["value"] = make()
        except BaseException as problem:  # handed on to the caller
            result["problem"] = problem

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if "problem" in result:
        raise result["problem"]
    return result["value"]


# ---- frames ----

def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def frame(destination, number, size=60, source="02:00:00:00:00:99", vlan=None):
    """One that says who sent it and is recognised by its bytes; size: without FCS."""
    tag = b"" if vlan is None else b"\x81\x00" + vlan.to_bytes(2, "big")
    head = mac(destination) + mac(source) + tag + ETHERTYPE.to_bytes(2, "big") + number.to_bytes(4, "big")
    body = hashlib.shake_128(head).digest(max(size, 60) - len(head))
    return head + body


class Raw:
    """A packet socket on the TAP: what it sends, the card receives, and the other way round."""

    def __init__(self, nic, protocol=3):
        self.socket = inside(nic.netns, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol)))
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.socket.bind((nic.tap, protocol))

    def send(self, *frames):
        for data in frames:
            self.socket.send(data)

    def receive(self, count, timeout=20):
        """The next `count` frames that did not go out from here, or as many as came in time: (VLAN or None, bytes without
        the tag, which Linux takes off)."""
        got, deadline = [], time.monotonic() + timeout
        while len(got) < count and (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data, more, _, where = self.socket.recvmsg(65536, 64)
            except TimeoutError:
                break
            if where[2] != socket.PACKET_OUTGOING:
                got.append((self._vlan(more), data))
        return got

    @staticmethod
    def _vlan(more):
        for level, kind, data in more:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                status, *_, tci, _ = struct.unpack("IIIHHHH", data)
                return tci & 0xfff if status & TP_STATUS_VLAN_VALID else None
        return None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


# ---- TCP ----

@contextlib.contextmanager
def echo_server(netns, address):
    """Sends back what comes, one connection after the other; yields its port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = inside(netns, lambda: socket.create_server((address, 0), family=family))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                client, _ = server.accept()
                with client, contextlib.suppress(OSError):
                    client.settimeout(60)
                    while data := client.recv(1 << 16):
                        client.sendall(data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


def exchange(netns, where, size, timeout=60):
    """Connects to an echo service, sends `size` random bytes, and compares what comes back."""
    data = os.urandom(size)
    client = inside(netns, lambda: socket.create_connection(where, timeout))

    def send():
        with contextlib.suppress(OSError):
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    got = bytearray()
    try:
        while len(got) < size and (piece := client.recv(1 << 16)):
            got += piece
    except OSError as problem:
        raise Failed(f"TCP to {where}: {problem} after {len(got)} of {size} bytes") from None
    finally:
        client.close()
        sender.join(5)
    if bytes(got) != data:
        at = next((i for i, (a, b) in enumerate(zip(got, data)) if a != b), min(len(got), len(data)))
        raise Failed(f"TCP to {where}: {len(got)} of {size} bytes came back; they differ from byte {at} on")
