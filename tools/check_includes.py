#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Who may include whom (docs/architecture.md), and the licence line that each file begins with.

Prints each place that breaks a rule; the status is 1 if there is one.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
FREESTANDING = {"assert.h", "limits.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h"}

# The first folder that fits a file says which folders of ours it may include from; a file's own folder always is one.
RULES = [
    ("abi", {"abi"}),
    ("include", {"include"}),
    ("guest/bindings/native", {"guest", "include", "abi", "host"}),
    ("guest", {"guest", "include", "abi"}),
    ("host/cli", {"host", "abi", "emu"}),
    ("host", {"host", "abi"}),
    ("emu", {"emu", "abi"}),
    ("unikernels", {"include"}),
    ("examples", set()),
]


def target(name, source):
    """The file of ours that an #include means, or None."""
    for place in (source.parent, ROOT, ROOT / "include"):
        path = (place / name).resolve()
        if path.is_file() and path.is_relative_to(ROOT):
            return path.relative_to(ROOT)
    return None


def faults(source, folder, allowed):
    lines = source.read_text(encoding="utf-8").splitlines()
    if not lines or "SPDX-License-Identifier: ISC" not in lines[0]:
        yield 1, "the first line is not the licence's SPDX line"
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        path = target(match[2], source)
        if path is None:
            if folder == "abi" and match[2] not in FREESTANDING:
                yield number, f"abi/ includes only freestanding headers, not <{match[2]}>"
        elif path.parts[0] not in allowed and path.parent != source.parent.relative_to(ROOT):
            yield number, f"{folder}/ must not include {path}"


def main():
    broken = False
    rooms = sorted({folder.split("/")[0] for folder, _ in RULES})
    for source in sorted(path for room in rooms for path in (ROOT / room).rglob("*.[chS]")):
        name = source.relative_to(ROOT).as_posix()
        rule = next(r for r in RULES if name.startswith(r[0] + "/"))
        for number, what in faults(source, *rule):
            print(f"{name}:{number}: {what}", file=sys.stderr)
            broken = True
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
