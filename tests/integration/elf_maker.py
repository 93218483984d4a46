# SPDX-License-Identifier: ISC
"""Executables and notes made byte by byte, from Solo5's description of them: right ones, and any wrong one."""
import struct

PT_LOAD, PT_NOTE = 1, 4
R, W, X = 4, 2, 1
BLOCK, NET, PCI, DMA, RESERVED = 1, 2, 3, 4, 1 << 30
HVT = 1


def entry(name, kind, content=b"", attached=0):
    """One entry of a manifest: 104 bytes."""
    return struct.pack("<68sI16sQB7x", name.encode(), kind, content, 0, attached)


def pci(name, vendor=0x8086, device=0x10FB, bars=1, dma_size=0, class_code=2):
    return entry(name, PCI, struct.pack("<HHBBBBQ", vendor, device, class_code, 0, 0, bars | 0x40, dma_size))


def manifest(*entries, version=1, count=None, first=entry("", RESERVED)):
    count = len(entries) + 1 if count is None else count
    return struct.pack("<II", version, count) + first + b"".join(entries)


def note(owner, kind, content, namesz=None, descsz=None):
    name = owner.encode() + b"\0"
    head = struct.pack("<III", len(name) if namesz is None else namesz,
                       len(content) if descsz is None else descsz, kind)
    return head + name + b"\0" * (-len(name) % 4) + content


def abi_note(target=HVT, version=2):
    return note("Solo5", 0x31494241, struct.pack("<IIII", target, version, 0, 0))


def manifest_note(content, descsz=None):
    return note("Solo5", 0x3154464D, b"\0" * 4 + content, descsz=descsz)


def flags_note(flags=1):
    return note("Penstock", 0x31474C46, struct.pack("<I", flags))


class Segment:
    def __init__(self, addr, flags, data=b"\x90", size=None, align=0x1000, kind=PT_LOAD, filesz=None):
        self.addr, self.flags, self.data, self.align, self.kind = addr, flags, data, align, kind
        self.size = len(data) if size is None else size
        self.filesz = len(data) if filesz is None else filesz


def text(addr=0x100000, data=b"\x0f\x0b"):
    return Segment(addr, R | X, data)


def elf(segments=None, notes=None, entry_point=0x100000, machine=62, kind=2):
    """The bytes of an executable: each note in a PT_NOTE of its own, then the PT_LOADs."""
    segments = [text()] if segments is None else segments
    notes = [abi_note(), flags_note(), manifest_note(manifest())] if notes is None else notes
    parts = [Segment(0, R, n, align=4, kind=PT_NOTE) for n in notes] + segments
    offset = 64 + 56 * len(parts)
    headers, body = b"", b""
    for part in parts:
        body += b"\0" * (-(offset + len(body)) % 16)
        headers += struct.pack("<IIQQQQQQ", part.kind, part.flags, offset + len(body), part.addr, part.addr,
                               part.filesz, part.size, part.align)
        body += part.data
    ident = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    return ident + struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, entry_point, 64, 0, 0, 64, 56,
                               len(parts), 0, 0, 0) + headers + body
