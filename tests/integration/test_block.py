# SPDX-License-Identifier: ISC
"""Block devices of solo5.h: files and locks, requests in order and out of it, disks that fail, what the options refuse."""
import fcntl
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402

hvt = pytest.mark.skipif(harness.kvm_missing() is not None, reason=harness.kvm_missing() or "")
each = pytest.mark.parametrize("target", [pytest.param("hvt", marks=hvt), "spt", "native"])


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(10 << 20))
    return path


def blk(target, disk, *words, options=(), **kwargs):
    return harness.run("blk", target, options=[f"--block:disk0={disk}", *options], args=words, **kwargs)


@each
@pytest.mark.parametrize("block_size", [512, 4096, 32768])
def test_info(disk, target, block_size):
    status, output = blk(target, disk, "print", options=[f"--block-sector-size:disk0={block_size}"])
    assert status == 0, output
    assert f"capacity 10485760 block_size {block_size} max_io_size 4194304 writable" in output.splitlines()


@each
@pytest.mark.parametrize("options", [[], ["--block-sector-size:disk0=4096"]], ids=["512", "4096"])
@pytest.mark.parametrize("words", ["write_and_read", "misuse", "discard"])
def test_requests(disk, target, words, options):
    status, output = blk(target, disk, words, options=options)
    assert status == 0, output
    assert output.splitlines()[-1] == "SUCCESS"
    assert disk.stat().st_size == 10 << 20


@each
def test_a_disk_of_one_block(disk, target):
    os.truncate(disk, 512)
    status, output = blk(target, disk, "write_and_read")
    assert status == 1 and "blk.c" in output, output  # three blocks are not there: the unikernel's own check
    status, output = blk(target, disk, "misuse")
    assert status == 0, output


@each
def test_what_is_written_is_in_the_file(disk, target):
    assert blk(target, disk, "write_and_read")[0] == 0
    data = disk.read_bytes()
    assert any(data[:512]) and any(data[-512:])
    assert not any(data[4 << 20:6 << 20])


@each
def test_discard_gives_space_back(disk, target):
    disk.write_bytes(os.urandom(10 << 20))
    status, output = blk(target, disk, "discard")
    assert status == 0, output
    assert disk.stat().st_blocks * 512 < 1 << 20


@each
def test_read_only(disk, target):
    os.chmod(disk, 0o444)
    before = disk.read_bytes()
    status, output = blk(target, f"{disk}:ro", "read_only")
    assert status == 0, output
    assert "read-only" in blk(target, f"{disk}:ro", "print")[1]
    assert disk.read_bytes() == before


@each
def test_a_disk_that_shrinks_fails_and_nothing_else(disk, target):
    argv = harness.command("blk", target, [f"--block:disk0={disk}"], ["fails"])
    with harness.Process(argv) as process:
        process.expect("^now$")
        os.truncate(disk, 4096)
        assert process.wait() == 0, process.output
    assert process.lines[-1] == "SUCCESS"
    if target != "spt":
        assert [line for line in process.lines if "it has become shorter" in line and "disk0" in line], process.output


# ---- locks ----

@each
@pytest.mark.parametrize("held, mode, works", [(fcntl.LOCK_EX, "", False), (fcntl.LOCK_SH, "", False),
                                               (fcntl.LOCK_EX, ":ro", False), (fcntl.LOCK_SH, ":ro", True)])
def test_locks(disk, target, held, mode, works):
    with open(disk, "rb") as other:
        fcntl.flock(other, held | fcntl.LOCK_NB)
        status, output = blk(target, f"{disk}{mode}", "print")
    assert status == (0 if works else 1), output
    assert works or re.search(r"Could not open block device: .*/disk\.img: it is in use", output), output
    assert blk(target, disk, "print")[0] == 0


# ---- what the options refuse ----

def refused(target, options, *parts):
    status, output = harness.run("blk", target, options=options, args=["print"])
    assert status == 1, output
    for part in parts:
        assert part in output.splitlines()[0], output


REFUSED = [
    ([], "Device 'disk0' of type BLOCK_BASIC declared but not attached", "--block:disk0=PATH"),
    (["--block:disk1={disk}"], "Resource not declared in manifest: 'disk1'"),
    (["--block-sector-size:disk1=512"], "Resource not declared in manifest: 'disk1'"),
    (["--net:disk0=tap0"], "Resource not declared in manifest: 'disk0'"),
    (["--block:disk0"], "Malformed argument to --block:"),
    (["--block:disk0="], "Malformed argument to --block:"),
    (["--block:={disk}"], "Malformed argument to --block:"),
    (["--block:disk0={disk}", "--block:disk0={disk}"], "attached already"),
    (["--block:disk0={disk}.none"], "Could not open block device: {disk}.none: No such file or directory"),
    (["--block:disk0={folder}"], "Could not open block device: {folder}: Is a directory"),
    (["--block:disk0={folder}:ro"], "Could not open block device: {folder}: Is a directory"),
    (["--block:disk0=/dev/null"], "neither a file nor a block device"),
    (["--block:disk0={folder}/fifo"], "neither a file nor a block device"),
    (["--block:disk0={folder}/empty"], "Backing storage must be at least 1 block (512 bytes) in size"),
    (["--block:disk0={folder}/odd"], "Backing storage size must be block aligned (512 bytes)"),
    (["--block:disk0={folder}/small", "--block-sector-size:disk0=4096"],
     "Backing storage size must be block aligned (4096 bytes)"),
    *[([f"--block-sector-size:disk0={size}", "--block:disk0={disk}"], "Malformed argument to --block-sector-size")
      for size in ("0", "256", "513", "1536", "65536", "-512", "512x", "4k", "99999999999999999999")],
    (["--block-sector-size:disk0=512", "--block-sector-size:disk0=512"], "has a sector size already"),
]


