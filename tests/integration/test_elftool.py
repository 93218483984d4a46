# SPDX-License-Identifier: ISC
"""solo5-elftool, under each of its names: the JSON that other programs parse, the note that it makes, and one clear message and
status 1 for everything else."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import elf_maker as make  # noqa: E402
import harness  # noqa: E402

NAMES = pytest.mark.parametrize("elftool", [
    pytest.param([harness.PENSTOCK, "elftool"], id="penstock elftool"),
    pytest.param([harness.BUILD / "solo5-elftool"], id="solo5-elftool"),
])
HEAD = {"type": "solo5.manifest", "version": 1}
NET = {"name": "service0", "type": "NET_BASIC"}
BLOCK = {"name": "storage", "type": "BLOCK_BASIC"}
DMA = {"name": "dma", "type": "DMA_BASIC", "dma_size": 1 << 20}
PCI = {"name": "nic0", "type": "PCI_BASIC", "vendor": 0x8086, "device_id": 0x10fb, "class": 2, "subclass": 0, "progif": 0,
       "bus_master_enable": True, "map_bar0": True, "map_bar1": False, "map_bar2": True, "map_bar3": False,
       "map_bar4": False, "map_bar5": False, "dma_size": 65536}


def call(elftool, *args, stdin=None):
    return subprocess.run([*elftool, *args], input=stdin, capture_output=True, text=True, timeout=20, check=False)


def tool(*args, stdin=None):
    return call([harness.BUILD / "solo5-elftool"], *args, stdin=stdin)


def refused(result):
    assert (result.returncode, result.stdout) == (1, ""), result
    assert result.stderr.startswith("solo5-elftool: ") and result.stderr.count("\n") == 1
    return result.stderr


def binary(path, *notes):
    path.write_bytes(make.elf(notes=list(notes)))
    return path


# ---- right ----

@NAMES
@pytest.mark.parametrize("devices, lines", [
    ([], []),
    ([make.entry("service0", make.NET)], ['    { "name": "service0", "type": "NET_BASIC" }']),
    ([make.entry("service0", make.NET), make.entry("storage", make.BLOCK)],
     ['    { "name": "service0", "type": "NET_BASIC" },', '    { "name": "storage", "type": "BLOCK_BASIC" }']),
])
def test_query_manifest_prints_what_solo5s_does(tmp_path, elftool, devices, lines):
    path = binary(tmp_path / "u", make.manifest_note(make.manifest(*devices)))
    result = call(elftool, "query-manifest", path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == ["{", '  "type": "solo5.manifest",', '  "version": 1,', '  "devices": [', *lines,
                                          "  ]", "}"]


@NAMES
@pytest.mark.parametrize("target, version, name", [
    (1, 2, "hvt"), (2, 2, "spt"), (3, 1, "virtio"), (4, 4, "muen"), (5, 1, "genode"), (6, 1, "xen"), (0, 0, "unknown"),
    (7, 2, "unknown"), (1, 2**32 - 1, "hvt"),
])
def test_query_abi_prints_what_solo5s_does(tmp_path, elftool, target, version, name):
    path = binary(tmp_path / "u", make.abi_note(target, version))
    result = call(elftool, "query-abi", path)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f'{{\n  "type": "solo5.abi",\n  "target": "{name}",\n  "version": {version}\n}}\n'


def compiled(tmp_path, source):
    """An executable's bytes with the note that the C source becomes, compiled with nothing of ours in reach."""
    (tmp_path / "m.c").write_text(source)
    subprocess.run(["cc", "-std=c11", "-ffreestanding", "-Wall", "-Wextra", "-Werror", "-c", "m.c"], check=True,
                   cwd=tmp_path, timeout=60)
    subprocess.run(["objcopy", "-O", "binary", "--only-section=.note.solo5.manifest", "m.o", "note"], check=True,
                   cwd=tmp_path, timeout=60)
    return binary(tmp_path / "u", (tmp_path / "note").read_bytes())


@NAMES
@pytest.mark.parametrize("devices", [[], [NET], [BLOCK, NET], [PCI, NET, DMA],
                                     [{"name": f"n{i}", "type": "NET_BASIC"} for i in range(63)]],
                         ids=["none", "one", "two", "ours", "63"])
def test_a_manifest_survives_the_way_through_a_binary(tmp_path, elftool, devices):
    document = {**HEAD, "devices": devices}
    made = call(elftool, "gen-manifest", "-", "-", stdin=json.dumps(document))
    assert made.returncode == 0, made.stderr
    result = call(elftool, "query-manifest", compiled(tmp_path, made.stdout))
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == document


def test_gen_manifest_writes_a_file(tmp_path):
    source, out = tmp_path / "manifest.json", tmp_path / "manifest.c"
    source.write_text(json.dumps({**HEAD, "devices": [NET]}))
    result = tool("gen-manifest", source, out)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert out.read_text() == tool("gen-manifest", source, "-").stdout


@pytest.mark.parametrize("name", ["hello", "echo"])
def test_query_our_unikernels(name):
    path = harness.unikernel(name, "hvt")
    assert json.loads(tool("query-abi", path).stdout) == {"type": "solo5.abi", "target": "hvt", "version": 2}
    devices = json.loads(tool("query-manifest", path).stdout)["devices"]
    assert {device["type"] for device in devices} == (set() if name == "hello" else {"PCI_BASIC", "DMA_BASIC"})


