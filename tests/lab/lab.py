# SPDX-License-Identifier: ISC
"""What the author of a check needs: check, Failed, Skip, and the words that combinations are made of. See docs/lab.md."""
import fnmatch
import itertools
import re
from dataclasses import dataclass, field

IOMMUS = ("type1", "iommufd")
TARGETS = ("native", "spt", "hvt")


class Failed(Exception):
    """Something that should hold does not: say what was expected and what was seen."""


class TimedOut(Failed):
    """It did not happen in time."""


class Skip(Exception):
    """The check cannot be done here: say why."""


class Dead(Exception):
    """The machine has ended, or does not answer any more. The runner's business, not a check's."""


@dataclass(frozen=True)
class Shape:
    """What a machine is like; checks with equal shapes share one."""
    machine: str
    kernel: str
    options: tuple = ()

    def __str__(self):
        words = [f"{key}={value}" for key, value in self.options]
        return "-".join([self.machine, self.kernel, *words])


@dataclass
class Check:
    name: str
    function: callable
    shape: Shape
    arguments: dict = field(default_factory=dict)
    deadline: float = 120

    @property
    def description(self):
        return (self.function.__doc__ or "").strip().split("\n")[0]


registry = []


def check(machine="x86", kernel=None, options=None, deadline=120, **axes):
    """Makes a function a check, or several: one for each combination of the axes' values, which it is called with.

    machine: "x86" (the standard PC) or "arm64", which the check's name begins with then; kernel: "debian" (or "iommufd", which iommu="iommufd" implies); options:
    another shape of the machine, for which one is booted; deadline: seconds for the whole check.
    """
    def register(function):
        for values in itertools.product(*[v if isinstance(v, (tuple, list)) else (v,) for v in axes.values()]):
            arguments = dict(zip(axes, values))
            needs = "iommufd" if arguments.get("iommu") == "iommufd" else "debian"
            shape = Shape(machine, kernel or needs, tuple(sorted((options or {}).items())))
            where = [] if machine == "x86" else [machine]
            name = ":".join([*where, function.__name__.replace("_", "-"), *map(str, values)])
            if any(known.name == name for known in registry):
                raise ValueError(f"there are two checks named {name}")
            registry.append(Check(name, function, shape, arguments, deadline))
        return function
    return register


def select(checks, patterns):
    """The checks that one of the patterns means: a name, a glob, or the beginning of a name up to - or :; all if there is
    no pattern. Raises LookupError for a pattern that means none."""
    chosen = set()
    for pattern in patterns:
        found = [c.name for c in checks if fnmatch.fnmatchcase(c.name, pattern) or
                 re.match(re.escape(pattern) + "([-:]|$)", c.name)]
        if not found:
            raise LookupError(f"there is no check {pattern}")
        chosen.update(found)
    return [c for c in checks if not patterns or c.name in chosen]


def in_order(checks):
    """The same checks, with those of one shape together: each machine is booted once. The standard PC comes first."""
    shapes = {}
    for c in sorted(checks, key=lambda c: c.shape.machine != "x86"):
        shapes.setdefault(c.shape, []).append(c)
    return [c for group in shapes.values() for c in group]
