# SPDX-License-Identifier: ISC
"""Two runners at once, each with some of the machines: a PC with one processor leaves the others idle."""
import json
import os
import re
import subprocess
import sys
import threading

import machine

SUM = re.compile(r"\d+ passed, \d+ failed, \d+ skipped$")


def shares(checks, most):
    """The checks for that many runners: those of one shape stay together, the largest lot first, each to who has the least."""
    lots = {}
    for check in checks:
        lots.setdefault(check.shape, []).append(check)
    result = [[] for _ in range(min(most, len(lots)))]
    for lot in sorted(lots.values(), key=len, reverse=True):
        min(result, key=len).extend(lot)
    return result


def relay(runner):
    for line in runner.stdout:
        if not SUM.match(line):
            sys.stdout.write(line)
            sys.stdout.flush()


def start(share, report, have):
    argv = [sys.executable, sys.argv[0], "--exactly", "--jobs", "1", "--report", str(report), *(c.name for c in share)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env={**os.environ, "PENSTOCK_LAB": have})


def run(parts, have):
    """Runs each part's checks in a runner of its own: the rows of their reports, (name, verdict, why). A check on which its
    runner has no verdict has failed."""
    machine.LOGS.mkdir(parents=True, exist_ok=True)
    reports = [machine.LOGS / f"report-{i}.json" for i in range(len(parts))]
    runners = []
    try:
        for part, report in zip(parts, reports):
            report.unlink(missing_ok=True)
            runners.append(start(part, report, have))
        threads = [threading.Thread(target=relay, args=(r,), daemon=True) for r in runners]
        for thread in threads:
            thread.start()
        for runner in runners:
            runner.wait()
        for thread in threads:
            thread.join(10)
    finally:
        for runner in runners:
            runner.terminate()
        for runner in runners:
            runner.wait(60)
    rows = [row for report in reports if report.exists() for row in json.loads(report.read_text(encoding="utf-8"))]
    known = {name for name, _, _ in rows}
    return rows + [(c.name, "FAIL", "its runner ended") for part in parts for c in part if c.name not in known]
