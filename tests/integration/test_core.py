# SPDX-License-Identifier: ISC
"""Core files: written when a unikernel aborts or traps, readable by gdb, gone otherwise."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402

pytestmark = pytest.mark.skipif(harness.kvm_missing() is not None, reason=harness.kvm_missing() or "")


def gdb(name, core, *commands):
    if not shutil.which("gdb"):
        pytest.skip("gdb is missing")
    argv = ["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off"]
    for command in commands:
        argv += ["-ex", command]
    done = subprocess.run([*argv, str(harness.unikernel(name, "hvt")), str(core)], capture_output=True, text=True,
                          timeout=60, check=False)
    return done.stdout + done.stderr


def crash(tmp_path, name, args, options=()):
    status, output = harness.run(name, "hvt", [f"--dumpcore={tmp_path}", *options], args)
    assert status == 255
    core, = tmp_path.iterdir()
    assert core.name.startswith("core.penstock-hvt.") and int(core.name.rsplit(".", 1)[1]) > 0
    assert output.splitlines()[-1] == f"penstock-hvt: core file written: {core}"
    return core


def test_trap(tmp_path):
    core = crash(tmp_path, "trap", ["text_write"])
    assert core.stat().st_mode & 0o777 == 0o600
    assert core.stat().st_blocks * 512 < 8 << 20 < core.stat().st_size  # sparse
    said = gdb("trap", core, "bt", "x/s 0x10000", "p $rip", "p constant")
    assert "text_write" in said and "solo5_app_main" in said, said
    assert "<text_write+" in said
    assert "truncated" not in said and "warning" not in said.lower().replace("debuginfod", ""), said


def test_abort(tmp_path):
    core = crash(tmp_path, "smash", ["over"])
    said = gdb("smash", core, "bt")
    for function in ("solo5_abort", "__stack_chk_fail", "fill"):
        assert function in said, said


def test_dma_memory_is_in_it(tmp_path):
    with harness.Emulator("sink") as nic:
        core = crash(tmp_path, "trap_pci", ["text_write"], [f"--pci:nic0={nic.where}"])
    said = gdb("trap_pci", core, "x/x 0x10000000000")
    assert "Cannot access" not in said and "0x00000000" in said, said


@pytest.mark.parametrize("args", [["return", "0"], ["return", "254"]])
def test_none_is_left_of_an_orderly_end(tmp_path, args):
    status, _ = harness.run("exit", "hvt", [f"--dumpcore={tmp_path}"], args)
    assert status == int(args[1])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option, says", [
    ("--dumpcore=", "Malformed argument to --dumpcore"),
    ("--dumpcore=/no/such/place", "--dumpcore=/no/such/place: No such file or directory"),
    ("--dumpcore=/etc/passwd", "--dumpcore=/etc/passwd: Not a directory"),
])
def test_places_that_are_refused(option, says):
    status, output = harness.run("hello", "hvt", [option])
    assert status == 1
    assert len(output.splitlines()) == 1 and says in output


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_with_another_user_in_a_chroot(tmp_path):
    (tmp_path / "cores").mkdir()
    (tmp_path / "root").mkdir()
    options = [f"--dumpcore={tmp_path}/cores", "--user=nobody", f"--chroot={tmp_path}/root"]
    status, output = harness.run("trap", "hvt", options, ["text_write"])
    assert (status, "Permission denied" in output) == (1, True)
    shutil.chown(tmp_path / "cores", "nobody")
    status, output = harness.run("trap", "hvt", options, ["text_write"])
    assert status == 255, output
    core, = (tmp_path / "cores").iterdir()
    assert core.owner() == "nobody"