# ---- refused ----

@pytest.mark.parametrize("document, says", [
    pytest.param({**HEAD, "devices": [{"name": f"n{i}", "type": "NET_BASIC"} for i in range(64)]},
                 "too many entries, maximum 63", id="64 devices"),
    pytest.param({**HEAD, "devices": [NET], "more": 1}, "Unexpected key: more", id="unknown key"),
    pytest.param({**HEAD, "devices": [{**NET, "mtu": 1500}]}, "Unexpected key: mtu", id="unknown key of a device"),
    pytest.param({"version": 1, "devices": []}, "type", id="no type"),
    pytest.param({"type": "solo5.manifest", "devices": []}, "version", id="no version"),
    pytest.param(HEAD, "devices", id="no devices"),
    pytest.param({**HEAD, "devices": [{"name": "a"}]}, "type", id="device without type"),
    pytest.param({**HEAD, "devices": [{"type": "NET_BASIC"}]}, "name", id="device without name"),
    pytest.param({**HEAD, "type": "solo5.abi", "devices": []}, "type", id="wrong type"),
    pytest.param({**HEAD, "version": 2, "devices": []}, "version", id="wrong version"),
    pytest.param({**HEAD, "devices": [{**NET, "type": "NET"}]}, "NET", id="unknown device type"),
    pytest.param({**HEAD, "devices": [{**NET, "type": "RESERVED_FIRST"}]}, "RESERVED_FIRST", id="reserved type"),
    pytest.param({**HEAD, "devices": [{**NET, "name": ""}]}, "name", id="empty name"),
    pytest.param({**HEAD, "devices": [{**NET, "name": "a b"}]}, "letters and digits", id="name with a blank"),
    pytest.param({**HEAD, "devices": [{**NET, "name": "x" * 68}]}, "longer than 67", id="name too long"),
    pytest.param({**HEAD, "devices": [NET, NET]}, "two devices", id="same name twice"),
    pytest.param({**HEAD, "devices": {}}, "devices", id="devices no array"),
    pytest.param([], "", id="array"),
    pytest.param("nonsense", "", id="string"),
])
def test_gen_manifest_refuses(tmp_path, document, says):
    out = tmp_path / "m.c"
    assert says in refused(tool("gen-manifest", "-", out, stdin=json.dumps(document)))
    assert not out.exists()


@pytest.mark.parametrize("text", ["", "{", "}", "\0", "\x7fELF", "<xml/>", "[" * 5000, "{\"type\": \"solo5.manifest\""])
def test_gen_manifest_refuses_nonsense(tmp_path, text):
    refused(tool("gen-manifest", "-", tmp_path / "m.c", stdin=text))


@pytest.mark.parametrize("query", ["query-manifest", "query-abi"])
@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"#!/bin/sh\n" * 20, make.elf()[:100], make.elf(notes=[]),
                                     make.elf(machine=183), bytes(4096)],
                         ids=["empty", "magic", "script", "truncated", "no notes", "other machine", "zeros"])
def test_query_refuses(tmp_path, query, content):
    path = tmp_path / "u"
    path.write_bytes(content)
    assert str(path) in refused(tool(query, path))


@pytest.mark.parametrize("query, note", [
    ("query-abi", make.manifest_note(make.manifest())),
    ("query-manifest", make.abi_note()),
    ("query-manifest", make.manifest_note(make.manifest(version=2))),
    ("query-manifest", make.manifest_note(make.manifest(make.entry("a", make.NET), count=5))),
    ("query-manifest", make.manifest_note(make.manifest(make.entry('a"', make.NET)))),
])
def test_query_refuses_a_binary_without_the_right_note(tmp_path, query, note):
    refused(tool(query, binary(tmp_path / "u", note)))


@pytest.mark.parametrize("args", [["query-abi", "/nonexistent/u"], ["query-manifest", "/"],
                                  ["gen-manifest", "/nonexistent/m.json", "-"], ["gen-manifest", "/", "-"]])
def test_a_file_that_is_none(args):
    refused(tool(*args))


def test_output_that_cannot_be_written():
    document = json.dumps({**HEAD, "devices": []})
    refused(tool("gen-manifest", "-", "/nonexistent/m.c", stdin=document))
    refused(tool("gen-manifest", "-", "/dev/full", stdin=document))
    with open("/dev/full", "w", encoding="ascii") as full:
        result = subprocess.run([harness.BUILD / "solo5-elftool", "query-abi", harness.unikernel("hello", "hvt")],
                                stdout=full, stderr=subprocess.PIPE, text=True, timeout=20, check=False)
    assert result.returncode == 1 and "cannot be written" in result.stderr


@NAMES
@pytest.mark.parametrize("args", [[], ["help"], ["query"], ["gen-manifest"], ["gen-manifest", "a"],
                                  ["gen-manifest", "a", "b", "c"], ["query-abi"], ["query-abi", "a", "b"],
                                  ["query-manifest"], ["query-manifest", "a", "b"], ["--query-abi", "a"]])
def test_misuse_says_how_it_is_used(elftool, args):
    result = call(elftool, *args)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("usage: solo5-elftool COMMAND ...")
