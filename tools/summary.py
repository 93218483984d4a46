#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""summary.py [--meson testlog.json] [--pytest junit.xml] [--lab report.json]: one count of all tests.

Names each test that failed or was skipped (with the reason), and ends with "N passed, N failed, N skipped". The status is 1
when a test failed, when a report is missing, or when nothing ran. A unit test program counts as its cmocka cases.
"""
import argparse
import json
import re
import sys
import xml.etree.ElementTree as xml

CASE = re.compile(r"^\[ +(RUN|OK|FAILED|SKIPPED) +\] (\w+)$")


class Count:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, [], []

    def cmocka(self, program, ok, output):
        """Cases of one test program, from cmocka's own lines; what it printed before a skip is the reason."""
        verdicts, said = {}, []
        for line in output.splitlines():
            match = CASE.match(line)
            if not match:
                said.append(line.strip())
            elif match[1] == "RUN":
                said = []
            else:
                verdicts.setdefault(match[2], (match[1], " ".join(said)))
        names = {kind: [n for n, v in verdicts.items() if v[0] == kind] for kind in ("OK", "FAILED", "SKIPPED")}
        self.passed += len(names["OK"])
        self.failed += [f"{program}: {n}" for n in names["FAILED"]]
        self.skipped += [f"{program}: {n}: {verdicts[n][1] or 'no reason given'}" for n in names["SKIPPED"]]
        if not ok and not names["FAILED"]:
            self.failed.append(f"{program} (the program itself; its output is above)")
        elif ok and not verdicts:
            self.passed += 1

    def meson(self, path):
        with open(path, encoding="utf-8") as log:
            for line in log:
                test = json.loads(line)
                output = test.get("stdout", "") + "\n" + test.get("stderr", "")
                if test["result"] == "SKIP":
                    self.skipped.append(f"{test['name']}: {output.strip() or 'no reason given'}")
                else:
                    self.cmocka(test["name"], test["result"] == "OK", output)

    def pytest(self, path):
        for case in xml.parse(path).iter("testcase"):
            name = f"{case.get('classname')}: {case.get('name')}"
            skipped = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                self.failed.append(name)
            elif skipped is not None:
                self.skipped.append(f"{name}: {skipped.get('message')}")
            else:
                self.passed += 1

    def lab(self, path):
        with open(path, encoding="utf-8") as report:
            for name, verdict, why, _ in json.load(report):
                if verdict == "PASS":
                    self.passed += 1
                elif verdict == "SKIP":
                    self.skipped.append(f"lab: {name}: {why}")
                else:
                    self.failed.append(f"lab: {name}")

    def read(self, reader, what, path):
        try:
            reader(path)
        except (OSError, ValueError, KeyError, xml.ParseError) as error:
            self.failed.append(f"{what}: no report: {error}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--meson")
    parser.add_argument("--pytest")
    parser.add_argument("--lab")
    options = parser.parse_args()
    count = Count()
    if options.meson:
        count.read(count.meson, "unit tests", options.meson)
    if options.pytest:
        count.read(count.pytest, "integration tests", options.pytest)
    if options.lab:
        count.read(count.lab, "lab", options.lab)
    for line in count.skipped:
        print("SKIP", line)
    for line in count.failed:
        print("FAILED", line)
    print(f"{count.passed} passed, {len(count.failed)} failed, {len(count.skipped)} skipped")
    return 1 if count.failed or not count.passed else 0


if __name__ == "__main__":
    sys.exit(main())
