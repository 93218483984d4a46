# SPDX-License-Identifier: ISC
"""Unikernels whose manifest says something else than it was built with."""
import contextlib

import harness
from lab import Failed

# struct mft_entry (abi/manifest.h): where a PCI_BASIC entry has its fields.
NAME_SIZE, UNION = 68, 72
VENDOR, FLAGS = UNION, UNION + 7


@contextlib.contextmanager
def changed(pc, unikernel, target, entry, at, *values):
    """Inside, /tmp/changed is a unikernel with other bytes in an entry of its manifest. Gives what makes its command line."""
    programs = harness.BUILD / "aarch64" if pc.shape.machine == "arm64" else harness.BUILD
    image = (programs / f"tests/unikernels/{unikernel}.{target}").read_bytes()
    name = entry.encode().ljust(NAME_SIZE, b"\0")
    start = image.find(name)
    if start < 0 or image.find(name, start + 1) >= 0:
        raise Failed(f"not one entry of {entry} in the manifest of {unikernel}.{target}")
    text = "".join(f"\\x{value:02x}" for value in values)
    pc.ok(f"cp /penstock/unikernels/{unikernel}.{target} /tmp/changed && "
          f"printf '{text}' | dd of=/tmp/changed bs=1 seek={start + at} conv=notrunc 2>/dev/null")
    try:
        yield lambda tender: tender.replace(f"/penstock/unikernels/{unikernel}.{target}", "/tmp/changed")
    finally:
        pc.ok("rm -f /tmp/changed")
