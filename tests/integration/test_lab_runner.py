# SPDX-License-Identifier: ISC
"""The lab's runner, with a machine that is none: which checks it takes, what it says, how it ends."""
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "tests" / "lab"

# The real runner over a machine of paper; it says on stdout when one is booted and when it ends.
PROGRAM = """
import sys
sys.path.insert(0, {lab!r})
import run
from lab import Dead

class Paper:
    def __init__(self, shape, log, have):
        self.shape, self.boot_seconds, self.things, self.left, self.dead = shape, 0.1, ["a: 1"], [], False
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("last words\\n")
        print("BOOT", shape, flush=True)
        if shape.kernel == "broken":
            raise Dead("it does not like this")
    def state(self): return list(self.things)
    def mark(self): return 0
    def kernel_log(self, mark): return []
    def console_tail(self): return "  | last words"
    def alive(self): return not self.dead
    def gone(self): return None
    def end_commands(self): return self.left
    def kill(self): pass
    def stop(self): print("STOP", self.shape, flush=True)

needs = lambda shape: [shape.kernel]
sys.exit(run.main({{"x86": (Paper, needs)}}))
"""
HAVE = "debian /debian\niommufd - no such kernel\nbroken /broken\n"


class Lab:
    def __init__(self, folder):
        self.folder = folder
        (folder / "checks").mkdir()
        (folder / "program.py").write_text(PROGRAM.format(lab=str(LAB)))

    def start(self, checks, *arguments, **environment):
        (self.folder / "checks" / "paper.py").write_text(
            "import time\nfrom lab import *\nfrom lab import Dead, check\n" + checks)
        return subprocess.Popen(
            [sys.executable, self.folder / "program.py", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env={**os.environ, "PENSTOCK_LAB": HAVE, "PENSTOCK_LAB_CHECKS": str(self.folder / "checks"),
                            "PENSTOCK_BUILD": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1", **environment})

    def __call__(self, checks, *arguments, **environment):
        process = self.start(checks, *arguments, **environment)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output


@pytest.fixture(name="lab")
def fixture_lab(tmp_path):
    return Lab(tmp_path)


GOOD = '''
@check(iommu=IOMMUS, target=("native", "hvt"), kernel="debian")
def edu_driver(pc, iommu, target):
    """drives edu"""
@check()
def tool(pc):
    """the tool"""
@check()
def tool_list(pc): pass
@check()
def toolbox(pc): pass
'''
ALL = ["edu-driver:type1:native", "edu-driver:type1:hvt", "edu-driver:iommufd:native", "edu-driver:iommufd:hvt", "tool",
       "tool-list", "toolbox"]


@pytest.mark.parametrize("names, chosen", [
    ([], ALL),
    (["edu-driver"], ALL[:4]),
    (["edu-driver:type1"], ALL[:2]),
    (["edu-driver:type1:hvt"], ALL[1:2]),
    (["*:hvt"], [ALL[1], ALL[3]]),
    (["tool"], ["tool", "tool-list"]),
    (["toolbox", "edu-driver:*:native"], [ALL[0], ALL[2], "toolbox"]),
])
def test_selection(lab, names, chosen):
    status, output = lab(GOOD, *names)
    assert [line.split()[1] for line in output.splitlines() if line.startswith("PASS ")] == chosen
    assert output.splitlines()[-1] == f"{len(chosen)} passed, 0 failed, 0 skipped"
    assert status == 0


@pytest.mark.parametrize("name", ["too", "edu-driver:type", "*:spt"])
def test_no_such_check(lab, name):
    status, output = lab(GOOD, name)
    assert status == 2
    assert f"there is no check {name}" in output and "BOOT" not in output


def test_list(lab):
    status, output = lab(GOOD, "--list")
    assert status == 0 and "BOOT" not in output
    assert output.splitlines()[0].split(maxsplit=1) == ["edu-driver:type1:native", "drives edu"]


def test_needs(lab):
    assert lab(GOOD + '@check(kernel="broken")\ndef x(pc): pass\n', "--needs") == (0, "debian broken\n")
    assert lab(GOOD, "--needs", "tool") == (0, "debian\n")


def test_two_of_one_name(lab):
    status, output = lab("@check()\ndef same(pc): pass\n@check()\ndef same(pc): pass\n")
    assert status == 1 and "two checks named same" in output


def test_one_machine_for_all_of_a_shape(lab):
    status, output = lab('@check()\ndef a(pc): pass\n@check(options={"memory": "2G"})\ndef b(pc): pass\n@check()\ndef c(pc): pass\n', "--jobs", "1")
    said = [line for line in output.splitlines() if line.split()[0] in ("BOOT", "STOP", "PASS")]
    assert [line.split("(")[0].strip() for line in said] == [
        "BOOT x86-debian", "PASS a", "PASS c", "STOP x86-debian", "BOOT x86-debian-memory=2G", "PASS b",
        "STOP x86-debian-memory=2G"]
    assert status == 0


def test_two_machines_at_a_time(lab):
    code = """
@check(kernel="debian", i=range(4))
def a(pc, i): time.sleep(1)
@check(options={"memory": "2G"}, i=range(4))
def b(pc, i):
    time.sleep(1)
    if i == 2: raise Failed("no")
"""
    begun = time.monotonic()
    status, output = lab(code.replace("range(4)", "(0, 1, 2, 3)"), "--jobs", "2", "--report", str(lab.folder / "report"))
    assert time.monotonic() - begun < 7.5
    assert output.splitlines()[-1] == "7 passed, 1 failed, 0 skipped" and output.count(" passed, ") == 1
    assert output.count("BOOT") == output.count("STOP") == 2
    assert sorted(row[0] for row in json.loads((lab.folder / "report").read_text())) == [f"{x}:{i}" for x in "ab" for i in range(4)]
    assert status == 1


def test_a_long_lot_is_shared(lab):
    (lab.folder / "lab").mkdir(exist_ok=True)
    (lab.folder / "lab" / "seconds.json").write_text(json.dumps({f"a:{i}": 100 for i in range(4)}))
    status, output = lab("@check(i=(0, 1, 2, 3))\ndef a(pc, i): pass\n@check(memory=1)\ndef b(pc, memory): pass\n", "--jobs", "2")
    assert output.splitlines()[-1] == "5 passed, 0 failed, 0 skipped"
    assert output.count("BOOT x86-debian") == 2 and (lab.folder / "lab" / "x86-debian-2.console").exists()
    assert status == 0
    assert json.loads((lab.folder / "lab" / "seconds.json").read_text())["a:0"] < 5
    assert lab("@check(i=(0, 1, 2, 3))\ndef a(pc, i): pass\n", "--jobs", "2")[1].count("BOOT") == 1


def test_a_runner_that_ends_fails_its_checks(lab):
    code = '@check()\ndef a(pc): __import__("os")._exit(0)\n@check(options={"memory": "2G"})\ndef b(pc): pass\n'
    status, output = lab(code, "--jobs", "2")
    assert output.splitlines()[-1] == "1 passed, 1 failed, 0 skipped"
    assert status == 1


@pytest.mark.parametrize("body, says", [
    ('raise Failed("expected 1, seen 2")', "FAIL bad ({}): expected 1, seen 2"),
    ("return {}[3]", "FAIL bad ({}): the check raised an exception"),
    ('raise TimedOut("5 s passed: no answer")', "FAIL bad ({}): TIMED OUT: 5 s passed: no answer"),
    ("time.sleep(30)", "FAIL bad ({}): TIMED OUT: the check has taken longer than its 1 s"),
    ('pc.things.append("b: 2")', "FAIL bad ({}): it did not leave the machine as it found it"),
    ('pc.things.clear()', "FAIL bad ({}): it did not leave the machine as it found it"),
    ('pc.left.append("sleep 9")', "FAIL bad ({}): it did not leave the machine as it found it"),
])
def test_failures(lab, body, says):
    code = f"@check(deadline=1)\ndef bad(pc):\n    from lab import TimedOut\n    {body}\n@check()\ndef good(pc): pass\n"
    begun = time.monotonic()
    status, output = lab(code, "--report", str(lab.folder / "report"))
    assert time.monotonic() - begun < 20
    lines = output.splitlines()
    before, after = says.split("{}")
    assert any(line.startswith(before) and line.endswith(after) for line in lines), output
    assert "PASS good" in output
    assert lines[-1] == "1 passed, 1 failed, 0 skipped"
    assert status == 1
    if "TIMED OUT" in says:
        assert "| last words" in output
    assert after[3:] in (lab.folder / "lab" / "bad.log").read_text()
    assert [row[:2] for row in json.loads((lab.folder / "report").read_text())] == [["bad", "FAIL"], ["good", "PASS"]]


def test_what_is_left_behind_costs_the_machine(lab):
    _, output = lab('@check()\ndef bad(pc): pc.things.append("b: 2")\n@check()\ndef good(pc): pass\n')
    assert "not there before: b: 2" in output
    assert output.count("BOOT") == 2


@pytest.mark.parametrize("code, reason", [
    ('@check()\ndef skipped(pc): raise Skip("no such card")\n', "no such card"),
    ('@check(iommu="iommufd")\ndef skipped(pc, iommu): pass\n', "iommufd: no such kernel"),
    ('@check(machine="z80")\ndef skipped(pc): pass\n', "there is no machine z80"),
])
def test_skipped(lab, code, reason):
    status, output = lab(code)
    assert f": {reason}\n" in output and "SKIP " in output
    assert output.splitlines()[-1] == "0 passed, 0 failed, 1 skipped"
    assert status == 0


DIES = """
@check()
def dies(pc):
    open({flag!r}, "a").write("x")
    if len(open({flag!r}).read()) <= {times}:
        {how}
"""


@pytest.mark.parametrize("how", ['raise Dead("QEMU ended with status 1")', 'pc.dead = True; raise Failed("no answer")'])
def test_a_machine_that_dies_is_booted_once_more(lab, how):
    status, output = lab(DIES.format(flag=str(lab.folder / "flag"), times=1, how=how))
    assert output.count("BOOT x86-debian") == 2
    assert output.count("RETRY dies: the machine is gone") == 2  # when it happens, and at the end
    assert "| last words" in output
    assert output.splitlines()[-1] == "1 passed, 0 failed, 0 skipped"
    assert status == 0


def test_not_more_than_once(lab):
    status, output = lab(DIES.format(flag=str(lab.folder / "flag"), times=9, how='raise Dead("QEMU ended")'))
    assert output.count("BOOT x86-debian") == 2
    assert output.splitlines()[-1] == "0 passed, 1 failed, 0 skipped"
    assert status == 1


def test_a_machine_that_does_not_boot(lab):
    code = '@check(kernel="broken")\ndef a(pc): pass\n@check(kernel="broken")\ndef b(pc): pass\n'
    status, output = lab(code)
    assert output.count("BOOT x86-broken") == 2
    assert "x86-broken does not boot: it does not like this" in output
    assert output.splitlines()[-1] == "0 passed, 2 failed, 0 skipped"
    assert status == 1


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 128 + 15), (signal.SIGINT, 130), (signal.SIGHUP, 128 + 1)])
@pytest.mark.parametrize("other", ["", '@check(options={"memory": "2G"})\ndef other(pc): time.sleep(60)\n'])
def test_a_signal_ends_the_machine(lab, number, status, other):
    process = lab.start(other + '@check()\ndef long(pc):\n    print("IN", flush=True)\n    time.sleep(60)\n', "--jobs", "2")
    for line in process.stdout:
        if line == "IN\n":
            break
    process.send_signal(number)
    output, _ = process.communicate(timeout=20)
    assert "STOP x86-debian" in output
    assert process.returncode == status


def test_what_killed_runners_left_is_removed(lab, tmp_path):
    dead = subprocess.Popen(["true"])
    dead.wait()
    names = [f"penstock-{dead.pid}-a", f"penstock-lab-{dead.pid}-b", f"penstock-lab-{os.getpid()}-c", "penstock-d"]
    for name in names:
        (tmp_path / "tmp" / name).mkdir(parents=True)
        (tmp_path / "tmp" / name / "file").touch()
    assert lab(GOOD, "tool", TMPDIR=str(tmp_path / "tmp"))[0] == 0
    assert {path.name for path in (tmp_path / "tmp").iterdir()} == set(names[2:])
