# SPDX-License-Identifier: ISC
"""What demo, benchmarks and integration tests share: software cards, network namespaces, tenders, deadlines, clean-up.

Every object is a context manager that takes away what it made, also after an exception or Ctrl-C. Nothing waits without a
deadline: a time-out raises HarnessError with the last lines of what the process said.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("PENSTOCK_BUILD", ROOT / "build"))
PENSTOCK = BUILD / "penstock"
HVT = BUILD / "penstock-hvt"
SPT = BUILD / "penstock-spt"
TENDERS = {"hvt": HVT, "spt": SPT}  # a native unikernel is its own
os.environ["PATH"] += ":/usr/sbin:/sbin"


class HarnessError(Exception):
    """Something did not happen in time, or ended that should not have."""


def kvm_missing():
    """Why hvt cannot run here, or None."""
    if not os.path.exists("/dev/kvm"):
        return "/dev/kvm is missing"
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "no permission for /dev/kvm"
    return None


def netns_missing():
    """Why network namespaces and TAPs cannot be used here, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not shutil.which("ip"):
        return "ip (package iproute2) is missing"
    if not os.path.exists("/dev/net/tun"):
        return "/dev/net/tun is missing"
    return None


def unikernel(name, target):
    """The path of a unikernel built for a target ("hvt", "spt" or "native")."""
    for folder in ("unikernels", "tests/unikernels"):
        path = BUILD / folder / f"{name}.{target}"
        if path.exists():
            return path
    raise HarnessError(f"{name}.{target} is not in {BUILD}: run ./dev build")


def command(name, target, options=(), args=()):
    """The command line that runs a unikernel: options are the tender's, args the unikernel's."""
    path = str(unikernel(name, target))
    if target in TENDERS:
        return [str(TENDERS[target]), *options, "--", path, *args]
    return [path, *options, "--", *args]


def inside(netns):
    """What to put in front of a command to run it in a network namespace. (`ip netns exec` and `ip -n` remount / as well,
    which fails where / is no mount point: in a plain chroot.)"""
    return ["nsenter", f"--net=/run/netns/{netns}"]


class Process:
    """A child whose output (stdout and stderr together) is collected line by line.

    Each is a session of its own, and so a scheduling group of its own: favour=True raises that group, so that what others
    compile takes less from it (best effort; `nice` alone counts only inside a group).
    """

    FAVOUR = ["sh", "-c", 'echo -20 2>/dev/null >/proc/self/autogroup; exec "$@"', "sh"]

    def __init__(self, argv, cpu=None, netns=None, env=None, favour=False, pass_fds=()):
        if cpu is not None:
            argv = ["taskset", "-c", str(cpu), *argv]
        if favour:
            argv = [*self.FAVOUR, *argv]
        if netns:
            argv = [*inside(netns), *argv]
        self.argv = [str(a) for a in argv]
        self.lines = []
        self._news = threading.Condition()
        self._eof = False
        self.started = time.monotonic()
        self.child = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, errors="replace",
                                      env={**os.environ, **(env or {})}, start_new_session=True, pass_fds=pass_fds)
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self):
        for line in self.child.stdout:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._eof = True
            self._news.notify_all()

    @property
    def pid(self):
        return self.child.pid

    @property
    def output(self):
        return "\n".join(self.lines)

    def tail(self):
        return "\n".join(["  | " + line for line in self.lines[-15:]]) or "  | (it said nothing)"

    def expect(self, pattern, timeout=10, start=0):
        """Waits for a line that matches, from line number start on; returns the match."""
        deadline = time.monotonic() + timeout
        seen = start
        with self._news:
            while True:
                for line in self.lines[seen:]:
                    match = re.search(pattern, line)
                    if match:
                        return match
                seen = max(start, len(self.lines))
                left = deadline - time.monotonic()
                if self._eof or left <= 0:
                    why = "it ended" if self._eof else f"{timeout} s passed"
                    raise HarnessError(f"{' '.join(self.argv)}: no line like /{pattern}/, {why}\n{self.tail()}")
                self._news.wait(left)

    def wait(self, timeout=20):
        """Its exit status (128 + signal as a shell says it), all output read."""
        try:
            status = self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            raise HarnessError(f"{' '.join(self.argv)}: still running after {timeout} s\n{self.tail()}") from None
        with self._news:
            self._news.wait_for(lambda: self._eof, 5)
        return status if status >= 0 else 128 - status

    def signal(self, number):
        if self.child.poll() is None:
            self.child.send_signal(number)

    def stop(self):
        """Ends it: SIGTERM, and SIGKILL after 3 s."""
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(self.child.pid, signal.SIGKILL)
                self.child.wait(3)
        with self._news:
            self._news.wait_for(lambda: self._eof, 3)

    def lost_seconds(self):
        """Time its threads were ready to run and others ran instead; None if the kernel does not say."""
        try:
            stats = [(task / "schedstat").read_text().split() for task in Path(f"/proc/{self.pid}/task").iterdir()]
            return sum(int(fields[1]) for fields in stats) / 1e9
        except (OSError, IndexError, ValueError):
            return None

    def cpu_seconds(self):
        """CPU time it has used so far, all threads and children."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        ticks = 0
        for pid in (self.pid, *children):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Emulator(Process):
    """`penstock emulate 82599`: one card for each entry of ports; `where` and `wheres` are for --pci:NAME=..."""

    def __init__(self, *ports, mac=None, options=(), cpu=None, netns=None, favour=False):
        self.folder = tempfile.mkdtemp(prefix=f"penstock-{os.getpid()}-")
        self.sockets = [f"{self.folder}/nic{i}.sock" for i in range(len(ports))]
        argv = [PENSTOCK, "emulate", "82599"]
        for i, (socket, port) in enumerate(zip(self.sockets, ports)):
            argv += ["--socket", socket, "--port", port]
            if mac:
                argv += ["--mac", mac if isinstance(mac, str) else mac[i]]
        if cpu is not None:
            argv += ["--cpu", str(cpu)]
        argv = ["setpriv", "--pdeathsig", "KILL", *argv]  # whatever becomes of us
        try:
            super().__init__([*argv, *options], netns=netns, favour=favour)
            for socket in self.sockets:
                self.expect(f"^ready: {re.escape(socket)}$")
        except BaseException:
            if hasattr(self, "child"):
                self.stop()
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    @property
    def wheres(self):
        return [f"vfio-user:{socket}" for socket in self.sockets]

    @property
    def where(self):
        return self.wheres[0]

    def stop(self):
        super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def sweep():
    """Removes what processes that were killed have left: folders and network namespaces, whose names have the owner's pid."""
    def runs(pid):
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes()  # a zombie has none
        except OSError:
            return False

    def left(folder):
        for path in Path(folder).glob("penstock-*"):
            owner = re.match(r"penstock-(?:lab-)?(\d+)-", path.name)
            if owner and not runs(owner[1]):
                yield path

    for path in left(tempfile.gettempdir()):
        shutil.rmtree(path, ignore_errors=True)  # not another user's: /tmp is sticky
    for path in left("/run/netns") if netns_missing() is None else ():
        subprocess.run(["ip", "netns", "del", path.name], capture_output=True, timeout=20, check=False)


