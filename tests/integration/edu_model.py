# SPDX-License-Identifier: ISC
"""QEMU's edu device (its manual: docs/specs/edu.rst in QEMU's source), served over vfio-user from the test's own process. It does
DMA in what was mapped for it, while bus mastering is on, and counts what it was refused."""
import mmap
import os
import struct
import threading

from toy_device import DMA_MAP, DMA_UNMAP, IRQ, READ, SET_IRQS, WRITE, Bar, ToyDevice

INTX, MSI = 0, 1
RUN, TO_MEMORY, INTERRUPT = 1, 2, 4
BUFFER = 0x40000
MSI_CAPABILITY = 0x40


class EduModel(ToyDevice):
    """kind: of its interrupts. refused: transfers that hit no mapping or found bus mastering off."""

    def __init__(self, folder, kind=MSI, seconds=0.02):
        self.kind, self.seconds = kind, seconds
        self.lock = threading.RLock()
        self.registers, self.buffer = {0x98: 0}, bytearray(4096)
        self.irq_status, self.irq_fd, self.irq_masked = 0, -1, False
        self.maps, self.refused = {}, 0
        super().__init__(folder, {0: Bar(1 << 20)}, device=0x11E8)
        self.config[10:12] = b"\xff\x00"
        if kind == MSI:
            self.config[6] |= 0x10
            self.config[0x34] = MSI_CAPABILITY
            struct.pack_into("<BBH", self.config, MSI_CAPABILITY, 5, 0, 0x80)

    def __exit__(self, *what):
        super().__exit__(*what)
        with self.lock:
            self.set_irq_fd(-1)
            for memory, _ in self.maps.values():
                memory.close()

    def handle(self, command, body):
        with self.lock:
            if command == IRQ:
                index = struct.unpack_from("<III", body)[2]
                flags = 7 if index == INTX else 9
                return struct.pack("<IIII", 16, flags, index, int(index == self.kind)), [], 0
            if command == SET_IRQS:
                return self.set_irqs(body)
            if command in (DMA_MAP, DMA_UNMAP):
                return self.change_maps(command, body)
            if command in (READ, WRITE) and struct.unpack_from("<QII", body)[1] == 0:
                return self.register(command, body)
        return super().handle(command, body)

    # ---- interrupts ----

    def set_irq_fd(self, fd):
        if self.irq_fd >= 0:
            os.close(self.irq_fd)
        self.irq_fd, self.irq_masked = fd, False

    def set_irqs(self, body):
        _, flags, index, _, _ = struct.unpack_from("<IIIII", body)
        if index == self.kind and flags & 0x20:  # TRIGGER
            self.set_irq_fd(self.received.pop() if self.received else -1)
        if index == self.kind and flags & 0x10:  # UNMASK
            self.irq_masked = False
        self.interrupt(level=True)
        return b"", [], 0

    def interrupt(self, level=False):
        """level: nothing new happened, which is nothing to MSI."""
        if self.irq_fd < 0 or not self.irq_status or self.irq_masked or (level and self.kind == MSI):
            return
        self.irq_masked = self.kind == INTX
        os.eventfd_write(self.irq_fd, 1)

    def raise_irq(self, reasons):
        self.irq_status |= reasons
        self.interrupt()

    # ---- memory ----

    def change_maps(self, command, body):
        if command == DMA_MAP:
            _, _, offset, iova, size = struct.unpack_from("<IIQQQ", body)
            self.maps[iova] = (mmap.mmap(self.received.pop(), size, offset=offset), size)
            return b"", [], 0
        _, _, iova, _ = struct.unpack_from("<IIQQ", body)
        self.maps.pop(iova)[0].close()
        return body, [], 0

    def find(self, iova, size):
        """(memory, offset) of an IOVA, or None."""
        for start, (memory, length) in self.maps.items():
            if start <= iova and iova + size <= start + length:
                return memory, iova - start
        return None

    def transfer(self):
        with self.lock:
            command, size = self.registers[0x98], self.registers[0x90]
            to_memory = command & TO_MEMORY
            iova, place = (self.registers[0x88 if to_memory else 0x80], self.registers[0x80 if to_memory else 0x88] - BUFFER)
            found = self.find(iova, size)
            if found is None or not self.config[4] & 4:
                self.refused += 1
            elif to_memory:
                found[0][found[1]:found[1] + size] = bytes(self.buffer[place:place + size])
            else:
                self.buffer[place:place + size] = found[0][found[1]:found[1] + size]
            self.registers[0x98] &= ~RUN
            if command & INTERRUPT:
                self.raise_irq(0x100)

    # ---- registers ----

    def register(self, command, body):
        offset, _, count = struct.unpack_from("<QII", body)
        head = body[:16]
        if count != 4 and (offset < 0x80 or count != 8):
            return head + (b"\xff" * count if command == READ else b""), [], 0
        if command == READ:
            return head + (self.read(offset) & (1 << 8 * count) - 1).to_bytes(count, "little"), [], 0
        self.write(offset, int.from_bytes(body[16:16 + count], "little"))
        return head, [], 0

    def read(self, offset):
        if offset == 0x00:
            return 0x010000ED
        if offset == 0x20:
            return 0
        if offset == 0x24:
            return self.irq_status
        return self.registers.get(offset, 0)

    def write(self, offset, value):
        if offset == 0x04:
            self.registers[offset] = ~value & 0xFFFFFFFF
        elif offset == 0x08:
            result = 1
            for factor in range(2, value + 1):
                result = result * factor & 0xFFFFFFFF
            self.registers[offset] = result
        elif offset == 0x60:
            self.raise_irq(value)
        elif offset == 0x64:
            self.irq_status &= ~value
        elif 0x80 <= offset <= 0x98 and not self.registers[0x98] & RUN and (offset != 0x98 or value & RUN):
            self.registers[offset] = value
            if offset == 0x98:
                threading.Timer(self.seconds, self.transfer).start()
