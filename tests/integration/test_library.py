# SPDX-License-Identifier: ISC
"""PCIe access from a program that nobody of this tree wrote: the installed header, library and pkg-config file."""
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402
from installing import call, install  # noqa: E402

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "pci" / "nvme.c"


@pytest.fixture(scope="module")
def flags(tmp_path_factory):
    """What pkg-config says to a compiler, with the tree installed into a folder of its own."""
    if not shutil.which("pkg-config"):
        pytest.skip("pkg-config is missing")
    root = install(tmp_path_factory)
    folder = next(root.rglob("penstock-pci.pc")).parent
    return call("pkg-config", "--cflags", "--libs", "penstock-pci", cwd=root, PKG_CONFIG_PATH=str(folder),
                PKG_CONFIG_SYSROOT_DIR=str(root)).split()


@pytest.fixture(scope="module", params=[["-Wall", "-Wextra", "-Werror", "-O2"], ["-std=c11", "-static"]], ids=["shared", "static"])
def example(request, flags, tmp_path_factory):
    program = tmp_path_factory.mktemp("example") / "nvme"
    call("cc", *request.param, "-o", program, EXAMPLE, *flags, cwd=program.parent)
    return program


def test_the_example_is_short():
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 60


def test_the_example_opens_devices_of_all_kinds(example):
    def refused(*args):
        done = subprocess.run([example, *args], capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 1 and done.stdout == ""
        return done.stderr

    assert re.fullmatch(r"nvme: usage: .*\n", refused())
    assert "vfio-user:/nonexistent" in refused("vfio-user:/nonexistent")
    assert "--unsafe-no-iommu" in refused("sysfs:0000:03:00.0")
    assert "ffff:ff:1f.7" in refused("ffff:ff:1f.7")
    with harness.Emulator("sink") as card:  # which is a network card
        assert refused(card.where) == "nvme: this is no NVMe disk\n"
