# SPDX-License-Identifier: ISC
"""The penstock command: manifest and inspect, and that each wrong input is one clear message and status 1."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import elf_maker as make  # noqa: E402
import harness  # noqa: E402

FIGURE = Path(__file__).parent / "data" / "figure-3.7.json"
HEAD = {"type": "solo5.manifest", "version": 1}
SOLO5 = {**HEAD, "devices": [{"name": "service0", "type": "NET_BASIC"}, {"name": "block0", "type": "BLOCK_BASIC"}]}


def penstock(*args, stdin=None):
    return subprocess.run([harness.PENSTOCK, *args], input=stdin, capture_output=True, text=True, timeout=20,
                          check=False)


def refused(result):
    """The one line that says why."""
    assert result.returncode == 1, result
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("penstock: ")
    return lines[0]


def compiled(tmp_path, compiler, text):
    """The bytes of the note that the generated source becomes, compiled with nothing of ours in reach."""
    source, made, note = tmp_path / "m.c", tmp_path / "m.o", tmp_path / "note"
    source.write_text(text)
    subprocess.run([compiler, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wmissing-prototypes", "-Werror", "-c",
                    "-o", made, source], check=True, cwd=tmp_path, timeout=60)
    subprocess.run(["objcopy", "-O", "binary", "--only-section=.note.solo5.manifest", made, note], check=True,
                   timeout=60)
    return note.read_bytes()


# ---- manifest ----

@pytest.mark.parametrize("document, expected", [
    pytest.param(FIGURE.read_text(), make.manifest(
        make.pci("pci0", bars=0b101), make.entry("service0", make.NET), make.pci("pci1", bars=0b001),
        make.entry("dma", make.DMA, (16 << 20).to_bytes(8, "little"))), id="figure-3.7"),
    pytest.param(json.dumps(SOLO5), make.manifest(
        make.entry("service0", make.NET), make.entry("block0", make.BLOCK)), id="figure-3.2"),
    pytest.param(json.dumps({**HEAD, "devices": []}), make.manifest(), id="no devices"),
])
def test_manifest_becomes_solo5s_note(tmp_path, document, expected):
    result = penstock("manifest", "-", stdin=document)
    assert result.returncode == 0, result.stderr
    assert compiled(tmp_path, "cc", result.stdout) == make.manifest_note(expected)


def test_manifest_writes_a_file(tmp_path):
    out = tmp_path / "out.c"
    result = penstock("manifest", FIGURE, "-o", out)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert out.read_text() == penstock("manifest", FIGURE).stdout


@pytest.mark.parametrize("change, says", [
    (lambda m: m.update(more=1), "Unexpected key: more"),
    (lambda m: m.pop("version"), "version"),
    (lambda m: m.update(version=2), "version: must be 1"),
    (lambda m: m.update(type="x"), 'must be "solo5.manifest"'),
    (lambda m: m.update(dma_size=1 << 60), "out of range"),
    (lambda m: m["devices"][0].update(vendor=65536), "device pci0: vendor: 65536 is out of range"),
    (lambda m: m["devices"][0].update(vendor="8086h"), 'device pci0: vendor: "8086h" is not an integer'),
    (lambda m: m["devices"][0].update(map_bar0="yes"), "map_bar0"),
    (lambda m: m["devices"][0].update(map_bar6=True), "Unexpected key: map_bar6"),
    (lambda m: m["devices"][0].pop("subclass"), "device pci0: subclass: PCI_BASIC needs this key"),
    (lambda m: m["devices"][1].update(vendor=1), "device service0: vendor: NET_BASIC has no such key"),
    (lambda m: m["devices"][1].update(type="VIDEO"), "VIDEO"),
    (lambda m: m["devices"][1].update(name="pci0"), "two devices are called 'pci0'"),
    (lambda m: m["devices"][1].update(name="a-b"), "letters and digits"),
    (lambda m: m["devices"][1].update(name="x" * 68), "longer than 67"),
    (lambda m: m.update(devices=[{"name": f"n{i}", "type": "NET_BASIC"} for i in range(63)]), "maximum 63"),
])
def test_manifest_refuses(tmp_path, change, says):
    document = json.loads(FIGURE.read_text())
    change(document)
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(document, indent=1))
    message = refused(penstock("manifest", path, "-o", tmp_path / "out.c"))
    assert f"{path}: " in message and says in message
    assert not (tmp_path / "out.c").exists()


@pytest.mark.parametrize("text, says", [
    ("", "nothing in it"),
    ("{", "libyaml"),
    ('{"type": "solo5.manifest", "type": "solo5.manifest", "version": 1, "devices": []}', "already seen: type"),
    ('{"type": "solo5.manifest", "version": 1, "devices": []}\n---\n[]', "more than one document"),
])
def test_manifest_refuses_text(text, says):
    assert says in refused(penstock("manifest", "-", stdin=text))


def test_manifest_names_the_file_that_fails(tmp_path):
    assert "No such file" in refused(penstock("manifest", tmp_path / "none.json"))
    assert "No such file" in refused(penstock("manifest", FIGURE, "-o", tmp_path / "none" / "out.c"))
    assert "/dev/full: cannot be written" in refused(penstock("manifest", FIGURE, "-o", "/dev/full"))


# ---- inspect ----

def inspect(path):
    result = penstock("inspect", "--json", path)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_inspect_draws_figure_3_9(tmp_path):
    path = tmp_path / "unikernel"
    devices = make.manifest(make.pci("pci0", bars=0b101), make.entry("service0", make.NET),
                            make.pci("pci1", bars=0b001, dma_size=4 << 20),
                            make.entry("dma", make.DMA, (16 << 20).to_bytes(8, "little")))
    path.write_bytes(make.elf(
        [make.text(), make.Segment(0x101000, make.R), make.Segment(0x102000, make.R | make.W, b"d", 0x3000)],
        [make.abi_note(), make.manifest_note(devices), make.flags_note()]))
    seen = inspect(path)
    assert (seen["target"], seen["abi_version"], seen["ring"]) == ("hvt", 2, 3)
    assert [d["name"] for d in seen["devices"]] == ["pci0", "service0", "pci1", "dma"]
    assert seen["devices"][2]["dma_size"] == 4 << 20
    rows = {row["what"]: (row["start"], row["size"], row["access"]) for row in seen["memory"]}
    assert rows["text"] == (0x100000, 0x1000, "r-x")
    assert rows["data"] == (0x102000, 0x3000, "rw-")
    assert rows["pci0 BAR0, uncached"] == (1 << 39, 1 << 30, "rw-")
    assert rows["pci0 BAR2, uncached"] == ((1 << 39) + (2 << 30), 1 << 30, "rw-")
    assert rows["pci1 BAR0, uncached"] == ((1 << 39) + (1 << 34), 1 << 30, "rw-")
    assert rows["DMA memory, shared by all PCI devices"] == (1 << 40, 16 << 20, "rw-")
    assert rows["DMA memory of pci1 alone"] == ((1 << 40) + (2 << 36), 4 << 20, "rw-")
    assert not any("BAR1" in what for what in rows)
    text = penstock("inspect", path).stdout
    assert "0x008080000000" in text and "pci0 BAR2" in text and "8086:10fb" in text


@pytest.mark.parametrize("name, devices", [("hello", set()), ("reflect", {"PCI_BASIC"}), ("echo", {"PCI_BASIC"})])
def test_inspect_our_unikernels(name, devices):
    seen = inspect(harness.unikernel(name, "hvt"))
    assert (seen["target"], seen["abi_version"], seen["ring"]) == ("hvt", 2, 3)
    assert devices <= {device["type"] for device in seen["devices"]}
    assert not any("w" in row["access"] and "x" in row["access"] for row in seen["memory"])


def test_inspect_solo5s_binary_runs_in_ring_0(tmp_path):
    path = tmp_path / "unikernel"
    path.write_bytes(make.elf(notes=[make.abi_note(), make.manifest_note(make.manifest())]))
    assert inspect(path)["ring"] == 0


GOOD = make.manifest(make.pci("a"), make.pci("b"))
NOTES = [make.abi_note(), make.flags_note()]


@pytest.mark.parametrize("content, says", [
    pytest.param(b"", "ELF header", id="empty"),
    pytest.param(b"#!/bin/sh\n" * 20, "not an ELF file", id="script"),
    pytest.param(make.elf()[:63], "ELF header", id="truncated header"),
    pytest.param(make.elf()[:100], "program headers", id="truncated program headers"),
    pytest.param(make.elf()[:300], "note", id="truncated notes"),
    pytest.param(make.elf(machine=183), "another kind of machine", id="machine"),
    pytest.param(make.elf(notes=[]), "no ABI note", id="no notes"),
    pytest.param(make.elf(notes=NOTES), "no manifest note", id="no manifest"),
    pytest.param(make.elf(notes=[make.abi_note(), make.flags_note(2), make.manifest_note(GOOD)]), "unknown flags",
                 id="flags"),
    pytest.param(make.elf(notes=[*NOTES, make.manifest_note(GOOD[:-1])]), "manifest", id="truncated manifest"),
    pytest.param(make.elf(notes=[*NOTES, make.manifest_note(GOOD + b"\0")]), "manifest", id="manifest too long"),
    pytest.param(make.elf(notes=[*NOTES, make.manifest_note(GOOD, descsz=1 << 31)]), "note", id="huge note"),
    pytest.param(make.elf(notes=[*NOTES, make.manifest_note(make.manifest(version=2))]), "version 2", id="version"),
    pytest.param(make.elf(notes=[*NOTES, make.manifest_note(make.manifest(count=0))]), "0 entries", id="no entries"),
    pytest.param(make.elf(notes=[*NOTES, make.manifest_note(make.manifest(*[make.pci(f"n{i}") for i in range(64)]))]),
                 "note", id="too many entries"),
    pytest.param(make.elf(notes=[*NOTES, make.manifest_note(make.manifest(make.pci("a"), make.pci("a")))]),
                 "two devices are called 'a'", id="same name"),
    pytest.param(make.elf(notes=[*NOTES, make.manifest_note(make.manifest(make.entry("a", 99)))]), "unknown type",
                 id="type"),
    pytest.param(make.elf(notes=[*NOTES, make.manifest_note(make.manifest(make.entry("a\x1b[2J", make.NET)))]),
                 "letters and digits", id="control characters"),
    pytest.param(make.elf([make.Segment(0x100000, 7)]), "writable and executable", id="W+X"),
    pytest.param(make.elf([make.text(), make.Segment(0x100000, make.R)]), "overlaps", id="overlap"),
    pytest.param(make.elf([make.text(0x1000)]), "lowest address", id="too low"),
    pytest.param(make.elf([make.Segment((4 << 30) - 4096, make.R, size=8192)]), "does not fit", id="too high"),
    pytest.param(make.elf([make.Segment(2**64 - 4096, make.R, size=8192)]), "overflow", id="overflow"),
    pytest.param(make.elf(entry_point=0), "entry point", id="entry point"),
])
def test_inspect_refuses(tmp_path, content, says):
    path = tmp_path / "unikernel"
    path.write_bytes(content)
    message = refused(penstock("inspect", path))
    assert f"{path}: " in message and says in message
    assert message.isprintable()


def test_every_truncation_is_refused_or_read(tmp_path):
    """Nothing between an empty file and a whole one makes it crash."""
    whole = make.elf(notes=[*NOTES, make.manifest_note(GOOD)])
    path = tmp_path / "unikernel"
    for size in range(0, len(whole), 13):
        path.write_bytes(whole[:size])
        result = penstock("inspect", path)
        assert result.returncode in (0, 1), (size, result)


# ---- the command itself ----

def test_help_and_version():
    result = penstock("--help")
    assert result.returncode == 0
    for command in ("emulate", "inspect", "manifest"):
        assert f"penstock {command}" in result.stdout
    assert penstock("--version").stdout.startswith("penstock ")


def test_misuse():
    assert 'no command "fly"' in refused(penstock("fly"))
    for args in ([], ["inspect"], ["manifest"], ["inspect", "a", "b"], ["manifest", "a", "-x"]):
        result = penstock(*args)
        assert result.returncode == 1 and result.stdout == "" and "penstock" in result.stderr
