# SPDX-License-Identifier: ISC
"""What penstock-hvt has given up by the time its unikernel runs: looked at from outside, and tried from inside."""
import ctypes
import os
import pwd
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402
from elf_maker import R, W, Segment, abi_note, elf, flags_note, manifest, manifest_note, text  # noqa: E402

pytestmark = pytest.mark.skipif(harness.kvm_missing() is not None, reason=harness.kvm_missing() or "")
root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

NOTES = [abi_note(), flags_note(), manifest_note(manifest())]


@pytest.fixture
def spinner(tmp_path):
    """A unikernel that runs for ever."""
    path = tmp_path / "spin.hvt"
    path.write_bytes(elf([text(data=b"\xeb\xfe"), Segment(0x200000, R | W, b"\0" * 64)], NOTES))
    return path


def status_of(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, value in (line.split(":", 1) for line in lines)}


def started(process):
    """Waits until the filter is there."""
    deadline = time.monotonic() + 10
    while status_of(process.pid)["Seccomp"] == "0":
        assert time.monotonic() < deadline and process.child.poll() is None, process.output
        time.sleep(0.02)
    return status_of(process.pid)


def test_all_threads_are_under_the_filter():
    with harness.Emulator("sink") as nic:
        argv = harness.command("reflect", "hvt", [f"--pci:nic0={nic.where}"])
        with harness.Process(argv) as process:
            started(process)
            tasks = list(Path(f"/proc/{process.pid}/task").iterdir())
            assert len(tasks) >= 2  # KVM may have one more in here
            for task in tasks:
                words = (task / "status").read_text().split()
                assert words[words.index("Seccomp:") + 1] == "2"
                assert words[words.index("NoNewPrivs:") + 1] == "1"
            process.signal(signal.SIGTERM)
            assert process.wait(5) == 1, process.output
            assert process.output.endswith("Exiting on signal 15")


# ---- tried from inside: ptrace makes the tender itself do a system call ----

ATTACH, GETREGS, SETREGS, SINGLESTEP = 16, 12, 13, 9
REGS = "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs gs ds es f g".split()
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 2 + [ctypes.c_void_p] * 2
libc.ptrace.restype = ctypes.c_long


def ptrace(request, pid, data=None):
    if libc.ptrace(request, pid, None, data) < 0:
        error = ctypes.get_errno()
        if error == 1:
            pytest.skip("ptrace is not allowed here")
        raise OSError(error, f"ptrace {request}: {os.strerror(error)}")


def inject(pid, number, *args):
    """What the process gets from a system call that it makes where it now waits in one, or the signal that ended it."""
    buffer = ctypes.create_string_buffer(8 * len(REGS))
    ptrace(ATTACH, pid)
    os.waitpid(pid, 0)
    ptrace(GETREGS, pid, ctypes.addressof(buffer))
    regs = dict(zip(REGS, struct.unpack(f"{len(REGS)}Q", buffer.raw)))
    regs.update(zip(("rdi", "rsi", "rdx", "r10", "r8", "r9"), (*args, *[0] * (6 - len(args)))))
    regs.update(rax=number, orig_rax=2**64 - 1, rip=regs["rip"] - 2)
    buffer.raw = struct.pack(f"{len(REGS)}Q", *(value % 2**64 for value in regs.values()))
    ptrace(SETREGS, pid, ctypes.addressof(buffer))
    ptrace(SINGLESTEP, pid)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return None, os.WTERMSIG(status)
    ptrace(GETREGS, pid, ctypes.addressof(buffer))
    value = struct.unpack(f"{len(REGS)}Q", buffer.raw)[REGS.index("rax")]
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return value, None


KVM_RUN, KVM_SET_REGS, KVM_SET_USER_MEMORY_REGION = 0xae80, 0x4090ae82, 0x4020ae46
CALLS = {"read": 0, "write": 1, "open": 2, "mmap": 9, "mprotect": 10, "brk": 12, "ioctl": 16, "pread64": 17, "madvise": 28,
         "getpid": 39, "socket": 41, "connect": 42, "clone": 56, "fork": 57, "execve": 59, "kill": 62, "fcntl": 72, "ptrace": 101,
         "setuid": 105, "prctl": 157, "tgkill": 234, "openat": 257, "seccomp": 317, "memfd_create": 319, "clone3": 435,
         "mremap": 25, "process_vm_writev": 311, "io_uring_setup": 425, "dup": 32, "chdir": 80}


def fd_of(pid, name):
    for link in Path(f"/proc/{pid}/fd").iterdir():
        if name in os.readlink(link):
            return int(link.name)
    raise AssertionError(f"no descriptor of {name}")


def tried(spinner, call, *args):
    """Args are numbers, or names of what the descriptor is of."""
    with harness.Process([harness.HVT, "--", spinner]) as process:
        started(process)
        time.sleep(0.1)
        numbers = [fd_of(process.pid, a) if isinstance(a, str) else a for a in args]
        try:
            return process.pid, *inject(process.pid, CALLS[call], *numbers)
        finally:
            process.child.returncode = -9  # waited for


def test_what_is_allowed_works(spinner):
    pid, value, died = tried(spinner, "getpid")
    assert (value, died) == (pid, None)
    assert tried(spinner, "read", "signalfd", 0, 0)[2] is None
    assert tried(spinner, "write", 1, 0, 0)[2] is None
    assert tried(spinner, "pread64", "spin.hvt", 0, 0, 0)[2] is None


