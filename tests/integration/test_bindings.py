# SPDX-License-Identifier: ISC
"""What the bindings of hvt and spt have in common, without a libc: thread-local storage, the stack protector."""
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402

hvt = pytest.mark.skipif(harness.kvm_missing() is not None, reason=harness.kvm_missing() or "")
both = pytest.mark.parametrize("target", [pytest.param("hvt", marks=hvt), "spt"])


@both
def test_thread_local_storage_without_libc(target):
    assert harness.run("tls_area", target) == (0, "SUCCESS")


def plain_spt(name, args):
    """Started as by a tender that knows nothing of ours."""
    run = subprocess.run([harness.BUILD / "tests/unikernels/plain_spt", harness.unikernel(name, "spt"), args],
                         stdout=subprocess.PIPE, timeout=20, check=False)
    return run.returncode, run.stdout.decode().strip()


@both
@pytest.mark.parametrize("where", ["at", "below"])
def test_thread_local_storage_that_is_not_set_up(target, where):
    status, output = harness.run("tls_none", target, args=[where])
    assert "read it" not in output
    assert status == (255 if target == "hvt" else 128 + signal.SIGSEGV)


def test_spt_without_our_tender():
    assert plain_spt("nolibc", "one  two") == (0, "SUCCESS")
    assert plain_spt("tls_area", "") == (0, "SUCCESS")
    assert plain_spt("tls_float", "")[0] == 0
    assert plain_spt("tls_none", "at") == (-signal.SIGSEGV, "")
    assert plain_spt("tls_none", "below") == (-signal.SIGSEGV, "")


@hvt
def test_cpl_0_without_our_bindings():
    """As Solo5's binaries run; here is also what CPUID does not say."""
    assert harness.run("ring0", "hvt", ["--mem=32"], timeout=60) == (0, "SUCCESS")


@both
@pytest.mark.parametrize("name", ["smash", "smash_nolibc"])
def test_stack_protector(target, name):
    assert harness.run(name, target) == (0, "intact")
    assert harness.run(name, target, args=["over"]) == (255, "intact\nSolo5: ABORT: Stack corruption detected")
