# SPDX-License-Identifier: ISC
"""Several runners at once, each with some of the machines: a PC has one processor, and waits much of the time."""
import json
import math
import os
import re
import subprocess
import sys
import threading

import machine

SUM = re.compile(r"\d+ passed, \d+ failed, \d+ skipped$")


# Seconds, about: a machine that boots; a check of which nothing is known; checks that are worth a machine more.
BOOT, USUAL, WORTH = 10, 3, 60
SECONDS = machine.LOGS / "seconds.json"


def known_seconds():
    """What each check took when it ran last: {name: seconds}."""
    try:
        return dict(json.loads(SECONDS.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def remember(rows):
    SECONDS.parent.mkdir(parents=True, exist_ok=True)
    SECONDS.write_text(json.dumps({**known_seconds(), **{name: s for name, _, _, s in rows}}), encoding="utf-8")


def cut(lot, count, weight):
    """A lot in so many pieces of about the same weight, in order."""
    pieces, piece, done = [], [], 0
    share = sum(map(weight, lot)) / count
    for check in lot:
        if piece and done + weight(check) / 2 > share * (len(pieces) + 1):
            pieces.append(piece)
            piece = []
        piece.append(check)
        done += weight(check)
    return [*pieces, piece]


def shares(checks, most, seconds=None):
    """The checks for that many runners. Those of one shape stay together unless they take longer than a runner's share; the
    largest lot first, each to who has the least."""
    seconds = known_seconds() if seconds is None else seconds

    def weight(check):
        return seconds.get(check.name, USUAL)

    def weigh(lot):
        return BOOT + sum(map(weight, lot))

    lots = {}
    for check in checks:
        lots.setdefault(check.shape, []).append(check)
    fair = sum(map(weigh, lots.values())) / most
    pieces = []
    for lot in lots.values():
        pieces += cut(lot, max(1, min(math.ceil(weigh(lot) / fair), int(weigh(lot) / WORTH))), weight)
    result = [[] for _ in range(min(most, len(pieces)))]
    carried = [0] * len(result)
    for piece in sorted(pieces, key=weigh, reverse=True):
        least = carried.index(min(carried))
        result[least] += piece
        carried[least] += weigh(piece)
    return result


def relay(runner):
    for line in runner.stdout:
        if not SUM.match(line):
            sys.stdout.write(line)
            sys.stdout.flush()


def start(number, share, report, have):
    argv = [sys.executable, sys.argv[0], "--exactly", "--jobs", "1", "--number", str(number), "--report", str(report),
            *(c.name for c in share)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env={**os.environ, "PENSTOCK_LAB": have})


def run(parts, have):
    """Runs each part's checks in a runner of its own: the rows of their reports, (name, verdict, why, seconds). A check on which its
    runner has no verdict has failed."""
    machine.LOGS.mkdir(parents=True, exist_ok=True)
    reports = [machine.LOGS / f"report-{i}.json" for i in range(len(parts))]
    runners = []
    try:
        for number, (part, report) in enumerate(zip(parts, reports), 1):
            report.unlink(missing_ok=True)
            runners.append(start(number, part, report, have))
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
    known = {row[0] for row in rows}
    return rows + [(c.name, "FAIL", "its runner ended", USUAL) for part in parts for c in part if c.name not in known]
