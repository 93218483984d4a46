# SPDX-License-Identifier: ISC
"""What the README shows is what works: its unikernel compiles, its manifest is one, its files exist."""
import platform
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import harness  # noqa: E402

README = (ROOT / "README.md").read_text()


def block(language):
    found = re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return found[0]


def test_the_unikernel_compiles(tmp_path):
    (tmp_path / "reflect.c").write_text(block("c"))
    folders = [ROOT / "include", ROOT / "include/arch" / platform.machine()]
    done = subprocess.run(["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *[f"-I{f}" for f in folders],
                           tmp_path / "reflect.c"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_the_manifest_is_one(tmp_path):
    (tmp_path / "manifest.json").write_text(block("json"))
    done = subprocess.run([harness.PENSTOCK, "manifest", tmp_path / "manifest.json", "-o", tmp_path / "manifest.c"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "manifest.c").stat().st_size > 0


def test_what_it_names_is_there():
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / link).exists(), link
    for path in re.findall(r"\bbuild/([\w./-]+)", README):
        assert (harness.BUILD / path.rstrip(".")).exists(), path
