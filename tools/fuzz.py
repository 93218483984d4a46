#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""fuzz.py [BUILD] [NAME [SECONDS] | --all SECONDS | --ci]: run fuzz targets; ./dev fuzz builds them first.

Without a name, lists them. A target runs until Ctrl-C or for SECONDS. What it found interesting is kept in build/fuzz/NAME/corpus and
is where its next run begins; an input that breaks it is kept beside that, and said with the command that tries it again.
--ci: each target for the time that CI gives it. With --all and --ci each is one test of the summary at the end.
"""
import concurrent.futures
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "fuzz"))
import seeds as fuzz_seeds  # noqa: E402

# What each looks at, the most bytes of an input, and its seconds in CI.
TARGETS = {
    "elf": ("executables: headers, notes, manifest, segments, symbols", 8192, 60),
    "hypercall": ("a guest's hypercalls and register accesses", 1024, 60),
    "manifest_json": ("manifest.json", 4096, 20),
    "rings": ("a driver of the software 82599", 4096, 20),
    "vfio_user_client": ("what a vfio-user server sends to us", 8192, 20),
    "vfio_user_server": ("what a vfio-user client sends to us", 8192, 20),
}


class Target:
    def __init__(self, build, name):
        self.name = name
        self.program = build / "tests" / "fuzz" / f"fuzz_{name}"
        self.folder = ROOT / "build" / "fuzz" / name
        self.corpus = self.folder / "corpus"
        self.seeds = self.folder / "seeds"

    def prepare(self):
        for folder in (self.corpus, self.seeds):
            folder.mkdir(parents=True, exist_ok=True)
        for seed in fuzz_seeds.seeds(self.name):
            (self.seeds / hashlib.sha1(seed).hexdigest()).write_bytes(seed)

    def command(self, seconds):
        return [str(self.program), f"-max_len={TARGETS[self.name][1]}", "-rss_limit_mb=1024", "-timeout=20",
                "-use_value_profile=1", f"-artifact_prefix={self.folder}/", f"-max_total_time={seconds}", "-verbosity=1",
                str(self.corpus), str(self.seeds)]

    def artifacts(self):
        return {path for path in self.folder.glob("*-*") if path.is_file()}

    def say_crashes(self, before):
        for path in sorted(self.artifacts() - before):
            print(f"fuzz: {self.name}: kept in {path}; again with:\n    {self.program} {path}", flush=True)

    def run(self, seconds):
        """In the foreground; libFuzzer says what it does. The exit status."""
        self.prepare()
        before = self.artifacts()
        try:
            status = subprocess.run(self.command(seconds), check=False).returncode
        except KeyboardInterrupt:
            status = 0
        self.say_crashes(before)
        return 1 if status or self.artifacts() - before else 0

    def run_quietly(self, seconds):
        """For the summary: whether it held, and what there is to say."""
        self.prepare()
        before = self.artifacts()
        try:
            done = subprocess.run(self.command(seconds), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  errors="replace", timeout=seconds * 2 + 120, check=False)
            held, said = done.returncode == 0, done.stdout
        except subprocess.TimeoutExpired as error:
            held, said = False, (error.stdout or b"").decode(errors="replace") + "\nit does not end"
        (self.folder / "log").write_text(said)
        if held:
            runs = re.search(r"^Done (\d+) runs", said, re.MULTILINE)
            print(f"fuzz: {self.name}: {runs[1] if runs else 'no'} runs in {seconds} s, nothing found", flush=True)
        else:
            lines = [line for line in said.splitlines() if not re.match(r"#\d+\s", line)]
            print(f"fuzz: {self.name}: the end of {self.folder / 'log'}:", *lines[-50:], sep="\n  | ", flush=True)
            self.say_crashes(before)
        return held


def run_all(build, seconds_of):
    """One test each, as many at a time as there are processors."""
    names = sorted(TARGETS, key=lambda name: -seconds_of(name))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = dict(zip(names, pool.map(lambda name: Target(build, name).run_quietly(seconds_of(name)), names)))
    failed = [name for name in names if not results[name]]
    for name in failed:
        print("FAILED fuzz:", name)
    print(f"{len(names) - len(failed)} passed, {len(failed)} failed, 0 skipped")
    return 1 if failed else 0


def main(build, *words):
    build = Path(build)
    match words:
        case []:
            for name, (what, _, _) in TARGETS.items():
                print(f"  {name:<18} {what}")
            return 0
        case ["--ci"]:
            return run_all(build, lambda name: TARGETS[name][2])
        case ["--all", seconds] if seconds.isdigit() and int(seconds) > 0:
            return run_all(build, lambda _: int(seconds))
        case [name] if name in TARGETS:
            return Target(build, name).run(0)
        case [name, seconds] if name in TARGETS and seconds.isdigit() and int(seconds) > 0:
            return Target(build, name).run(int(seconds))
    print("usage: ./dev fuzz [NAME [SECONDS] | --all SECONDS | --ci]; NAME: " + ", ".join(TARGETS), file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
