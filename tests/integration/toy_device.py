# SPDX-License-Identifier: ISC
"""A PCI device of a few registers, served over vfio-user from the test's own process: BARs of any size and kind, and a log of
what reached it. As little of the protocol as a client needs (QEMU's docs/interop/vfio-user.rst)."""
import mmap
import os
import socket
import struct
import threading

VERSION, DMA_MAP, DMA_UNMAP, INFO, REGION, _, IRQ, SET_IRQS, READ, WRITE = range(1, 11)
RESET = 13
CONFIG = 7
EIO, EINVAL, ENOTSUP = 5, 22, 95


class Bar:
    """areas: what can be mapped, [(offset, size), ...]; refuses: every access by message is an error."""

    def __init__(self, size, areas=(), refuses=False):
        self.size, self.areas, self.refuses = size, list(areas), refuses
        self.fd = os.memfd_create("bar")
        os.ftruncate(self.fd, -(-size // 4096) * 4096)
        self.memory = mmap.mmap(self.fd, 0)


class ToyDevice:
    """bars: {number: Bar}. `accesses` has (WRITE or READ, bar, offset, size, value) of each access by message,
    after which `hook` is called."""

    def __init__(self, folder, bars, vendor=0x1234, device=0x5678, hook=lambda: None):
        self.bars, self.accesses, self.hook = bars, [], hook
        self.received = []  # descriptors beside the message that is handled; those it leaves are closed
        self.path = str(folder / "toy.sock")
        self.config = bytearray(256)
        struct.pack_into("<HHHHBBBB", self.config, 0, vendor, device, 0, 0, 0, 0, 0, 0xFF)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(1)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    @property
    def where(self):
        return f"vfio-user:{self.path}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)
        for bar in self.bars.values():
            bar.memory.close()
            os.close(bar.fd)

    def hang_up(self):
        """Ends the connection to its client."""
        self.peer.shutdown(socket.SHUT_RDWR)

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.peer = peer
            with peer:
                while self.answer(peer):
                    pass

    def take(self, peer, size):
        data = b""
        while len(data) < size:
            more, fds, _, _ = socket.recv_fds(peer, size - len(data), 16)
            self.received += fds
            if not more:
                return None
            data += more
        return data

    def answer(self, peer):
        head = self.take(peer, 16)
        if head is None:
            return False
        number, command, size, flags, _ = struct.unpack("<HHIII", head)
        body = self.take(peer, size - 16)
        if body is None:
            return False
        reply, fds, error = self.handle(command, body)
        while self.received:
            os.close(self.received.pop())
        if flags & 0x10:
            return True
        if error:
            reply, fds = b"", []
        head = struct.pack("<HHIII", number, command, 16 + len(reply), 1 | (0x20 if error else 0), error)
        try:
            socket.send_fds(peer, [head + reply], fds)
        except BrokenPipeError:
            return False
        return True

    def handle(self, command, body):
        """(reply, descriptors, errno)"""
        if command == VERSION:
            return body[:4] + b'{"capabilities":{"max_msg_fds":8}}\0', [], 0
        if command == INFO:
            return struct.pack("<IIII", 16, 3, 9, 5), [], 0
        if command == REGION:
            return self.region(*struct.unpack_from("<III", body))
        if command == IRQ:
            return struct.pack("<IIII", 16, 0, struct.unpack_from("<III", body)[2], 0), [], 0
        if command in (READ, WRITE):
            return self.access(command, body)
        if command in (DMA_MAP, DMA_UNMAP):
            return body if command == DMA_UNMAP else b"", [], 0
        return b"", [], 0 if command in (RESET, SET_IRQS) else ENOTSUP

    def region(self, room, _, index):
        if index == CONFIG:
            return struct.pack("<IIIIQQ", 32, 3, index, 0, len(self.config), 0), [], 0
        if index not in self.bars:
            return struct.pack("<IIIIQQ", 32, 0, index, 0, 0, 0), [], 0
        bar = self.bars[index]
        if not bar.areas:
            return struct.pack("<IIIIQQ", 32, 3, index, 0, bar.size, 0), [], 0
        cap = struct.pack("<HHIII", 1, 1, 0, len(bar.areas), 0) + b"".join(struct.pack("<QQ", *a) for a in bar.areas)
        whole = 32 + len(cap)
        reply = struct.pack("<IIIIQQ", whole, 0xF, index, 32, bar.size, 0) + cap
        return (reply, [bar.fd], 0) if room >= whole else (reply[:32], [], 0)

    def access(self, command, body):
        offset, index, count = struct.unpack_from("<QII", body)
        data = body[16:16 + count]
        if index == CONFIG:
            if command == WRITE:
                self.config[offset:offset + count] = data
            return struct.pack("<QII", offset, index, count) + bytes(self.config[offset:offset + count])[
                :count if command == READ else 0], [], 0
        bar = self.bars.get(index)
        if bar is None or offset + count > bar.size:
            return b"", [], EINVAL
        if command == READ:
            data = bar.memory[offset:offset + count]
        self.accesses.append((command, index, offset, count, int.from_bytes(data, "little")))
        self.hook()
        if bar.refuses:
            return b"", [], EIO
        if command == WRITE:
            bar.memory[offset:offset + count] = data
            data = b""
        return struct.pack("<QII", offset, index, count) + data, [], 0
