# SPDX-License-Identifier: ISC
"""Unikernels built elsewhere, with what is installed: by Solo5's wrappers without a libc, and by pkg-config over musl."""
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402
from installing import call, install  # noqa: E402

TRIPLE = "x86_64-solo5-none-static"
HVT = pytest.param("hvt", marks=pytest.mark.skipif(harness.kvm_missing() is not None, reason=harness.kvm_missing() or ""))
TARGETS = pytest.mark.parametrize("target", [HVT, "spt"])
MANIFEST = '{ "type": "solo5.manifest", "version": 1, "devices": [] }'

# As a unikernel for Solo5 is written: solo5.h and nothing else, its own memcpy among it.
HELLO = r"""
#include "solo5.h"

void *memcpy(void *to, const void *from, size_t size);
void *memcpy(void *to, const void *from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((char *)to)[i] = ((const char *)from)[i] == '*' ? '!' : ((const char *)from)[i];
    return to;
}

static size_t length(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

static void puts(const char *s)
{
    solo5_console_write(s, length(s));
}

static void scribble(volatile char *at, int n)
{
    while (n--)
        *at++ = 'x';
}

static void overflow(int n)
{
    char room[16];

    scribble(room, n);
}

int solo5_app_main(const struct solo5_start_info *si)
{
    char text[8];

    memcpy(text, "Hello*\n", 8);
    puts(text);
    if (si->heap_start % 4096 != 0 || si->heap_size == 0)
        return SOLO5_EXIT_ABORT;
    if (solo5_clock_monotonic() > solo5_clock_monotonic())
        return SOLO5_EXIT_FAILURE;
    puts(si->cmdline);
    puts("\n");
    overflow(si->cmdline[0] == 'o' ? 64 : 8);
    return si->cmdline[0] == '7' ? 7 : SOLO5_EXIT_SUCCESS;
}
"""

MUSL = r"""
#include <penstock/pci.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int solo5_app_main(const struct solo5_start_info *info)
{
    char *copy = malloc(strlen(info->cmdline) + 1);

    strcpy(copy, info->cmdline);
    printf("%s %d %.2f\n", copy, 42, 1.5);
    free(copy);
    return 3;
}
"""


class Tree:
    """What a build system sees: where the tools are, and one way to call them."""

    def __init__(self, root, tools):
        self.root, self.tools = root, tools

    def tool(self, name):
        return self.tools / f"{TRIPLE}-{name}"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    root = install(tmp_path_factory)
    moved = root.with_name("moved")
    prefix = next(path.parent.parent for path in root.rglob(f"bin/{TRIPLE}-cc"))
    prefix.rename(moved)  # nothing may know where it was installed
    return Tree(moved, moved / "bin")


@pytest.fixture(scope="module", params=["installed", "built"])
def tree(request):
    if request.param == "built":
        return Tree(None, harness.BUILD)
    return request.getfixturevalue("installed")


def make_manifest(tree, folder):
    (folder / "manifest.json").write_text(MANIFEST)
    elftool = (tree.tools if tree.root else harness.BUILD) / "solo5-elftool"
    call(elftool, "gen-manifest", "manifest.json", "manifest.c", cwd=folder)