def run(name, target, options=(), args=(), timeout=20, **kwargs):
    """Runs a unikernel to its end: (exit status, output)."""
    with Process(command(name, target, options, args), **kwargs) as process:
        status = process.wait(timeout)
        return status, process.output


class NetNs:
    """A network namespace of its own with a TAP in it, up, with an address."""

    def __init__(self, address="10.0.0.1/24", tap="tap0", mtu=1500):
        self.name = f"penstock-{os.getpid()}-{id(self) & 0xffff:x}"
        self.address = address.split("/")[0]
        self.tap = tap
        self._run("ip", "netns", "add", self.name)
        try:
            for words in (["link", "set", "lo", "up"], ["tuntap", "add", tap, "mode", "tap"],
                          ["link", "set", tap, "mtu", str(mtu), "up"], ["addr", "add", address, "dev", tap]):
                self.ip(*words)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _run(*argv):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
        if done.returncode != 0:
            raise HarnessError(f"{' '.join(argv)}: {done.stderr.strip()}")

    def ip(self, *words):
        """Runs ip(8) inside."""
        self._run(*inside(self.name), "ip", *words)

    def run(self, *argv, timeout=30, **kwargs):
        """Runs a command inside and returns the CompletedProcess."""
        return subprocess.run([*inside(self.name), *map(str, argv)], capture_output=True, text=True, timeout=timeout,
                              check=False, **kwargs)

    def enter(self):
        """Moves this thread into the namespace (sockets it opens from now on are there). Linux, root."""
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        with open(f"/run/netns/{self.name}", "rb") as handle:
            if libc.setns(handle.fileno(), 0x40000000) != 0:
                raise HarnessError(f"setns {self.name}: {os.strerror(ctypes.get_errno())}")

    def close(self):
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, timeout=20, check=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def save(path, result):
    """Writes a benchmark's figures, and says where they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(f"\n  {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}")


def _interrupted(_signal, _frame):
    raise KeyboardInterrupt


def benchmark(name, main):
    """Runs a benchmark's main and exits with its status; SIGTERM takes everything away as Ctrl-C does."""
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        sys.exit(main())
    except HarnessError as problem:
        print(f"{name}: {problem}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
