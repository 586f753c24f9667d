"""Builds the wheel and the sdist of the tracked files, and installs it beside this interpreter."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def tracked(*paths: str) -> list[str]:
    """Files of the project below these paths; the test is skipped where git does not know them."""
    done = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *paths],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 or not done.stdout:
        pytest.skip("the files of the project are known by git alone, and this is no checkout")
    return [each for each in done.stdout.splitlines() if (ROOT / each).exists()]


def build(folder: Path, kind: str) -> Path:
    """Builds a ``wheel`` or an ``sdist`` of a copy of the checkout, as ``python -m build`` does."""
    pytest.importorskip("setuptools", minversion="77")
    source, out = folder / "source", folder / "dist"
    for name in tracked():
        if not name.startswith(("tests/data/", "docs/")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    out.mkdir()
    program = f"""
        from setuptools import build_meta
        print(build_meta.build_{kind}({str(out)!r}))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=source,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return out / done.stdout.split()[-1]


def install(wheel: Path, folder: Path) -> Path:
    """Installs a wheel into a new environment, with this one's dependencies; the new Python.

    No registry is asked: the packages of this environment are seen by a path of the new one.
    """
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=110)
    python = folder / "bin" / "python"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    place = folder / "lib" / version / "site-packages"
    # Their own .pth files are not read there, and so not the one that leads to the checkout.
    (place / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-deps", "--ignore-installed", wheel],
        check=True,
        timeout=110,
    )
    return python
