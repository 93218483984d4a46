# SPDX-License-Identifier: ISC
"""penstock pci on this machine, whatever it has: list and check as root and not, and that nothing is changed by what is
refused. What changes drivers is checked in the lab (tests/lab/checks/tool.py)."""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402

DEVICES = Path("/sys/bus/pci/devices")
BUS = pytest.mark.skipif(not DEVICES.exists(), reason="this machine has no PCI bus")
KEYS = {"address": str, "vendor": int, "device_id": int, "subsystem_vendor": int, "subsystem_device": int,
        "revision": int, "class": int, "subclass": int, "progif": int, "class_name": (str, type(None)),
        "vendor_name": (str, type(None)), "device_name": (str, type(None)), "driver": (str, type(None)),
        "driver_override": (str, type(None)), "iommu_group": (int, type(None)), "numa_node": (int, type(None)),
        "has_reset": bool, "reset_methods": list, "bars": list, "bound": bool, "viable": bool,
        "in_use": (str, type(None)), "possible": bool, "reason": (str, type(None))}


def pci(*args, user=None):
    return subprocess.run([harness.PENSTOCK, "pci", *args], capture_output=True, text=True, timeout=60, check=False,
                          user=user, cwd="/")


def addresses():
    return sorted((p.name for p in DEVICES.iterdir()), key=lambda name: [int(n, 16) for n in re.split("[:.]", name)])


def drivers():
    return {p.name: os.path.basename(os.readlink(p / "driver")) if (p / "driver").exists() else None
            for p in (DEVICES.iterdir() if DEVICES.exists() else [])}


@BUS
def test_list_is_what_sysfs_has():
    result = pci("list", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    devices = json.loads(result.stdout)["devices"]
    assert [d["address"] for d in devices] == addresses()
    assert {d["address"]: d["driver"] for d in devices} == drivers()
    for device in devices:
        assert device.keys() == KEYS.keys()
        assert all(isinstance(device[key], kind) for key, kind in KEYS.items()), device
        folder = DEVICES / device["address"]
        assert device["vendor"] == int((folder / "vendor").read_text(), 16)
        assert device["possible"] or device["reason"]
        assert device["possible"] <= (device["iommu_group"] is not None)


@BUS
def test_table_has_a_line_for_each_device():
    result = pci("list")
    assert (result.returncode, result.stderr) == (0, "")
    head, *lines = result.stdout.splitlines()
    if not addresses():
        assert head == "This machine has no PCI devices."
        return
    assert head.split() == "ADDRESS CLASS NAME DRIVER GROUP RESET NUMA BARS UNIKERNEL".split()
    assert [line.split()[0] for line in lines] == addresses()


@pytest.mark.skipif(DEVICES.exists(), reason="this machine has a PCI bus")
def test_list_without_a_bus():
    result = pci("list")
    assert result.returncode == 1
    assert "this kernel knows no PCI bus" in result.stderr


def test_check_says_what_is_missing():
    result = pci("check", "--json")
    seen = json.loads(result.stdout)
    checks = {c["name"]: c for c in seen["checks"]}
    assert {"iommu", "vfio-pci", "vfio-iommu", "dev-vfio", "hugepages", "memlock", "kvm"} <= checks.keys()
    assert seen["device"] is None
    assert seen["ok"] == all(c["status"] != "missing" for c in seen["checks"])
    assert result.returncode == (0 if seen["ok"] else 1)
    for check in seen["checks"]:
        assert check["status"] in ("ok", "note", "missing")
        assert (check["fix"] is None) == (check["status"] == "ok"), check
    assert (checks["iommu"]["status"] == "ok") == any(Path("/sys/class/iommu").glob("*"))
    assert (checks["kvm"]["status"] == "ok") == os.access("/dev/kvm", os.R_OK | os.W_OK)
    text = pci("check")
    assert text.returncode == result.returncode
    assert [line.split()[1] for line in text.stdout.splitlines()] == list(checks)
    assert text.stdout.count("; to mend it: ") == sum(c["fix"] is not None for c in seen["checks"])


@BUS
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_list_and_check_work_for_everybody():
    result = pci("list", user="nobody")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[1:] == pci("list").stdout.splitlines()[1:]
    assert pci("check", user="nobody").stderr == ""


@pytest.mark.parametrize("arguments, says", [
    (["bind", "eth0"], "'eth0' is not the address of a PCI device, such as 0000:03:00.0"),
    (["bind", "ffff:ff:1f.7"], "ffff:ff:1f.7: there is no such PCI device"),
    (["bind", "/sys/bus/pci/devices/ffff:ff:1f.7/"], "ffff:ff:1f.7: there is no such PCI device"),
    (["bind", "ffff:ff:1f.7", "--force"], "there is no such PCI device"),
    (["unbind", "03:00.8"], "'03:00.8' is not the address"),
    (["unbind", "ffff:ff:1f.7"], "there is no such PCI device"),
    (["check", "../../etc/passwd"], "'../../etc/passwd' is not the address"),
    (["check", "ffff:ff:1f.7", "--json"], "there is no such PCI device"),
])
def test_refuses(arguments, says):
    before = drivers()
    result = pci(*arguments)
    assert (result.returncode, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("penstock: ") and says in result.stderr
    assert drivers() == before


@pytest.mark.parametrize("arguments", [[], ["lst"], ["list", "03:00.0"], ["list", "--force"], ["bind"], ["unbind"],
                                       ["unbind", "03:00.0", "--force"], ["bind", "--json", "03:00.0"],
                                       ["check", "03:00.0", "04:00.0"], ["check", "-x"]])
def test_wrong_use(arguments):
    result = pci(*arguments)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("usage: penstock pci list [--json]\n")


@BUS
@pytest.mark.skipif(any(Path("/sys/kernel/iommu_groups").glob("*")), reason="this machine has an IOMMU")
def test_bind_wants_an_iommu():
    before = drivers()
    for address in addresses():
        result = pci("bind", address)
        assert result.returncode == 1
        assert f"{address} is a bridge" in result.stderr or "without an IOMMU" in result.stderr
    assert drivers() == before


@BUS
def test_unbind_wants_a_device_of_vfios():
    for address, driver in drivers().items():
        if driver is None or "vfio" not in driver:
            result = pci("unbind", address)
            assert result.returncode == 1
            assert f"{address} is not bound to vfio-pci" in result.stderr or "only root" in result.stderr


def test_help():
    result = pci("--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: penstock pci list [--json]\n")
    overview = subprocess.run([harness.PENSTOCK, "help"], capture_output=True, text=True, timeout=20, check=True)
    assert "penstock pci " in overview.stdout


def test_a_full_disk_is_an_error():
    with open("/dev/full", "w", encoding="ascii") as full:
        result = subprocess.run([harness.PENSTOCK, "pci", "check"], stdout=full, stderr=subprocess.PIPE, timeout=20,
                                check=False)
    assert result.returncode == 1 and b"standard output" in result.stderr
