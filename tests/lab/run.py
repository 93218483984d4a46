#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""./dev lab: runs the checks below checks/ in virtual machines.

One line for each check, a log for each below build/lab/, and "N passed, N failed, N skipped" at the end; the exit status is 0
only if none failed. Checks that want the same machine share one, which has to be as it was after each of them.
"""
import argparse
import contextlib
import importlib.util
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import termios
import time
import traceback
import tty
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "checks")]
import lab  # noqa: E402
import machine  # noqa: E402
import harness  # noqa: E402  (after machine, which knows where it is)
import several  # noqa: E402
import arm64  # noqa: E402
import x86  # noqa: E402
from lab import Dead, Failed, Shape, Skip, TimedOut  # noqa: E402

# What a kind of machine is: its class, and what tools/lab.sh has to fetch for one of a shape.
KINDS = {"x86": (x86.X86, x86.needs), "arm64": (arm64.Arm64, arm64.needs)}

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def import_checks(folder=HERE / "checks"):
    for path in sorted(Path(folder).glob("*.py")):
        spec = importlib.util.spec_from_file_location("checks_" + path.stem, path)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


class Log:
    """What is said about one check: on the terminal in a line, in its file in full."""

    def __init__(self, check):
        self.path = machine.LOGS / (check.name.replace(":", "-") + ".log")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(f"{check.name}: {check.description}\n")

    def add(self, text):
        with open(self.path, "a", encoding="utf-8") as out:
            out.write(text.rstrip("\n") + "\n")


class Deadline:
    """Inside, SIGALRM ends a check that takes too long, whatever it waits for."""

    def __init__(self, seconds):
        self.seconds = seconds

    def _passed(self, _signal, _frame):
        raise TimedOut(f"the check has taken longer than its {self.seconds:g} s")

    def __enter__(self):
        signal.signal(signal.SIGALRM, self._passed)
        signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *_):
        signal.setitimer(signal.ITIMER_REAL, 0)


class Runner:
    def __init__(self, have, kinds, number=1):
        self.have, self.kinds = have, kinds
        self.label = f"-{number}" if number > 1 else ""  # runners may have machines of one shape
        self.machine = None
        self.before = None
        self.booting = 0  # seconds that the check under way has cost in boots
        self.retries = []
        self.ended = None  # the signal that ends the run
        self.stopping = False  # a machine, which is not left half-way
        self.report = []  # (name, verdict, why, seconds)
        self._cannot = {}  # shapes that could not be booted: why

    # --- machines ----------------------------------------------------------------------------------------------------

    def missing(self, shape):
        """Why there can be no machine of this shape, or None."""
        if shape.machine not in self.kinds:
            return f"there is no machine {shape.machine}"
        for word in self.kinds[shape.machine][1](shape):
            known, what = self.have.get(word, (False, "it was not asked for"))
            if not known:
                return f"{word}: {what}"
        return None

    def console(self, shape):
        return machine.LOGS / f"{shape}{self.label}.console"

    def boot(self, shape):
        """Makes self.machine one of this shape; a second attempt, if the first fails, is reported."""
        if self.machine and self.machine.shape == shape and not self.ended:
            return
        self.shut_down()
        if self.ended:
            raise SystemExit(128 + self.ended)
        if shape in self._cannot:
            raise Dead(self._cannot[shape])
        for attempt in (1, 2):
            log = self.console(shape)
            started = time.monotonic()
            try:
                folders = {word: what for word, (known, what) in self.have.items() if known}
                self.machine = self.kinds[shape.machine][0](shape, log, folders)
                self.before = self.machine.state()
                print(f"==> {shape}{self.label}: up in {self.machine.boot_seconds:.1f} s", flush=True)
                return
            except (Dead, Failed) as problem:
                why = f"{shape} does not boot: {problem}\n{tail(log)}"
                self.shut_down()
                if attempt == 1:
                    self.retried(why)
            finally:
                self.booting += time.monotonic() - started
        self._cannot[shape] = why
        raise Dead(why)

    def shut_down(self):
        if self.machine:
            running, self.machine, self.stopping = self.machine, None, True
            running.stop()
            self.stopping = False

    def end(self, number, _frame):
        """A signal ends the run, and another one does not disturb that. Without QEMU no check waits for anything."""
        if self.ended:
            return
        self.ended = number
        if self.machine:
            self.machine.kill()
        if not self.stopping:
            raise SystemExit(128 + number)

    def retried(self, why):
        self.retries.append(why.splitlines()[0])
        print(f"RETRY {why}", flush=True)

    # --- checks ------------------------------------------------------------------------------------------------------

    def run(self, checks):
        try:
            for check in lab.in_order(checks):
                self.one(check)
        finally:
            self.shut_down()
        for why in self.retries:
            print("RETRY", why)
        return self.report

    def one(self, check):
        log = Log(check)
        started, self.booting = time.monotonic(), 0
        verdict, why = self.verdict(check, log)
        seconds = time.monotonic() - started - self.booting
        log.add(f"{verdict} after {seconds:.1f} s\n{why}")
        self.report.append((check.name, verdict, why, round(seconds, 1)))
        first, _, rest = why.partition("\n")
        print(f"{verdict} {check.name} ({seconds:.1f} s)" + (f": {first}" if first else ""), flush=True)
        if verdict == "FAIL":
            for line in [*rest.splitlines()[-40:], f"(log: {log.path})"]:
                print("     " + line, flush=True)

    def verdict(self, check, log):
        """("PASS" | "FAIL" | "SKIP", why). A machine that dies or hangs under a check is booted once more for it."""
        missing = self.missing(check.shape)
        if missing:
            return "SKIP", missing
        for attempt in (1, 2):
            try:
                self.boot(check.shape)
                mark = self.machine.mark()
                return self.attempt(check, log, mark)
            except Dead as problem:
                if self.ended:
                    raise SystemExit(128 + self.ended) from None
                gone = self.machine and self.machine.gone()
                why = f"{check.name}: the machine is gone: {gone or problem}\n{tail(self.console(check.shape))}"
                log.add(why)
                self.shut_down()
                if check.shape in self._cannot:
                    return "FAIL", str(problem)
                if attempt == 1:
                    self.retried(why)
        return "FAIL", why

    def attempt(self, check, log, mark):
        pc = self.machine
        verdict, why = "PASS", ""
        try:
            with Deadline(check.deadline):
                check.function(pc, **check.arguments)
        except Skip as reason:
            verdict, why = "SKIP", str(reason)
        except TimedOut as problem:
            verdict, why = "FAIL", f"TIMED OUT: {problem}\nthe console's last lines:\n{pc.console_tail()}"
        except Failed as problem:
            verdict, why = "FAIL", str(problem)
        except Dead:
            raise
        except Exception:  # pylint: disable=broad-except  (a mistake in the check itself)
            verdict, why = "FAIL", "the check raised an exception\n" + traceback.format_exc()
        if verdict == "FAIL" and not pc.alive():
            raise Dead(f"it does not answer any more, after: {why}")
        log.add("\n".join(["the kernel's log:", *pc.kernel_log(mark)]))
        left = self.clean_up()
        if left and verdict == "PASS":
            return "FAIL", left
        return verdict, "\n".join(filter(None, [why, left]))

    def clean_up(self):
        """Looks whether the machine is as it was; one that is not is not used again. Returns what is different."""
        running = self.machine.end_commands()
        after = self.machine.state()
        found = [f"still running: {command}" for command in running]
        found += [f"not there before: {line}" for line in after if line not in self.before]
        found += [f"no longer there: {line}" for line in self.before if line not in after]
        if not found:
            return ""
        self.shut_down()
        return "\n".join(["it did not leave the machine as it found it", *found])


def tail(path, count=20):
    try:
        lines = Path(path).read_text(errors="replace").splitlines()[-count:]
    except OSError:
        lines = []
    return "\n".join(["the console's last lines:", *("  | " + line for line in lines)])


# --- a shell ----------------------------------------------------------------------------------------------------------


def shell(runner, shape):
    """An interactive shell on the machine's console, until exit or Ctrl-]."""
    missing = runner.missing(shape)
    if missing:
        print(f"./dev lab --shell: {missing}", file=sys.stderr)
        return 1
    try:
        runner.boot(shape)
    except Dead as problem:
        print(f"./dev lab --shell: {problem}", file=sys.stderr)
        return 1
    pc = runner.machine
    for name, address in pc.devices.items():
        print(f"    {name:8} {address}")
    print(f"    penstock and the tenders are in the PATH, unikernels in /penstock/unikernels, the runner's files in {pc.folder}")
    print("    exit or Ctrl-] ends it all", flush=True)
    inputs = [0, console := machine.connect(f"{pc.folder}/console")]
    columns, lines = shutil.get_terminal_size((200, 50))
    with contextlib.closing(console), raw_terminal():
        process = pc.agent.run(f"exec </dev/console >/dev/console 2>&1; stty cols {columns} rows {lines}; "
                               "export PATH=$PATH:/penstock/bin:/usr/local; cd /penstock; exec cttyhack sh")
        while process.running:
            ready, _, _ = select.select(inputs, [], [], 0.2)
            if console in ready:
                said = console.recv(4096)
                if not said:
                    print("\r\n./dev lab --shell: QEMU has ended", file=sys.stderr)
                    break
                os.write(1, said)
            if 0 in ready:
                typed = os.read(0, 4096)
                if b"\x1d" in typed:
                    break
                if not typed:  # what was piped in is at its end
                    inputs.remove(0)
                console.sendall(typed)
            if not ready and 0 not in inputs:
                console.sendall(b"\x04")  # heard when the shell asks for more
    runner.shut_down()
    return 0


