# SPDX-License-Identifier: ISC
"""The tree, installed into a folder of its own, and commands that must succeed with it."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402


def call(*argv, cwd, **env):
    done = subprocess.run([str(a) for a in argv], cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True,
                          timeout=120, check=False)
    assert done.returncode == 0, (argv, done.stdout, done.stderr)
    return done.stdout


def install(tmp_path_factory):
    """What has been built, installed: the folder that stands for /."""
    if not shutil.which("meson"):
        pytest.skip("meson is missing")
    root = tmp_path_factory.mktemp("destdir")
    call("meson", "install", "--no-rebuild", "-C", harness.BUILD, DESTDIR=str(root), cwd=root)
    return root