def run(target, path, *args):
    tender = harness.BUILD / f"penstock-{target}"
    done = subprocess.run([tender, "--mem=16", "--", path, *args], capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout, done.stderr


# ---- Solo5's way ----

@pytest.fixture
def hello(tree, tmp_path):
    """Object files of a unikernel, compiled as Solo5's users do."""
    (tmp_path / "hello.c").write_text(HELLO)
    make_manifest(tree, tmp_path)
    for name in ("hello", "manifest"):
        call(tree.tool("cc"), "-Wall", "-Wextra", "-Werror", "-O2", "-c", f"{name}.c", "-o", f"{name}.o", cwd=tmp_path)
    return tmp_path


@TARGETS
def test_a_unikernel_for_solo5_is_compiled_and_runs(tree, hello, target):
    call(tree.tool("cc"), "-z", f"solo5-abi={target}", "-o", "hello.bin", "hello.o", "manifest.o", cwd=hello)
    assert run(target, hello / "hello.bin", "7", "up") == (7, "Hello!\n7 up\n", "")
    assert run(target, hello / "hello.bin", "a")[0] == 0


@TARGETS
def test_the_linker_alone(tree, hello, target):
    call(tree.tool("ld"), "-z", f"solo5-abi={target}", "-o", "hello.bin", "hello.o", "manifest.o", cwd=hello)
    call(tree.tool("objcopy"), "--strip-all", "hello.bin", "stripped", cwd=hello)
    assert run(target, hello / "stripped", "a") == (0, "Hello!\na\n", "")


@TARGETS
def test_the_stack_protector(tree, hello, target):
    call(tree.tool("cc"), "-z", f"solo5-abi={target}", "-o", "hello.bin", "hello.o", "manifest.o", cwd=hello)
    status, output, _ = run(target, hello / "hello.bin", "overflow")
    assert status == 255 and "Solo5: ABORT: Stack corruption detected" in output


def test_compile_and_link_in_one_go(tree, hello):
    call(tree.tool("cc"), "-z", "solo5-abi=spt", "-O1", "-o", "one", "hello.c", "manifest.c", cwd=hello)
    assert run("spt", hello / "one", "a")[:2] == (0, "Hello!\na\n")


def test_a_manifest_that_solo5s_own_tool_made(tree, hello):
    """Such a source has the number of entries, the header, and an initialiser between two macros."""
    (hello / "manifest.c").write_text("""
#define MFT_ENTRIES 2
#include "mft_abi.h"

MFT1_NOTE_DECLARE_BEGIN
{
  .version = MFT_VERSION, .entries = 2,
  .e = {
    { .name = "", .type = MFT_RESERVED_FIRST },
    { .name = "service0", .type = MFT_DEV_NET_BASIC },
  }
}
MFT1_NOTE_DECLARE_END
""")
    call(tree.tool("cc"), "-z", "solo5-abi=hvt", "-Wall", "-Wextra", "-Werror", "-o", "hello.bin", "hello.o", "manifest.c",
         cwd=hello)
    queried = call(harness.BUILD / "solo5-elftool", "query-manifest", "hello.bin", cwd=hello)
    assert '{ "name": "service0", "type": "NET_BASIC" }' in queried
    assert '"hvt"' in call(harness.BUILD / "solo5-elftool", "query-abi", "hello.bin", cwd=hello)


def test_configure_scripts_can_link(tree, tmp_path):
    """Without solo5-abi: what there is can be told from what is not, and the result is nobody's unikernel."""
    (tmp_path / "there.c").write_text('#include <solo5.h>\nint main(void) { solo5_console_write("", 0); return 0; }\n')
    (tmp_path / "not.c").write_text("void socket(void); int main(void) { socket(); return 0; }\n")
    call(tree.tool("cc"), "-o", "there", "there.c", cwd=tmp_path)
    done = subprocess.run([tree.tool("cc"), "-o", "not", "not.c"], cwd=tmp_path, capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode != 0 and "socket" in done.stderr
    done = subprocess.run([harness.BUILD / "penstock-hvt", tmp_path / "there"], capture_output=True, text=True, timeout=20,
                          check=False)
    assert done.returncode == 1 and "executable" in done.stderr


def test_the_hosts_headers_are_out_of_reach(tree, tmp_path):
    (tmp_path / "a.c").write_text("#include <stdio.h>\n")
    done = subprocess.run([tree.tool("cc"), "-c", "a.c"], cwd=tmp_path, capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode != 0 and "stdio.h" in done.stderr


@pytest.mark.parametrize("tool", ["cc", "ld"])
def test_no_such_target(tree, tmp_path, tool):
    done = subprocess.run([tree.tool(tool), "-z", "solo5-abi=xen", "a.o"], cwd=tmp_path, capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 1
    assert re.search(rf"{TRIPLE}-{tool}: -z solo5-abi=xen: there are no such bindings", done.stderr)


def test_the_compiler_answers_for_itself(tree, tmp_path):
    assert "x86_64" in call(tree.tool("cc"), "-dumpmachine", cwd=tmp_path)
    done = subprocess.run([tree.tool("cc")], cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1 and "no input files" in done.stderr


# ---- our way ----

@TARGETS
def test_pkg_config_over_musl(installed, tmp_path, target):
    folder = next(path.parent for path in installed.root.rglob("penstock-hvt.pc"))

    def flags(*what):
        return call("pkg-config", *what, f"penstock-{target}", cwd=tmp_path, PKG_CONFIG_PATH=str(folder)).split()

    (tmp_path / "app.c").write_text(MUSL)
    make_manifest(installed, tmp_path)
    call("cc", *flags("--cflags"), "-O2", "-Wall", "-c", "app.c", "manifest.c", cwd=tmp_path)
    call("cc", "-o", "app", "app.o", "manifest.o", *flags("--libs"), cwd=tmp_path)
    assert run(target, tmp_path / "app", "a", "b") == (3, "a b 42 1.50\n", "")