@contextlib.contextmanager
def raw_terminal():
    if not os.isatty(0):
        yield
        return
    before = termios.tcgetattr(0)
    try:
        tty.setraw(0)
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
        print()


# ----------------------------------------------------------------------------------------------------------------------


def parse_have(text):
    """What tools/lab.sh has printed: {word: (whether it is there, its folder or why not)}."""
    have = {}
    for line in text.splitlines():
        word, folder, *reason = line.split(" ", 2)
        have[word] = (folder != "-", folder if folder != "-" else " ".join(reason))
    return have


def words_for(shapes, kinds):
    words = []
    for shape in shapes:
        words += kinds[shape.machine][1](shape) if shape.machine in kinds else []
    return list(dict.fromkeys(words))


def arguments():
    parser = argparse.ArgumentParser(prog="./dev lab", description=__doc__)
    parser.add_argument("names", nargs="*", help="checks: names, globs, or beginnings of names; all of them if none is given")
    parser.add_argument("--list", action="store_true", help="say which checks there are")
    parser.add_argument("--jobs", type=int, default=min(3, (os.cpu_count() or 1) + 1), help="machines at a time (default %(default)s)")
    # For ./dev: what tools/lab.sh has to fetch. For runners among several: NAMES are whole names, and which one it is.
    parser.add_argument("--needs", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--number", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--exactly", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--report", metavar="FILE", help="write each check's verdict to FILE as well, as JSON")
    parser.add_argument("--shell", nargs="?", const="debian", choices=sorted(x86.NEEDS), help="an interactive shell in the standard PC")
    return parser.parse_args()


def main(kinds=KINDS):
    options = arguments()
    import_checks(os.environ.get("PENSTOCK_LAB_CHECKS", HERE / "checks"))
    try:
        checks = ([c for c in lab.registry if c.name in options.names] if options.exactly else
                  lab.select(lab.registry, options.names))
    except LookupError as problem:
        print(f"./dev lab: {problem}; --list says which there are", file=sys.stderr)
        return 2
    shapes = [Shape("x86", options.shell)] if options.shell else [c.shape for c in checks]
    if options.list:
        for check in checks:
            print(f"{check.name:40} {check.description}")
        return 0
    if options.needs:
        print(*words_for(shapes, kinds))
        return 0
    have = os.environ.get("PENSTOCK_LAB")
    if have is None:  # ./dev lab has asked already
        have = subprocess.run([machine.HERE.parents[1] / "tools/lab.sh", *words_for(shapes, kinds)],
                              stdout=subprocess.PIPE, text=True, check=True).stdout
    else:
        machine.end_with_parent(signal.SIGTERM)
    harness.sweep()
    runner = Runner(parse_have(have), kinds, options.number)
    for number in ENDING:
        signal.signal(number, runner.end)
    parts = several.shares(checks, options.jobs)
    try:
        if options.shell:
            return shell(runner, shapes[0])
        rows = several.run(parts, have) if len(parts) > 1 else runner.run(checks)
        if options.report:
            Path(options.report).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        if not options.exactly:
            several.remember(rows)
        return conclude(rows)
    except OSError as problem:  # logs that cannot be written: what checks raise does not come here
        print(f"./dev lab: {problem}", file=sys.stderr)
        return 1
    finally:
        runner.shut_down()


def conclude(rows):
    """Says the sum; the exit status."""
    verdicts = [row[1] for row in rows]
    counts = [verdicts.count(verdict) for verdict in ("PASS", "FAIL", "SKIP")]
    print("{} passed, {} failed, {} skipped".format(*counts), flush=True)
    return 0 if rows and not counts[1] else 1


if __name__ == "__main__":
    sys.exit(main())
