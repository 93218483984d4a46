# SPDX-License-Identifier: ISC
"""A virtual machine of the lab: QEMU, its console's log, its agent. What a check sees of it is its argument `pc`.

A machine of one kind (x86.py, arm64.py) says what QEMU is called, which devices it has, and what is in its file system.
"""
import contextlib
import ctypes
import gzip
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402
import initramfs  # noqa: E402
from agent import Agent, Process, Result  # noqa: E402,F401
from lab import Dead, Failed  # noqa: E402

HERE = Path(__file__).resolve().parent
LOGS = harness.BUILD / "lab"


def qemu(folder, binary):
    """The beginning of a command line that runs the QEMU of a folder of tools/lab.sh, and its environment. It runs beside
    the machine's own libraries: with its own dynamic linker, and everything that it would look for below / named."""
    if folder == "/":
        return [binary], {}
    usr = Path(folder) / "usr"
    libraries = next((usr / "lib").glob("*-linux-gnu"))
    loader = next(p for p in (*usr.glob("lib64/ld-linux-*"), *usr.glob("lib/ld-linux-*")) if p.exists())
    argv = [str(loader), "--library-path", str(libraries), str(usr / "bin" / binary), "-L", str(usr / "share/qemu"),
            "-L", str(usr / "share/seabios"), "-L", str(usr / "lib/ipxe/qemu")]
    return argv, {"QEMU_MODULE_DIR": str(libraries / "qemu")}


