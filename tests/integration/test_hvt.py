# SPDX-License-Identifier: ISC
"""penstock-hvt by itself, with guests of a few bytes: its command line, signals, statistics, ring 0, what it costs."""
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402
from elf_maker import R, W, X, Segment, abi_note, elf, entry, flags_note, manifest, manifest_note, text, NET  # noqa: E402

pytestmark = pytest.mark.skipif(harness.kvm_missing() is not None, reason=harness.kvm_missing() or "")

TEXT, DATA = 0x100000, 0x200000
WALLTIME, PUTS, POLL, HALT, SET_TLS_BASE = 1, 2, 3, 8, 0x40
SPIN = b"\xeb\xfe"
RING3 = [abi_note(), flags_note(), manifest_note(manifest())]
RING0 = [abi_note(), manifest_note(manifest())]


def call(number, argument=DATA):
    """mov $port, %edx; mov $argument, %eax; out %eax, %dx"""
    return b"\xba" + struct.pack("<I", 0x500 + number) + b"\xb8" + struct.pack("<I", argument) + b"\xef"


def halt(status):
    return b"\xc7\x04\x25" + struct.pack("<II", DATA + 1032, status) + call(HALT, DATA + 1024)  # movl $status, ...


def forever(code):
    return code + b"\xeb" + struct.pack("<b", -2 - len(code))


def image(code, data=b"", notes=None):
    return elf([text(data=code), Segment(DATA, R | W, data.ljust(2048, b"\0"))], notes or RING3)


@pytest.fixture
def guest(tmp_path):
    """guest(code, ...): the path of an executable, in a place that everybody can read."""
    def make(*args, raw=None, **kwargs):
        path = tmp_path / "guest.hvt"
        path.write_bytes(raw if raw is not None else image(*args, **kwargs))
        return path
    return make


def start(path, *options, **kwargs):
    return harness.Process([harness.HVT, *options, "--", path], **kwargs)


def run(path, *options, timeout=20):
    with start(path, *options) as process:
        return process.wait(timeout), process.output


# ---- command line ----