@pytest.mark.parametrize("call, args", [
    *((name, ()) for name in ("open", "mprotect", "brk", "socket", "connect", "fork", "execve", "fcntl", "ptrace", "setuid",
                              "prctl", "openat", "seccomp", "memfd_create", "clone3", "mremap", "process_vm_writev",
                              "io_uring_setup", "dup", "chdir")),
    ("mmap", (0, 4096, 3, 0x22, -1, 0)),
    ("clone", (17,)),
    ("kill", (1, 0)),
    ("tgkill", (1, 1, 0)),
    ("madvise", (0, 4096, 14)),
    ("read", (0, 0, 0)),
    ("read", ("kvm-vcpu", 0, 0)),
    ("write", ("spin.hvt", 0, 0)),
    ("pread64", (0, 0, 0, 0)),
    ("ioctl", (1, KVM_RUN, 0)),
    ("ioctl", ("kvm-vm", KVM_SET_USER_MEMORY_REGION, 0)),
    ("ioctl", ("/dev/kvm", 0xae01, 0)),
    ("ioctl", ("kvm-vcpu", KVM_SET_REGS, 0)),
], ids=lambda value: value if isinstance(value, str) else None)
def test_what_is_not_allowed_kills(spinner, call, args):
    assert tried(spinner, call, *args)[1:] == (None, signal.SIGSYS)


# ---- --user and --chroot ----

def ask(*argv):
    done = subprocess.run([harness.HVT, *argv], capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("option, says", [
    ("--user=", "Malformed argument to --user"),
    ("--user=:5", "Malformed argument to --user"),
    ("--user=5:", "Malformed argument to --user"),
    ("--user=no-such-user", "there is no user 'no-such-user'"),
    ("--user=123456789", "give it as UID:GID"),
    ("--user=0:no-such-group", "there is no group 'no-such-group'"),
    ("--user=4294967295:1", "there is no user"),
    ("--chroot=", "Malformed argument to --chroot"),
    ("--chroot=/no/such/place", "--chroot=/no/such/place: No such file or directory"),
    ("--chroot=/etc/passwd", "--chroot=/etc/passwd: Not a directory"),
])
def test_options_that_are_refused(spinner, option, says):
    status, out, err = ask(option, "--", str(spinner))
    assert (status, out) == (1, "")
    assert len(err.splitlines()) == 1 and says in err


@root
@pytest.mark.parametrize("option, uid, gid", [
    ("nobody", *pwd.getpwnam("nobody")[2:4]),
    ("123456", None, None),
    ("123456:123457", 123456, 123457),
    ("nobody:daemon", pwd.getpwnam("nobody")[2], 1),
])
def test_user(spinner, option, uid, gid):
    if uid is None:
        assert ask(f"--user={option}", "--", str(spinner))[0] == 1
        return
    with harness.Process([harness.HVT, f"--user={option}", "--", spinner]) as process:
        status = started(process)
        assert status["Uid"].split() == [str(uid)] * 4
        assert status["Gid"].split() == [str(gid)] * 4
        assert status["Groups"] == ""
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0


@root
def test_chroot_with_a_device(tmp_path):
    """Everything that the run and the stop need is open before."""
    with harness.Emulator("sink") as nic:
        argv = harness.command("reflect", "hvt", [f"--pci:nic0={nic.where}", f"--chroot={tmp_path}", "--user=nobody"])
        with harness.Process(argv) as process:
            started(process)
            assert os.readlink(f"/proc/{process.pid}/root") == str(tmp_path)
            assert os.readlink(f"/proc/{process.pid}/cwd") == str(tmp_path)
            process.signal(signal.SIGTERM)
            assert process.wait(5) == 1, process.output
            assert process.output.endswith("Exiting on signal 15")


@root
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is missing")
def test_its_threads_begin_as_another_user(tmp_path):
    """One that is there before returns from the signal by which its ids are changed (setresuid(3)), maybe under the filter."""
    trace = tmp_path / "trace"
    with harness.Emulator("sink") as nic:
        argv = harness.command("reflect", "hvt", [f"--pci:nic0={nic.where}", "--user=nobody"], ["--seconds=1"])
        with harness.Process(["strace", "-f", "-o", trace, "-e", "trace=setresuid,clone,clone3,rt_sigreturn", *argv]) as process:
            assert process.wait(60) == 0, process.output
    calls = [line.split(maxsplit=1)[1].split("(")[0] for line in trace.read_text().splitlines() if "(" in line]
    assert calls.count("setresuid") == 1 and "rt_sigreturn" not in calls, trace.read_text()
    assert calls.index("setresuid") < min(calls.index(c) for c in calls if c.startswith("clone"))


@pytest.fixture
def for_all():
    """The tender and hello where any user may read them, which the tree itself may not allow."""
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        os.chmod(folder, 0o755)
        yield [shutil.copy(path, folder) for path in (harness.HVT, harness.unikernel("hello", "hvt"))]


@root
def test_it_takes_root(for_all):
    tender, hello = for_all
    with harness.Process(["setpriv", "--reuid=65534", "--clear-groups", "--", tender, "--user=0:0", "--",
                          hello]) as process:
        assert process.wait() == 1
        if "/dev/kvm" in process.output:
            pytest.skip("nobody may not open /dev/kvm here")
        assert "--user=0:0: cannot become that user" in process.output and "it takes root" in process.output


@root
def test_trap_report_from_a_chroot(tmp_path):
    status, output = harness.run("trap", "hvt", [f"--chroot={tmp_path}", "--user=nobody"], ["text_write"])
    assert status == 255
    assert "text_write+0x" in output
