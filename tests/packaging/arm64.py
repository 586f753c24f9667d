"""``python -m tests.packaging.arm64``: asks the package index for wheels for Linux on ARM64.

pip resolves the dependencies of pyproject.toml for each version of Python without installing any.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_GLIBC = range(17, 40)
"""Minor versions of glibc 2 whose wheels are taken; pip's own default ends below OpenVINO's."""

ON_ARM64 = {"platform_machine": "aarch64", "platform_system": "Linux", "sys_platform": "linux"}


def requirements() -> list[Requirement]:
    """Returns the dependencies that a machine with ARM64 installs."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = [Requirement(line) for line in project["dependencies"]]
    return [each for each in found if each.marker is None or each.marker.evaluate(ON_ARM64)]


def wheels(python: str, folder: Path) -> Iterator[str]:
    """Yields the names of the wheels that are no plain Python. Raises CalledProcessError."""
    report = folder / f"{python}.json"
    platforms = [f"--platform=manylinux_2_{minor}_aarch64" for minor in _GLIBC]
    lines = [f"{each.name}{each.specifier}" for each in requirements()]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", f"--target={folder / 'x'}"]
        + [*platforms, "--platform=manylinux2014_aarch64", "--only-binary=:all:"]
        + [f"--python-version={python}", f"--report={report}", *lines],
        check=True,
    )
    for each in json.loads(report.read_text())["install"]:
        name = str(each["download_info"]["url"]).rpartition("/")[2]
        if not name.endswith("-none-any.whl"):
            yield name


def main() -> int:
    """Prints the wheels for each version; 1 where a dependency has none."""
    status = 0
    with tempfile.TemporaryDirectory() as folder:
        for python in PYTHONS:
            print(f"Python {python}:", flush=True)
            try:
                for name in wheels(python, Path(folder)):
                    print(f"  {name}")
            except subprocess.CalledProcessError:
                print("  not to be had; pip has told why")
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
