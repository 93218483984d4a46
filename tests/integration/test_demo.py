# SPDX-License-Identifier: ISC
"""./dev demo: it shows what it says, fails where that does not hold, and leaves nothing behind."""
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import harness  # noqa: E402

pytestmark = pytest.mark.skipif(harness.netns_missing() is not None, reason=harness.netns_missing() or "")
DEMO = [sys.executable, ROOT / "tools" / "demo.py"]


def left_behind(pid):
    """The namespaces that a demo of that pid made and did not take away: their names carry it."""
    listed = subprocess.run(["ip", "netns"], capture_output=True, text=True, timeout=20, check=True).stdout
    return re.findall(rf"penstock-{pid}-\w+", listed)


def children(pid):
    """The processes that it has started."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            parent = Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()[1]
        except OSError:
            continue
        if int(parent) == pid:
            found.append(entry)
    assert found
    return found


def running(pid):
    """Whether there is such a process, and not only its status that nobody has asked for yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_it_holds():
    with harness.Process(DEMO) as demo:
        status = demo.wait(120)
    assert status == 0, demo.output
    assert "All of it held." in demo.lines[-1]
    for row in ("boot", "round trip", "TCP", "packets, native"):
        assert re.search(rf"^  {row} +[\d.]+ \S+", demo.output, re.MULTILINE), demo.output
    if harness.kvm_missing() is None:
        assert re.search(r"^  VM exits +0 ", demo.output, re.MULTILINE), demo.output
    assert left_behind(demo.pid) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("at", ["booted", "came back the same"])
def test_interrupted(number, at):
    with harness.Process(DEMO) as demo:
        demo.expect(at, timeout=60)
        started = children(demo.pid)
        demo.signal(number)
        assert demo.wait(20) == 130, demo.output
    assert "taken away" in demo.output
    assert left_behind(demo.pid) == []
    deadline = time.monotonic() + 15  # a ping that was under way when the signal came ends by itself
    while time.monotonic() < deadline and any(running(pid) for pid in started):
        time.sleep(0.05)
    assert not [pid for pid in started if running(pid)]


def test_it_fails_without_unikernels(tmp_path):
    (tmp_path / "bench").mkdir()
    with harness.Process(DEMO, env={"PENSTOCK_BUILD": str(tmp_path)}) as demo:
        assert demo.wait(60) == 1
    assert "demo: FAILED" in demo.output and str(tmp_path) in demo.output, demo.output
