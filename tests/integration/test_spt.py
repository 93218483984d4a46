# SPDX-License-Identifier: ISC
"""What is spt's own: the process that a unikernel is, its seccomp filter, and what is left of the tender in it."""
import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402

VIOLATION = 128 + signal.SIGSYS
FAULT = 128 + signal.SIGSEGV
READ, WRITE, MMAP, MPROTECT, IOCTL, CLONE, EXECVE, ARCH_PRCTL, CLOCK_GETTIME, EXIT_GROUP, OPENAT, EPOLL_PWAIT, \
    TIMERFD_SETTIME = 0, 1, 9, 10, 16, 56, 59, 158, 228, 231, 257, 281, 286


def system_call(*words, name="syscall", options=()):
    return harness.run(name, "spt", options, ["call", *map(str, words)])


# ---- seccomp ----

@pytest.mark.parametrize("words, result", [
    ((WRITE, 1, "buffer", 0), 0),
    ((CLOCK_GETTIME, 0, "buffer"), 0),
    ((CLOCK_GETTIME, 1, "buffer"), 0),
    ((EPOLL_PWAIT, "epoll", "buffer", 1, 0, "null", 8), 0),
    ((TIMERFD_SETTIME, "timer", 0, "buffer", "null"), 0),
    ((CLOCK_GETTIME, 1, 8), -14),  # the kernel's refusal, not the filter's
    ((EPOLL_PWAIT, "epoll", 8, 1, 0, "null", 8), 0),
], ids=str)
def test_call_that_is_let_through(words, result):
    status, output = system_call(*words)
    assert status == 0, output
    assert f"result {result}" in output


@pytest.mark.parametrize("words", [
    (WRITE, 0, "buffer", 1), (WRITE, 2, "buffer", 1), (WRITE, "epoll", "buffer", 1), (WRITE, 0x100000001, "buffer", 1),
    (WRITE, -1, "buffer", 1), (READ, 0, "buffer", 1), (READ, 1, "buffer", 1), (READ, "timer", "buffer", 8),
    (READ, -1, "buffer", 8), (EPOLL_PWAIT, "timer", "buffer", 1, 0), (EPOLL_PWAIT, -1, "buffer", 1, 0),
    (TIMERFD_SETTIME, "epoll", 0, "buffer"), (CLOCK_GETTIME, 2, "buffer"), (CLOCK_GETTIME, 7, "buffer"),
    (CLOCK_GETTIME, -6, "buffer"), (ARCH_PRCTL, 0x1001, "buffer"), (ARCH_PRCTL, 0x1003, "buffer"), (60, 0),
    (MMAP, 0, 4096, 7, 0x22, -1), (MPROTECT, "buffer", 4096, 7), (11, 0x10000, 4096), (IOCTL, 1, 0x5401, "buffer"),
    (CLONE, 17), (57,), (58,), (EXECVE, "buffer"), (OPENAT, -100, "buffer", 0), (2, "buffer", 0), (3, 1), (32, 1),
    (39,), (41, 1, 1), (42, 1), (62, 1, 0), (101, 0), (17, 1, "buffer", 512, 0), (18, 1, "buffer", 512, 0), (20, 1, "buffer", 0),
    (74, 1), (75, 1), (285, 1, 3, 0, 1), (317, 0), (425, 1), (435, "buffer"), (1000,), (-1,),
], ids=str)
def test_call_that_is_not(words):
    status, output = system_call(*words)
    assert status == VIOLATION, output
    assert "result" not in output


@pytest.mark.parametrize("case", ["call_32", "call_x32"])
def test_calls_of_other_machines(case):
    status, output = harness.run("syscall", "spt", args=[case])
    assert status == VIOLATION or (case == "call_32" and status == FAULT), output
    assert "result" not in output


def test_exit_group_with_any_status():
    assert system_call(EXIT_GROUP, 77)[0] == 77


# ---- memory ----

@pytest.mark.parametrize("words, status", [
    ("text_write", FAULT), ("rodata_write", FAULT), ("boot_info_write", FAULT), ("data_exec", FAULT), ("stack_exec", FAULT),
    ("heap_exec", FAULT), ("null_read", FAULT), ("null_write", FAULT), ("null_call", FAULT), ("stack_overflow", FAULT),
    ("read 0xffff", FAULT), (f"read {32 << 20}", FAULT), (f"write {32 << 20}", FAULT), (f"call {32 << 20}", FAULT),
    ("write 0x10000", FAULT), ("write 0xf0000", FAULT), ("write 0xf8000", FAULT), ("call 0x11000", FAULT),
    ("non_canonical", FAULT), ("halt", FAULT), ("write_cr3", FAULT), ("write_msr", FAULT),
    ("divide_by_zero", 128 + signal.SIGFPE), ("invalid_opcode", 128 + signal.SIGILL), ("breakpoint", 128 + signal.SIGTRAP),
    ("system_call", VIOLATION),
])
def test_what_a_unikernel_must_not(words, status):
    got, output = harness.run("trap", "spt", ["--mem=32"], words.split())
    assert got == status, output
    assert "SURVIVED" not in output


@pytest.mark.parametrize("case, survives", [("heap_exec", True), ("data_exec", False), ("text_write", False)])
def test_executable_heap(case, survives):
    status, output = harness.run("trap", "spt", ["--mem=32", "--x-exec-heap"], [case])
    assert ("SURVIVED" in output) == survives, output
    assert (status != FAULT) == survives


def mappings(pid):
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        span, access, *_ = line.split()
        start, end = (int(word, 16) for word in span.split("-"))
        yield start, end, access, line


def descriptors(pid):
    return {int(fd): os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}


