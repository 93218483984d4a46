# SPDX-License-Identifier: ISC
"""What a check may expect of what it sees: each of these raises Failed, with both, if it is not so."""
import re

from lab import Failed


def expect(what, expected, seen):
    if expected != seen:
        raise Failed(f"{what}: expected {expected!r}, seen {seen!r}")


def expect_in(what, expected, seen):
    if expected not in seen:
        raise Failed(f"{what}: expected {expected!r} in it, seen {seen!r}")


def expect_words(result, status, *words):
    """A command that ended with this status and said these words."""
    if result.status != status or any(word not in result.output for word in words):
        raise Failed(f"expected status {status} and {words}, seen {result.status}:\n{result.output}")


def find(pattern, output):
    """The pattern's first match."""
    match = re.search(pattern, output)
    if not match:
        raise Failed(f"nothing like /{pattern}/ in\n{output}")
    return match


def success(pc, command, timeout=100):
    """The output of a unikernel that ends with SUCCESS."""
    output = pc.ok(command, timeout)
    if not re.search(r"^SUCCESS", output, re.MULTILINE):
        raise Failed(f"no SUCCESS from {command}\n{output}")
    return output
