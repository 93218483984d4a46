# SPDX-License-Identifier: ISC
"""Where each fuzz target begins: inputs that get past its first checks. seeds(name) gives them as bytes."""
import json
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))
import elf_maker as make  # noqa: E402


def elf():
    devices = make.manifest(make.pci("nic0", dma_size=65536), make.entry("service0", make.NET),
                            make.entry("storage", make.BLOCK), make.entry("dma", make.DMA, struct.pack("<Q", 1 << 20)))
    yield make.elf()
    yield make.elf([make.text(), make.Segment(0x101000, make.R, b"r" * 16),
                    make.Segment(0x102000, make.R | make.W, b"d", 0x3000)],
                   [make.abi_note(), make.flags_note(), make.manifest_note(devices)])
    yield make.elf(notes=[make.abi_note(2), make.manifest_note(make.manifest())])
    interpreter = make.Segment(0, make.R, b"/nonexistent/solo5/\0", align=1, kind=3)
    yield make.elf([interpreter, make.text()])
    yield with_symbols(make.elf())


def with_symbols(binary):
    """The same executable with a .symtab and its .strtab."""
    names = b"\0main\0"
    symbol = struct.pack("<IBBHQQ", 1, 2, 0, 1, 0x100000, 16)
    at = len(binary)
    sections = at + len(names) + 2 * len(symbol)

    def section(kind, offset, size, link=0, entry=0):
        return struct.pack("<IIQQQQIIQQ", 0, kind, 0, 0, offset, size, link, 0, 8, entry)

    table = section(0, 0, 0) + section(2, at + len(names), 2 * len(symbol), 2, 24) + section(3, at, len(names))
    head = bytearray(binary)
    struct.pack_into("<Q", head, 40, sections)
    struct.pack_into("<HHH", head, 58, 64, 3, 2)
    return bytes(head) + names + bytes(len(symbol)) + symbol + table


def manifest_json():
    for path in [*ROOT.glob("unikernels/*/manifest.json"), *ROOT.glob("tests/unikernels/*.json"),
                 *ROOT.glob("tests/integration/data/*.json")]:
        yield path.read_bytes()
    yield json.dumps({"type": "solo5.manifest", "version": 1, "dma_size": "0x100000",
                      "devices": [{"name": "dma0", "type": "DMA_BASIC", "dma_size": 4096}]}).encode()


def call(number, address, argument):
    return struct.pack("<BIB", number, address, len(argument)) + argument


def hypercall():
    ram, text = 0x180000, 0x100000
    yield call(1, ram, b"")
    for data, length in [(ram, 16), (text, 4096), (1 << 40, 65536), ((1 << 40) + (1 << 36), 9), (2**64 - 1, 2)]:
        yield call(2, ram, struct.pack("<QQ", data, length))
    yield call(3, ram, struct.pack("<QQQ", 1000, 0, 0)) + call(3, ram + 1, struct.pack("<QQQ", 2**64 - 1, 0, 0))
    for number in (4, 5):
        for data in (ram + 4096, 1 << 40):
            yield call(number, ram, struct.pack("<QQQQQ", 3, 512, data, 1024, 0))
    for number in (6, 7):
        for data in (ram + 4096, 1 << 40):
            yield call(number, ram, struct.pack("<QQQQ", 2, data, 1514, 0))
    yield call(8, ram, struct.pack("<Qii", ram + 64, 3, 0))
    yield call(0x40, ram, struct.pack("<Q", 0x7fffffffffff))
    yield call(0x41, ram, struct.pack("<QIIQii", 1, 4, 4, 0, 0, 0))
    for number in (0x42, 0x43):
        yield call(number, ram, struct.pack("<QQQIIii", 1, 0x1000, 7, 0, 8, 0, 0))
    yield call(0x44, ram, struct.pack("<Qii", 3, 0, 0))
    yield call(0x45, ram, struct.pack("<QQQii", 3, 512, 4096, 0, 0))
    yield struct.pack("<BQBQ", 0x80, (1 << 39) + 8, 2, 0) + struct.pack("<BQBQ", 0x81, (1 << 39) + 8, 3, 5)


def message(command, payload=b"", ident=2, flags=0):
    return struct.pack("<HHIII", ident, command, 16 + len(payload), flags, 0) + payload


def piece(data, descriptors=0):
    return struct.pack("<HB", len(data) - 1, descriptors) + data


