# SPDX-License-Identifier: ISC
"""Every way to refuse a unikernel its devices: one clear line, exit status 1, and the device as it was."""
import os
import signal
import socket
import struct
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402

hvt = pytest.mark.skipif(harness.kvm_missing() is not None, reason=harness.kvm_missing() or "")
each = pytest.mark.parametrize("target", [pytest.param("hvt", marks=hvt), "spt", "native"])

# struct mft_entry (abi/manifest.h): where nic0's PCI_BASIC entry has its fields
ENTRY_SIZE, NAME_SIZE, TYPE, UNION = 104, 68, 68, 72
VENDOR, DEVICE, CLASS, SUBCLASS, PROGIF, FLAGS, DMA_SIZE = (UNION + i for i in (0, 2, 4, 5, 6, 7, 8))


@pytest.fixture(scope="module")
def card():
    with harness.Emulator("sink") as emulator:
        yield emulator


def reflect_with(folder, target, change):
    """A copy of reflect whose manifest `change(image, entry offset)` has changed; its path."""
    image = bytearray(harness.unikernel("reflect", target).read_bytes())
    entry = image.find(b"nic0\0" + bytes(NAME_SIZE - 5))
    assert entry > 0 and image.find(b"nic0\0" + bytes(NAME_SIZE - 5), entry + 1) < 0
    change(image, entry)
    path = folder / f"changed.{target}"
    path.write_bytes(image)
    path.chmod(0o755)
    return path


def start(target, path, options, args=()):
    head = [harness.TENDERS[target], *options, "--", path] if target in harness.TENDERS else [path, *options, "--"]
    with harness.Process([*head, *args]) as process:
        status = process.wait(20)
        return status, process.output


def refused(target, options, *words, path=None):
    """Runs reflect, which must be refused in one line that has all these words."""
    status, output = start(target, path or harness.unikernel("reflect", target), options)
    lines = [line for line in output.splitlines() if ": warning: " not in line]
    assert status == 1, output
    for word in words:
        assert word in lines[0], output
    return lines


def still_works(target, card):
    """The device serves the next client as if nothing had been."""
    status, output = harness.run("reflect", target, [f"--pci:nic0={card.where}"], ["--seconds=1"])
    assert status == 0, output
    assert "reflect: 0 packets" in output


@each
def test_declared_but_not_attached(target):
    assert len(refused(target, [], '"nic0"', "not attached", "--pci:nic0=WHERE")) == 1


@each
def test_attached_but_not_declared(card, target):
    refused(target, [f"--pci:nic7={card.where}"], "nic7", "no PCI device of this name")


@each
@pytest.mark.parametrize("where, words", [
    ("vfio-user:/nonexistent/socket", ["/nonexistent/socket", "no such socket"]),
    ("vfio-user:/etc/passwd", ["/etc/passwd"]),
    ("vfio-user:", ["nic0"]),
    ("vfio-user:relative/" + "x" * 200, ["nic0"]),
    ("ffff:ff:1f.7", ["ffff:ff:1f.7", "no such PCI device"]),
    ("nonsense", ["nonsense"]),
    ("", ["nic0"]),
])
def test_where_that_is_no_device(target, where, words):
    refused(target, [f"--pci:nic0={where}"], *words)


@each
def test_without_iommu(target):
    says = "--unsafe-no-iommu" if target == "native" else "only a unikernel for native"
    refused(target, ["--pci:nic0=sysfs:0000:03:00.0"], "sysfs:0000:03:00.0", says)


@each
def test_options_of_devices(target):
    refused(target, ["--iommu=best"], "--iommu", "'best'", "type1")
    refused(target, ["--pci-allow-no-reset:nic7"], "nic7", "no PCI device of this name")
    status, output = start(target, harness.unikernel("reflect", target), ["--help"])
    options = ["--pci-allow-no-reset:NAME", "--iommu=KIND", "vfio-user:/path/socket", "0000:03:00.0"]
    assert status == 0 and all(option in output for option in options), output
    assert ("--unsafe-no-iommu" in output) == (target == "native")


@each
@pytest.mark.parametrize("offset, value, says", [
    (VENDOR, b"\xf4\x1a", "1af4:10fb"),
    (DEVICE, b"\x63\x15", "8086:1563"),
    (CLASS, b"\x01", "010000"),
    (SUBCLASS, b"\x80", "028000"),
    (PROGIF, b"\x02", "020002"),
], ids=["vendor", "device", "class", "subclass", "progif"])
def test_wrong_identity(tmp_path, card, target, offset, value, says):
    def change(image, entry):
        image[entry + offset:entry + offset + len(value)] = value
    path = reflect_with(tmp_path, target, change)
    refused(target, [f"--pci:nic0={card.where}"], "nic0", says, "8086:10fb", path=path)


