#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""vmlinux.py BZIMAGE VMLINUX: takes the kernel's ELF file out of an x86 bzImage.

An emulator boots it several seconds faster than the bzImage, which unpacks itself. Offsets and lengths are those of the boot
protocol's set-up header (Linux, Documentation/arch/x86/boot.rst). An arm64 kernel, which has no such header, is copied.
"""
import gzip
import lzma
import struct
import subprocess
import sys
from pathlib import Path

SETUP_SECTS, MAGIC, VERSION, PAYLOAD = 0x1f1, 0x202, 0x206, 0x248


def payload(image):
    """The compressed kernel inside, or None if this is no bzImage."""
    if image[MAGIC:MAGIC + 4] != b"HdrS" or struct.unpack_from("<H", image, VERSION)[0] < 0x208:
        return None
    protected = ((image[SETUP_SECTS] or 4) + 1) * 512
    offset, length = struct.unpack_from("<II", image, PAYLOAD)
    return image[protected + offset:protected + offset + length]


def unpack(data):
    if data[:6] == b"\xfd7zXZ\0":
        return lzma.LZMADecompressor().decompress(data)  # the length behind it is none of its business
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data[:-4])
    if data[:4] == b"\x28\xb5\x2f\xfd":
        return subprocess.run(["zstd", "-dcq"], input=data[:-4], stdout=subprocess.PIPE, check=True, timeout=60).stdout
    raise SystemExit("vmlinux.py: this kernel is compressed in a way that is not known here")


def main():
    source, target = sys.argv[1:]
    image = Path(source).read_bytes()
    data = payload(image)
    kernel = image if data is None else unpack(data)
    if data is not None and kernel[:4] != b"\x7fELF":
        raise SystemExit(f"vmlinux.py: what is in {source} is no ELF file")
    Path(target).write_bytes(kernel)


main()