def vfio_user_server():
    dma_map = message(2, struct.pack("<IIQQQ", 32, 3, 0, 0x100000, 0x10000))
    requests = [
        [(message(1, struct.pack("<HH", 0, 1) + b'{"capabilities":{"max_msg_fds":8}}\0'), 0)],
        [(message(4, struct.pack("<IIII", 16, 0, 0, 0)), 0)],
        [(message(5, struct.pack("<IIIIQQ", 4096, 0, index, 0, 0, 0)), 0) for index in (0, 7)],
        [(message(7, struct.pack("<IIII", 16, 0, index, 0)), 0) for index in range(3)],
        [(dma_map, 1), (message(10, struct.pack("<QII", 4, 7, 2) + b"\6\0"), 0),
         (message(10, struct.pack("<QII", 0x200, 0, 8) + struct.pack("<Q", 0x100100)), 0),
         (message(3, struct.pack("<IIQQ", 24, 0, 0x100000, 0x10000)), 0)],
        [(message(8, struct.pack("<IIIII", 20, 0x24, 2, 0, 1)), 2),
         (message(10, struct.pack("<QII", 0x208, 0, 4) + bytes(4)), 0), (message(8, struct.pack("<IIIII", 20, 0x21, 2, 0, 0)), 0)],
        [(message(9, struct.pack("<QII", 0, region, 64)), 0) for region in (0, 7)],
        [(message(13), 0), (message(13, flags=0x10), 0)],
        [(message(15, struct.pack("<QQIIQ", 1, 8, 0, 4, 77)), 0)],
        [(dma_map[:9], 0), (dma_map[9:], 1)],
    ]
    for request in requests:
        yield b"\0" + b"".join(piece(data, fds) for data, fds in request)
    yield b"\1" + piece(message(13))


def reply(command, payload=b"", how=1, flags=1, error=0):
    return struct.pack("<BHHII", how, command, len(payload), flags, error) + payload


def vfio_user_client():
    version = reply(1, struct.pack("<HH", 0, 1) + b'{"capabilities":{"max_msg_fds":8}}\0')
    info = reply(4, struct.pack("<IIII", 16, 3, 9, 5))
    config = bytearray(256)
    struct.pack_into("<HHHHI", config, 0, 0x8086, 0x10fb, 6, 0x10, 0x02000001)
    yield version + info
    region = struct.pack("<IIIIQQ", 64, 15, 0, 32, 0x10000, 0)
    sparse = struct.pack("<HHIIIQQ", 1, 1, 0, 1, 0, 0x1000, 0x1000)
    described = reply(5, struct.pack("<IIIIQQ", 32, 3, 7, 0, 256, 0))

    def read(offset, size):
        return reply(9, struct.pack("<QII", offset, 7, size) + bytes(config[offset:offset + size]))

    identify = described + read(0, 4) + read(8, 4)
    yield version + info + identify
    yield version + info + identify + reply(13) + reply(2) + reply(5, region + sparse, how=3)
    yield version + info + reply(11, struct.pack("<QQ", 0x100000000, 64), how=0, flags=0) + identify
    yield version + info + reply(12, struct.pack("<QQ", 0x100000000, 8) + b"12345678", how=0, flags=0)
    yield version + reply(4, flags=0x21, error=22)
    yield version + info + b"".join(reply(7, struct.pack("<IIII", 16, 1, i, 4)) for i in range(3))


def rings():
    frame = bytes.fromhex("020000000001020000000002") + b"\x08\x00" + bytes.fromhex(
        "4500002e000000004011f96a0a0000010a000002") + struct.pack(">HHHH", 1, 2, 26, 0)
    receive = struct.pack("<BBIIB", 5, 0, 0x02000002, 0x702, 15)
    arrives = struct.pack("<BHB", 7, 4, len(frame)) + frame
    buffers = b"".join(struct.pack("<BHIQ", 4, i, 0x2001 + 0x800 * i, 0) for i in range(16))
    poll = bytes([8])
    yield receive + buffers + arrives * 3 + poll
    data = [struct.pack("<BHIQ", 4, 0x800 + i, 0x4001, 60 | 0x2b300000 | (60 << 46)) for i in range(4)]
    start = struct.pack("<BBB", 6, 0, 4)
    yield b"".join(data) + start + poll
    context = struct.pack("<BHIQ", 4, 0x800, 0x40000e14, 0x00000800 | 0x20200000 | (1460 << 48) | (20 << 40))
    segment = struct.pack("<BHIQ", 4, 0x801, 0x4001, 4000 | 0xab300000 | (3946 << 46) | (3 << 40))
    yield context + segment + struct.pack("<BBB", 6, 0, 2) + poll + bytes([9, 0, 5]) + poll
    yield struct.pack("<BII", 0, 0, 1 << 26) + poll + struct.pack("<BI", 1, 8)
    yield receive + struct.pack("<BII", 2, 0x1000, 0xffffffff) + arrives + poll


def seeds(name):
    return list(globals()[name]())