@each
@pytest.mark.parametrize("options, parts", [(row[0], row[1:]) for row in REFUSED], ids=[" ".join(r[0]) or "-" for r in REFUSED])
def test_refusals(disk, target, options, parts):
    folder = disk.parent
    os.mkfifo(folder / "fifo")
    (folder / "empty").touch()
    (folder / "odd").write_bytes(bytes(1000))
    (folder / "small").write_bytes(bytes(4096 + 512))
    where = {"disk": disk, "folder": folder}
    refused(target, [option.format(**where) for option in options], *[part.format(**where) for part in parts])


@each
def test_nothing_is_left_locked_or_changed_by_a_refusal(disk, target):
    before = disk.stat()
    refused(target, [f"--block:disk0={disk}", "--block-sector-size:disk0=7"], "Malformed")
    after = disk.stat()
    assert (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)


@each
def test_a_block_device_of_the_host(disk, target):
    if os.geteuid() != 0 or not shutil.which("losetup"):
        pytest.skip("loop devices need root and losetup")
    made = subprocess.run(["losetup", "--find", "--show", disk], capture_output=True, text=True, timeout=20, check=False)
    if made.returncode != 0:
        pytest.skip(f"no loop devices here: {made.stderr.strip()}")
    loop = made.stdout.strip()
    try:
        for words in ("write_and_read", "misuse", "discard"):
            status, output = blk(target, loop, words)
            assert status == 0, output
    finally:
        subprocess.run(["losetup", "--detach", loop], timeout=20, check=False)


# ---- as many as there can be; DMA memory; raw hypercalls ----

@each
def test_63_devices(tmp_path, target):
    ours, guests = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    options = [f"--net:net63=@{guests.fileno()}"]
    for i in range(1, 63):
        path = tmp_path / f"{i}.img"
        path.write_bytes(bytes([i]) * 512 * i)
        options.append(f"--block:disk{i}={path}")
    with ours, guests:
        ours.send(bytes(60))
        status, output = harness.run("io_many", target, options=options, pass_fds=[guests.fileno()])
    assert (status, output) == (0, "SUCCESS")


@each
def test_dma_memory_takes_frames_and_blocks(disk, target):
    ours, guests = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    frame = os.urandom(512)
    with harness.Emulator("sink") as card, ours, guests:
        argv = harness.command("io_dma", target, [f"--pci:nic0={card.where}", f"--block:disk0={disk}",
                                                  f"--net:net0=@{guests.fileno()}"])
        ours.settimeout(10)
        with harness.Process(argv, pass_fds=[guests.fileno()]) as process:
            for _ in range(2):
                ours.send(frame)
                assert ours.recv(2000) == frame
            assert process.wait() == 0, process.output
    assert disk.read_bytes()[512:1024] == frame


@pytest.fixture
def raw(disk):
    """Runs the unikernel that makes hypercalls by itself, with a frame waiting."""
    def run(*words, frame=None):
        ours, guests = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, guests:
            if frame:
                ours.send(frame)
            return harness.run("io_hypercall", "hvt", args=words, pass_fds=[guests.fileno()],
                               options=["--mem=64", f"--block:disk0={disk}", f"--net:net0=@{guests.fileno()}"])
    return run


@hvt
def test_hypercalls_that_are_answered(raw):
    assert raw("answers") == (0, "case answers\nSUCCESS")


MEM = 64 << 20
BAD = [(MEM, 512), (MEM - 256, 512), (0xfffffffffffffe00, 512), (1 << 40, 512), (0, 512), (0x2000, 512)]


@hvt
@pytest.mark.parametrize("nr", [4, 5, 6, 7], ids=["BLOCK_WRITE", "BLOCK_READ", "NET_WRITE", "NET_READ"])
@pytest.mark.parametrize("address, size", BAD, ids=[hex(address) for address, _ in BAD])
def test_hypercalls_with_memory_that_is_not_the_guests(raw, nr, address, size):
    status, output = raw("access", nr, hex(address), size, frame=bytes(60))
    assert status == 1, output
    assert f"Invalid guest access: gpa={hex(address)} sz={size}" in output


@hvt
@pytest.mark.parametrize("nr", [5, 7], ids=["BLOCK_READ", "NET_READ"])
def test_hypercalls_do_not_write_to_text(raw, nr):
    status, output = raw("access", nr, 1, 512, frame=bytes(60))
    assert status == 1, output
    assert "Invalid guest access" in output


@hvt
def test_hypercalls_up_to_the_last_byte(raw):
    assert raw("access", 5, hex(MEM - 512), 512)[1].splitlines()[-2:] == ["ret 0", "SUCCESS"]