def ask(*argv):
    done = subprocess.run([harness.HVT, *argv], capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


def test_help_and_version():
    status, out, err = ask("--help")
    assert (status, err) == (0, "")
    for option in ("--mem=N", "--pci:NAME=WHERE", "--stats", "KERNEL"):
        assert option in out
    status, out, err = ask("--mem=64", "--version", "whatever")
    assert (status, err) == (0, "")
    assert out.splitlines()[0].startswith("penstock-hvt tender, version ")
    assert out.splitlines()[1] == "ABI version 2"


@pytest.mark.parametrize("argv, says", [
    ([], "Missing KERNEL operand"),
    (["--mem=64"], "Missing KERNEL operand"),
    (["--"], "Missing KERNEL operand"),
    (["--disk=x", "k"], "Invalid option: `--disk=x'"),
    (["-h", "k"], "Invalid option: `-h'"),
])
def test_misuse_is_explained(argv, says):
    status, out, err = ask(*argv)
    assert (status, out) == (1, "")
    assert err.splitlines()[0] == f"penstock-hvt: {says}"
    assert err.splitlines()[1].startswith("usage: ")


@pytest.mark.parametrize("option, says", [
    ("--mem=0", "Malformed argument to --mem"),
    ("--mem=512M", "Malformed argument to --mem"),
    ("--mem=", "Malformed argument to --mem"),
    ("--mem=-2", "Malformed argument to --mem"),
    ("--mem=1", "less than"),
    ("--mem=5000", "more than the 4096 MB"),
    ("--mem=2", "does not fit into memory"),
])
def test_memory_sizes_that_are_refused(guest, option, says):
    status, out, err = ask(option, "--", str(guest(halt(0))))
    assert (status, out) == (1, "")
    assert len(err.splitlines()) == 1 and says in err


def test_odd_memory_size_is_rounded(guest):
    status, output = run(guest(halt(4)), "--mem=5")
    assert status == 4
    assert output == "penstock-hvt: warning: adjusting memory to 4194304 bytes"


def test_the_largest_memory(guest):
    assert run(guest(halt(5)), "--mem=4096") == (5, "")


@pytest.mark.parametrize("raw, says", [
    (b"", "the file ends before"),
    (b"#!/bin/sh\n" * 10, "not an ELF file"),
    (elf([Segment(TEXT, R | W | X)]), "both writable and executable"),
    (elf([text(), text()]), "overlaps"),
    (elf([text(), Segment(0x101000, R | W, b"", size=1 << 40)]), "does not fit into memory"),
    (elf(notes=[abi_note(target=2), manifest_note(manifest())]), "Executable is not for the solo5-hvt target"),
    (elf(notes=[abi_note(version=1), manifest_note(manifest())]), "unsupported ABI version 1"),
    (elf(notes=[abi_note()]), "no manifest note"),
    (elf(notes=[abi_note(), flags_note(2), manifest_note(manifest())]), "unknown flags 0x2"),
    (elf(notes=[abi_note(), manifest_note(manifest(entry("net0", NET)))]),
     "Device 'net0' of type NET_BASIC declared but not attached"),
])
def test_executables_that_are_refused(guest, raw, says):
    path = guest(raw=raw)
    status, out, err = ask(str(path))
    assert (status, out) == (1, "")
    assert len(err.splitlines()) == 1 and says in err, err


def test_without_dev_kvm(guest):
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("needs root and unshare")
    # In a plain chroot / is no mount point, and cannot be made private; /dev then usually can.
    script = ("{ mount --make-rprivate / || mount --make-rprivate /dev; } 2>/dev/null || exit 77; "
              f"mount -t tmpfs none /dev && exec {harness.HVT} {guest(halt(0))}")
    done = subprocess.run(["unshare", "-m", "--propagation=unchanged", "sh", "-c", script], capture_output=True,
                          text=True, timeout=20)
    if done.returncode == 77:
        pytest.skip("no mount of its own can be made private here")
    assert done.returncode == 1
    assert "/dev/kvm" in done.stderr and "native" in done.stderr


# ---- signals ----

BUSY = forever(b"\x90")
ASLEEP = forever(b"\x48\xc7\x04\x25" + struct.pack("<Ii", DATA, -1) + call(POLL))  # movq $-1, DATA
TALKING = forever(call(PUTS))
LINE = struct.pack("<QQ", TEXT, 100)


@pytest.mark.parametrize("code", [BUSY, ASLEEP], ids=["busy", "asleep"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it(guest, code, number):
    with start(guest(code)) as process:
        time.sleep(0.2)
        process.signal(number)
        assert process.wait(5) == 1
        assert process.output == f"penstock-hvt: Exiting on signal {int(number)}"


def test_a_console_that_takes_no_more_can_be_interrupted(guest):
    reader, writer = os.pipe()
    child = subprocess.Popen([harness.HVT, guest(TALKING, LINE)], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    time.sleep(0.5)
    child.terminate()
    assert child.communicate(timeout=5)[1] == "penstock-hvt: Exiting on signal 15\n"
    assert child.returncode == 1
    os.close(reader)


def test_a_console_that_went_away_is_no_reason_to_end(guest):
    reader, writer = os.pipe()
    os.close(reader)
    child = subprocess.Popen([harness.HVT, guest(call(PUTS) * 3 + halt(6), LINE)], stdout=writer)
    os.close(writer)
    assert child.wait(10) == 6


def test_kill_leaves_nothing_behind(guest):
    with start(guest(BUSY)) as process:
        time.sleep(0.2)
        process.signal(signal.SIGKILL)
        assert process.wait(5) == 128 + 9


# ---- statistics ----

def test_exits_are_counted(guest):
    status, output = run(guest(call(WALLTIME) * 5 + halt(0)), "--stats")
    assert (status, output) == (0, "penstock-hvt: exits=6 io=6 mmio=0 other=0")


def test_asking_does_not_count(guest):
    with start(guest(call(WALLTIME) * 2 + BUSY)) as process:
        time.sleep(0.3)
        for i in range(5):
            process.signal(signal.SIGUSR1)
            process.expect("exits=2 io=2 mmio=0 other=0", start=i)
        process.signal(signal.SIGTERM)
        assert process.wait(5) == 1


# ---- ring 0: executables without our flag ----

def test_ring_0_runs(guest):
    code = b"\xb9\x00\x01\x00\xc0\x31\xd2\xb8\x00\x00\x10\x00\x0f\x30"  # FS base, as Solo5's bindings set it
    assert run(guest(code + halt(9), notes=RING0)) == (9, "")


@pytest.mark.parametrize("code, says", [
    (b"\xc6\x04\x25" + struct.pack("<IB", TEXT, 1), "an exception that nothing handles"),  # movb $1, TEXT
    (b"\xa0" + struct.pack("<Q", 8), "an exception that nothing handles"),  # mov 8, %al
    (b"\xb8" + struct.pack("<I", DATA) + b"\xff\xe0", "an exception that nothing handles"),  # jmp to data
    (b"\xb9\x80\x00\x00\xc0\x0f\x32", "an exception that nothing handles"),  # rdmsr EFER
    (b"\xf4", "halted the CPU"),
], ids=["text_write", "null_read", "data_exec", "rdmsr", "hlt"])
def test_ring_0_is_confined(guest, code, says):
    status, output = run(guest(code + halt(0), notes=RING0))
    assert status == 255
    assert output.splitlines()[0].startswith("penstock-hvt: the unikernel trapped: ") and says in output


# ---- what it costs ----

def test_memory_beside_the_guests(guest):
    with start(guest(BUSY), "--mem=2048") as process:
        time.sleep(0.5)
        status = Path(f"/proc/{process.pid}/status").read_text()
        rss = int(status.split("VmRSS:")[1].split()[0])
        assert rss < 16 * 1024  # kB, the guest's pages that were touched included


def test_hello_starts_in_three_times_the_floor():
    """The least of several runs each, taken in turns: what other load there is hits both."""
    floor = [harness.BUILD / "bench" / "floor"]
    hello = [harness.HVT, harness.unikernel("hello", "hvt")]

    def once(argv):
        begin = time.perf_counter()
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, timeout=20)
        return time.perf_counter() - begin

    for _ in range(3):
        times = [(once(floor), once(hello)) for _ in range(15)]
        least = [min(column) for column in zip(*times)]
        if least[1] <= 3 * least[0]:
            return
    pytest.fail(f"hello takes {least[1] * 1e3:.1f} ms, the floor {least[0] * 1e3:.1f} ms")