@each
def test_bar_that_the_device_has_not(tmp_path, card, target):
    def change(image, entry):
        image[entry + FLAGS] |= 1 << 5
    path = reflect_with(tmp_path, target, change)
    refused(target, [f"--pci:nic0={card.where}"], "nic0", "BAR5", path=path)
    still_works(target, card)


@each
@pytest.mark.parametrize("size", [1 << 50, (1 << 64) - 1, (1 << 64) - 4096])
def test_dma_window_too_large(tmp_path, card, target, size):
    def change(image, entry):
        image[entry + DMA_SIZE:entry + DMA_SIZE + 8] = struct.pack("<Q", size)
    path = reflect_with(tmp_path, target, change)
    refused(target, [f"--pci:nic0={card.where}"], "DMA", path=path)
    still_works(target, card)


@each
@pytest.mark.parametrize("offset, value", [
    (0, b"nic-0"),                        # a name of other than letters and digits
    (NAME_SIZE - 1, b"x"),                # not terminated
    (TYPE, struct.pack("<I", 9)),         # no such type
    (96, b"\x01"),                        # attached already
    (-ENTRY_SIZE - 8, b"\x02\x00\x00\x00"),  # another version
    (-ENTRY_SIZE - 4, struct.pack("<I", 65)),
    (-ENTRY_SIZE - 4, struct.pack("<I", 2)),  # fewer entries than the note has room for
    (-ENTRY_SIZE - 4, struct.pack("<I", 0)),
    (-ENTRY_SIZE, b"nic1"),               # entry 0 has a name
], ids=["name", "unterminated", "type", "attached", "version", "too-many", "too-few", "none", "entry0"])
def test_malformed_manifest(tmp_path, card, target, offset, value):
    def change(image, entry):
        image[entry + offset:entry + offset + len(value)] = value
    path = reflect_with(tmp_path, target, change)
    refused(target, [f"--pci:nic0={card.where}"], "manifest", path=path)


@each
def test_same_name_twice(tmp_path, card, target):
    def change(image, entry):
        image[entry + ENTRY_SIZE:entry + ENTRY_SIZE + 4] = b"nic0"  # the entry of the shared DMA memory
    refused(target, [f"--pci:nic0={card.where}"], "manifest", "nic0", path=reflect_with(tmp_path, target, change))


class Listener:
    """A socket that is not vfio-user: answers each client with the same bytes, or with silence."""

    def __init__(self, path, answer, close):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(4)
        self.kept = []
        self.answer, self.close = answer, close
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
                if self.answer:
                    client.sendall(self.answer)
                if self.close:
                    client.close()
                else:
                    self.kept.append(client)
            except OSError:
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        for client in self.kept:
            client.close()


@each
@pytest.mark.parametrize("answer, close", [
    (b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", True),
    (os.urandom(4096), False),
    (bytes(64), False),
    (b"\0\0", True),
    (b"", True),
    (b"", False),
], ids=["http", "random", "zeroes", "short", "closes", "silent"])
def test_socket_that_is_not_vfio_user(tmp_path, target, answer, close):
    path = tmp_path / "other.sock"
    with Listener(path, answer, close):
        begin = time.monotonic()
        refused(target, [f"--pci:nic0=vfio-user:{path}"], str(path))
        assert time.monotonic() - begin < 15


@each
@pytest.mark.parametrize("busy", [False, True], ids=["at-rest", "under-load"])
def test_server_dies_while_running(target, busy):
    with harness.Emulator("generator:64" if busy else "sink") as card, \
            harness.Process(harness.command("reflect", target, [f"--pci:nic0={card.where}"])) as process:
        time.sleep(1)
        card.signal(signal.SIGKILL)
        assert process.wait(10) == 1
        assert "nic0" in process.lines[-1] and "gone" in process.lines[-1], process.output


@each
def test_tender_killed_leaves_the_device_to_the_next(target):
    with harness.Emulator("generator:64") as card:
        with harness.Process(harness.command("reflect", target, [f"--pci:nic0={card.where}"])) as process:
            time.sleep(1)
            process.signal(signal.SIGKILL)
            process.wait(5)
        status, output = harness.run("reflect", target, [f"--pci:nic0={card.where}"], ["--seconds=1"])
        assert status == 0 and "reflect: 0 packets" not in output, output


@each
def test_device_is_taken(target):
    with harness.Emulator("sink") as card, \
            harness.Process(harness.command("reflect", target, [f"--pci:nic0={card.where}"])) as first:
        time.sleep(1)
        refused(target, [f"--pci:nic0={card.where}"], card.where)
        assert first.child.poll() is None
    still = first.output
    assert "Exiting on signal 15" in still, still


@each
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_in_order(card, target, number):
    with harness.Process(harness.command("reflect", target, [f"--pci:nic0={card.where}"])) as process:
        time.sleep(0.5)
        process.signal(number)
        assert process.wait(5) == 1
        assert f"Exiting on signal {int(number)}" in process.output
    still_works(target, card)