def end_with_parent(number=signal.SIGKILL):
    """The kernel sends this process a signal when its parent ends, however that comes about (prctl: PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, number, 0, 0, 0)


def connect(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    connection.connect(path)
    return connection


class Qmp:
    """QEMU's control socket."""

    def __init__(self, path):
        self._socket = connect(path)
        self._stream = self._socket.makefile("rb")
        self._events = []
        self._read()
        self("qmp_capabilities")

    def __call__(self, command, **arguments):
        """Does a command and returns what it answers; Failed with QEMU's words if it refuses."""
        order = {"execute": command, "arguments": {k.replace("_", "-"): v for k, v in arguments.items()}}
        self._socket.sendall(json.dumps(order).encode())
        while True:
            message = self._read()
            if "error" in message:
                raise Failed(f"QEMU, {command}: {message['error']['desc']}")
            if "return" in message:
                return message["return"]
            self._events.append(message)

    def event(self, name, timeout=30, **data):
        """Waits for an event with this data, and forgets those before it."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            message = self._events.pop(0) if self._events else self._read()
            if message.get("event") == name and data.items() <= message.get("data", {}).items():
                return message
        raise Failed(f"QEMU did not say {name} {data} in {timeout} s")

    def _read(self):
        try:
            line = self._stream.readline()
        except OSError as error:
            raise Dead(f"QEMU's control socket: {error}") from None
        if not line:
            raise Dead("QEMU's control socket is closed")
        return json.loads(line)


class Machine:
    """Boots when made, and is a context manager. A kind of machine gives:

    OPTIONS        what check(options=...) may say, with what holds otherwise
    kernel_line    what is on the kernel's command line beside the agent's port
    agent_port     the serial port that the agent has there ("/dev/ttyS1")
    prepare()      what has to run before QEMU (emulators); returns nothing
    archive()      its initramfs.Archive
    qemu_argv()    (command line up to the memory and the devices, environment)
    kernel_path()  what QEMU boots
    devices        {name: address}
    fault_line     what the last line of an IOMMU fault in the kernel's log looks like (for grep)
    fault_cost     how many of ten messages in five seconds a fault takes: the kernel says no more
    fault_irq      the name of the IOMMU's interrupt in /proc/interrupts, one for each fault; None: there is none
    find_faults()  the faults in such a log: (way, address, I/O address), way is "read" or "write"
    unprepare()    ends what prepare() began
    """
    OPTIONS = {}
    boot_timeout = 150
    devices = {}

    def __init__(self, shape, log, have):
        """have: what tools/lab.sh said, {word: folder}."""
        self.shape, self.log, self.have = shape, Path(log), have
        unknown = [key for key, _ in shape.options if key not in self.OPTIONS]
        if unknown:
            raise ValueError(f"the {shape.machine} machine has no option {unknown[0]}")
        self.options = {**self.OPTIONS, **dict(shape.options)}
        self.folder = tempfile.mkdtemp(prefix=f"penstock-lab-{os.getpid()}-")
        self.child = self.agent = self.qmp = None
        self._marks = 0
        self._bound_from = {}
        self.started = time.monotonic()
        try:
            self._boot()
        except BaseException:
            self.stop()
            raise

    # --- its life ----------------------------------------------------------------------------------------------------

    def _boot(self):
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_bytes(b"")
        self.prepare()
        self.archive().write(f"{self.folder}/initramfs")
        argv, environment = self.qemu_argv()
        argv += ["-nodefaults", "-display", "none", "-no-reboot", "-net", "none",
                 "-qmp", f"unix:{self.folder}/qmp,server=on,wait=off",
                 "-chardev", f"socket,id=console,path={self.folder}/console,server=on,wait=off,logfile={self.log}",
                 "-serial", "chardev:console",
                 "-chardev", f"socket,id=agent,path={self.folder}/agent,server=on,wait=off", *self.agent_argv(),
                 "-kernel", str(self.kernel_path()), "-initrd", f"{self.folder}/initramfs",
                 "-append", f"{self.kernel_line} lab.agent={self.agent_port} rdinit=/init panic=-1"]
        with open(f"{self.folder}/qemu.out", "wb") as out:
            self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          env={**os.environ, **environment}, start_new_session=True,
                                          preexec_fn=end_with_parent)
        self.agent = Agent(f"{self.folder}/agent", self.gone, self.boot_timeout)
        self.qmp = Qmp(f"{self.folder}/qmp")
        self.boot_seconds = time.monotonic() - self.started

    def agent_argv(self):
        return ["-serial", "chardev:agent"]

    def gone(self):
        """Why QEMU has ended, or None."""
        if self.child is None or self.child.poll() is None:
            return None
        said = Path(f"{self.folder}/qemu.out").read_text(errors="replace").strip()
        return f"QEMU ended with status {self.child.returncode}" + (f": {said}" if said else "")

    def alive(self):
        """Whether its agent still answers."""
        try:
            return self.agent.run("true").wait(30).status == 0
        except (Failed, Dead):
            return False

    def console_tail(self, count=20):
        lines = self.log.read_text(errors="replace").splitlines()[-count:]
        return "\n".join("  | " + line for line in lines) or "  | (the console is empty)"

    def kill(self):
        if self.child and self.child.poll() is None:
            self.child.kill()

    def stop(self):
        """Ends QEMU and what belongs to it."""
        if self.agent:
            self.agent.close()
        self.kill()
        if self.child:
            self.child.wait(20)
        self.unprepare()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def base_archive(self, busybox, programs):
        """What each machine's archive begins with. programs: the build that its agent is taken from."""
        archive = initramfs.Archive()
        for folder in ("proc", "sys", "dev", "tmp", "run", "sbin", "usr/bin", "usr/sbin"):
            archive.folder(folder)
        archive.file(Path(self.have[busybox]) / "usr/bin/busybox", "bin/busybox")
        archive.link("busybox", "bin/sh")
        archive.file(HERE / "setup.sh", "init")
        archive.file(programs / "tests/lab/agent", "lab/agent")
        return archive

    def prepare(self):
        pass

    def unprepare(self):
        pass

    # --- what a check does with it -----------------------------------------------------------------------------------

    def run(self, command, timeout=60):
        """Runs sh -c COMMAND to its end. One that lasts longer is killed, with all that it started."""
        process = self.agent.run(command)
        try:
            return process.wait(timeout)
        except Failed:
            process.kill(9, group=True)
            raise

    def ok(self, command, timeout=60):
        """The same for a command that must succeed: its output."""
        result = self.run(command, timeout)
        if result.status != 0:
            raise Failed(f"status {result.status}, expected 0: {command}\n{result.output}")
        return result.output

    def start(self, command):
        """Starts one program with its arguments (and redirections); a signal reaches it and no shell."""
        return self.agent.run("exec " + command)

    def put(self, host_path, path):
        """Copies a file into it, with its permission to be run."""
        source = Path(host_path)
        mode = "755" if os.access(source, os.X_OK) else "644"
        data = gzip.compress(source.read_bytes())  # the line is slow
        result = self.agent.run(f"zcat >'{path}' && chmod {mode} '{path}'", data).wait(120)
        if result.status != 0:
            raise Failed(f"cannot put {source} at {path}: {result.output}")

    def mark(self):
        """A place in the kernel's log, for kernel_log."""
        self._marks += 1
        self.ok(f"echo '<6>lab: mark {self._marks}.' >/dev/kmsg")
        return self._marks

    def kernel_log(self, mark):
        """What the kernel has logged since: a list of lines."""
        return self.ok(f"dmesg | sed '1,/lab: mark {mark}[.]/d'").splitlines()

    def faults(self, mark, page=4096):
        """What the IOMMU has refused since, as far as the kernel said: {(way, device's address, page's I/O address)}."""
        log = "\n".join(self.kernel_log(mark))
        return {(way, address, at // page * page) for way, address, at in self.find_faults(log)}

    def until(self, command, what, seconds=20):
        """Waits until a command succeeds: `what` is so then."""
        deadline = time.monotonic() + seconds
        while self.run(command).status != 0:
            if time.monotonic() > deadline:
                raise Failed(f"not so after {seconds} s: {what}")
            time.sleep(0.1)

    def device(self, name):
        """The PCI address of a device of the table, "0000:00:02.0"; an address is its own."""
        if ":" in name:
            return name
        if name not in self.devices:
            raise KeyError(f"this machine has no device {name}; it has {', '.join(self.devices)}")
        return self.devices[name]

    def sysfs(self, device):
        """Its folder there."""
        return f"/sys/bus/pci/devices/{self.device(device)}"

    def driver(self, device):
        """The name of the driver that a device is bound to, or None."""
        link = f"{self.sysfs(device)}/driver"
        return self.ok(f"[ ! -e {link} ] || basename $(readlink {link})").strip() or None

    def bind(self, device, driver="vfio-pci"):
        """Binds a device to vfio-pci, by plain sysfs writes."""
        address = self.device(device)
        self._bound_from.setdefault(address, self.driver(address))
        self._rebind(address, driver, driver)
        if self.driver(address) != driver:
            raise Failed(f"{device} ({address}) is bound to {self.driver(address)}, expected {driver}")

    def unbind(self, device):
        """Gives a device back to the driver that it had before bind."""
        address = self.device(device)
        self._rebind(address, "", self._bound_from.pop(address, None))

    def _rebind(self, address, override, driver):
        folder = self.sysfs(address)
        self.ok(f"[ ! -e {folder}/driver ] || echo {address} >{folder}/driver/unbind; "
                f"echo '{override}' >{folder}/driver_override; "
                + (f"echo {address} >/sys/bus/pci/drivers/{driver}/bind" if driver else "true"))

    @contextlib.contextmanager
    def bound(self, *devices):
        """Inside, these devices are bound to vfio-pci."""
        bound = []
        try:
            for device in devices:
                bound.append(device)
                self.bind(device)
            yield
        finally:
            for device in reversed(bound):
                self.unbind(device)

    @staticmethod
    def tender(target, unikernel, options="", arguments=""):
        """The command line that runs a unikernel in the machine."""
        options, arguments = (" ".join(map(str, w)) if isinstance(w, (list, tuple)) else w for w in (options, arguments))
        path = f"/penstock/unikernels/{unikernel}.{target}"
        if target == "native":
            return f"{path} {options} -- {arguments}".strip()
        return f"/penstock/bin/penstock-{target} {options} -- {path} {arguments}".strip()

    # --- what the runner looks at ------------------------------------------------------------------------------------

    STATE = (r"ls -l /sys/bus/pci/devices/*/driver | sed 's,.*/devices/\(.*\)/driver -> .*/,driver of \1: ,'; "
             r"grep . /sys/bus/pci/devices/*/driver_override | sed 's,.*/devices/\(.*\)/driver_override,override of \1,'; "
             r"grep . /sys/kernel/mm/hugepages/hugepages-2048kB/[fn]r*_hugepages | sed 's,.*/,,'; "
             r"ls -l /proc/[0-9]*/exe 2>/dev/null | sed -n 's,.* -> /penstock/,process: ,p'")

    def state(self):
        """What a check must leave as it was: lines."""
        return self.ok(self.STATE).splitlines()

    def end_commands(self):
        """Kills what was started in it and still runs; returns what that was."""
        left = self.agent.unfinished()
        for process in left:
            process.kill(9, group=True)
        for process in left:
            process.wait(20)
        return [process.command for process in left]