def test_nothing_of_the_tender_is_left():
    words = ["call", str(EPOLL_PWAIT), "epoll", "buffer", "1", "5000"]
    with harness.Process(harness.command("syscall", "spt", ["--mem=32"], words)) as process:
        process.expect("^case call$")
        time.sleep(0.2)
        left = list(mappings(process.pid))
        open_files = descriptors(process.pid)
        status = Path(f"/proc/{process.pid}/status").read_text()
    for start, end, access, line in left:
        assert "wx" not in access, line
        assert (0x10000 <= start and end <= 32 << 20) or start >= 1 << 63 or re.search(r"\[v(dso|var)", line), line
    assert sorted(name for fd, name in open_files.items() if fd > 2) == ["anon_inode:[eventpoll]", "anon_inode:[timerfd]"]
    assert re.search(r"^Seccomp:\s+2$", status, re.M) and re.search(r"^NoNewPrivs:\s+1$", status, re.M)
    assert re.search(r"^Threads:\s+1$", status, re.M)


# ---- PCI: the unikernel is a child of the tender's ----

@pytest.fixture(scope="module")
def card():
    with harness.Emulator("sink") as emulator:
        yield emulator


def child_of(process, timeout=5):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        pids = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if pids and "Seccomp:\t2" in Path(f"/proc/{pids[0]}/status").read_text():
            return int(pids[0])
        time.sleep(0.01)
    raise harness.HarnessError("there is no child behind a filter")


def test_a_child_has_its_memory_and_no_socket_of_a_device(card):
    with harness.Process(harness.command("reflect", "spt", [f"--pci:nic0={card.where}"])) as process:
        child = child_of(process)
        time.sleep(0.2)
        places = list(mappings(child))
        files = descriptors(child)
        assert "Seccomp:\t2" in Path(f"/proc/{process.pid}/status").read_text()
        peers = descriptors(process.pid)
    assert not [line for *_, line in places if "penstock-spt" in line or "[heap]" in line or "[stack]" in line]
    assert [line for start, _, access, line in places if start >= 1 << 39 and access == "rw-s"]
    # of sockets it has one, to the tender; the tender has the other end, and the device's
    assert len([name for name in files.values() if name.startswith("socket:")]) == 1
    assert len([name for name in peers.values() if name.startswith("socket:")]) == 2
    assert len(files) <= 3 + 4, files


def test_the_child_killed_is_the_end_of_both(card):
    with harness.Process(harness.command("reflect", "spt", [f"--pci:nic0={card.where}"])) as process:
        os.kill(child_of(process), signal.SIGKILL)
        assert process.wait(5) == 128 + signal.SIGKILL
    status, output = harness.run("reflect", "spt", [f"--pci:nic0={card.where}"], ["--seconds=1"])
    assert status == 0, output


def test_the_tender_killed_is_the_end_of_both(card):
    with harness.Process(harness.command("reflect", "spt", [f"--pci:nic0={card.where}"])) as process:
        child = child_of(process)
        process.signal(signal.SIGKILL)
        process.wait(5)
        end = time.monotonic() + 5
        while os.path.exists(f"/proc/{child}") and time.monotonic() < end:
            time.sleep(0.01)
        assert not os.path.exists(f"/proc/{child}") or "State:\tZ" in Path(f"/proc/{child}/status").read_text()


@pytest.mark.parametrize("case, status", [("text_write", FAULT), ("system_call", VIOLATION)])
def test_a_trap_with_a_device(card, case, status):
    for _ in range(2):
        got, output = harness.run("trap_pci", "spt", [f"--pci:nic0={card.where}"], [case])
        assert got == status, output


# ---- what the tender refuses ----

@pytest.mark.parametrize("options, says", [
    (["--mem=0"], "Malformed argument to --mem"),
    (["--mem=x"], "Malformed argument to --mem"),
    (["--mem=1"], "less than"),
    (["--mem=99999999"], "more than"),
    (["--nonsense"], "Invalid option: `--nonsense'"),
])
def test_options_that_are_refused(options, says):
    status, output = harness.run("hello", "spt", options)
    assert status == 1, output
    assert output.startswith("penstock-spt: ") and says in output.splitlines()[0], output


def test_a_unikernel_for_another_target():
    with harness.Process([harness.SPT, harness.unikernel("hello", "hvt")]) as process:
        assert process.wait() == 1
        assert "Executable is not for the solo5-spt target" in process.output


@pytest.mark.parametrize("mem", [2, 3, 511, 8192])
def test_memory_of_any_size(mem):
    assert harness.run("hello", "spt", [f"--mem={mem}"]) == (0, "Hello from Penstock.")


# ---- --user and --chroot ----

@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_user_and_chroot_before_the_unikernel_starts(card, tmp_path):
    options = [f"--pci:nic0={card.where}", "--user=nobody:12345", f"--chroot={tmp_path}"]
    with harness.Process(harness.command("reflect", "spt", options)) as process:
        for pid in (child_of(process), process.pid):
            status = Path(f"/proc/{pid}/status").read_text()
            assert re.search(r"^Uid:\t65534\t65534\t65534\t65534$", status, re.M), status
            assert re.search(r"^Gid:\t12345\t12345\t12345\t12345$", status, re.M), status
            assert os.readlink(f"/proc/{pid}/root") == str(tmp_path)
        process.signal(signal.SIGTERM)
        assert process.wait(5) == 1
        assert "Exiting on signal 15" in process.output


@pytest.mark.parametrize("option, says", [
    ("--user=no-such-user", "there is no user 'no-such-user'"),
    ("--user=0:no-such-group", "there is no group 'no-such-group'"),
    ("--chroot=/no/such/place", "--chroot=/no/such/place: No such file or directory"),
])
def test_users_and_places_that_are_not(option, says):
    status, output = harness.run("hello", "spt", [option])
    assert status == 1 and says in output, output
