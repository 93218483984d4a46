# SPDX-License-Identifier: ISC
"""penstock-hvt --gdb, with GDB itself."""
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402

pytestmark = [pytest.mark.skipif(harness.kvm_missing() is not None, reason=harness.kvm_missing() or ""),
              pytest.mark.skipif(not shutil.which("gdb"), reason="gdb is missing")]


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def debug(port, name, args, *commands):
    """(what GDB said, exit status of the tender, what it said)."""
    argv = ["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-ex", f"target remote 127.0.0.1:{port}"]
    for command in commands:
        argv += ["-ex", command]
    options = ["--gdb", f"--gdb-port={port}"]
    with harness.Process(harness.command(name, "hvt", options, args)) as process:
        process.expect(f"waiting for a debugger: target remote 127.0.0.1:{port}")
        done = subprocess.run([*argv, str(harness.unikernel(name, "hvt"))], capture_output=True, text=True, timeout=60,
                              check=False, stdin=subprocess.DEVNULL)
        return done.stdout + done.stderr, process.wait(20), process.output


def test_breakpoint_step_and_memory(port):
    said, status, output = debug(port, "hello", ["you"], "info symbol $pc", "break solo5_app_main", "continue", "backtrace",
                                 "print info->cmdline", "next", "stepi", "set var $rax = 77", "print $rax", "x/i $pc",
                                 "delete", "continue")
    assert "_start in section .text" in said, said
    assert "Breakpoint 1, solo5_app_main" in said
    assert '"you"' in said and "$2 = 77" in said
    assert "exited normally" in said, said
    assert status == 0 and "Hello from Penstock." in output


def test_memory_can_be_written(port):
    said, status, _ = debug(port, "smash", [], "break solo5_app_main", "continue", "set var info->cmdline = 0",
                            "print info->cmdline", "kill")
    assert "$1 = 0x0" in said, said
    assert status == 255


def test_a_trap_stops_first(port):
    said, status, output = debug(port, "trap", ["text_write"], "continue", "backtrace", "continue")
    assert "SIGSEGV" in said and "text_write" in said, said
    assert status == 255 and "the unikernel trapped" in output


def test_detach_lets_it_go_on(port):
    said, status, output = debug(port, "hello", [], "break solo5_app_main", "continue", "detach")
    assert "detached" in said, said
    assert (status, "Hello from Penstock." in output) == (0, True)


def test_it_listens_to_this_machine_alone(port):
    with harness.Process(harness.command("hello", "hvt", ["--gdb", f"--gdb-port={port}"])) as process:
        process.expect("waiting for a debugger")
        table = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        assert f"0100007F:{port:04X}" in table and f"00000000:{port:04X}" not in table
        process.signal(2)
        assert process.wait(5) == 1


@pytest.mark.parametrize("option", ["--gdb-port=0", "--gdb-port=65536", "--gdb-port=x"])
def test_ports_that_are_refused(option):
    status, output = harness.run("hello", "hvt", [option])
    assert status == 1 and "Malformed argument to --gdb-port" in output


class Client:
    """A debugger of our own, for what GDB in batch mode cannot do."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.settimeout(10)

    def send(self, text):
        self.socket.sendall(f"${text}#{sum(text.encode()) % 256:02x}".encode())

    def receive(self):
        said = b""
        while b"#" not in said[:-2]:
            part = self.socket.recv(1)
            assert part, said
            said += part
        self.socket.sendall(b"+")
        return said.split(b"$")[1].split(b"#")[0].decode()

    def ask(self, text):
        self.send(text)
        return self.receive()


@pytest.mark.parametrize("name, args", [("reflect", []), ("echo", ["--ipv4=10.0.0.2/24"])],
                         ids=["busy", "asleep"])
def test_ctrl_c(port, name, args):
    """Also with a device, and of a unikernel that sleeps in the tender."""
    with harness.Emulator("sink") as nic:
        options = ["--gdb", f"--gdb-port={port}", f"--pci:nic0={nic.where}"]
        with harness.Process(harness.command(name, "hvt", options, args)) as process:
            process.expect("waiting for a debugger")
            client = Client(port)
            assert client.ask("?") == "S05"
            for _ in range(3):
                client.send("c")
                time.sleep(0.3)
                client.socket.sendall(b"\x03")
                assert client.receive() == "S02"
                assert len(client.ask("g")) == 2 * (17 * 8 + 7 * 4)
            assert client.ask("m0,4") == "E14"
            assert client.ask("m100000,100000") == "E14"
            assert client.ask("Z0,0,1") == "E14"
            assert client.ask("Z1,100000,1") == ""
            assert client.ask("x" * 10000) == ""
            client.send("k")
            assert process.wait(10) == 255


def test_a_debugger_that_goes_away_lets_it_go_on(port):
    with harness.Process(harness.command("hello", "hvt", ["--gdb", f"--gdb-port={port}"])) as process:
        process.expect("waiting for a debugger")
        client = Client(port)
        assert client.ask("?") == "S05"
        client.socket.close()
        assert process.wait(10) == 0
