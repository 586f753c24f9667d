"""The wheel holds all that runs, nothing else, and works from an empty folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.server import environment, free_port
from benchmarks.waiting import until
from tests.cli.command import Process, get
from tests.packaging.wheel import ROOT, build, install, tracked

PACKAGES = ("app", "benchmarks", "cli", "media", "models", "static", "wire", "workers")
MAX_MIB = 8.0
"""4.2 MiB in version 0.1.0, three quarters of it weights."""

NOT_FOR_USERS = {
    "models/zoo/README.md",
    "wire/PROTOCOL.md",
    "static/tsconfig.json",
    "benchmarks/gpu_check/install.sh",
}
"""Files beside the code that no program of the wheel opens; they may be in it or not."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_every_file_of_the_packages_is_in_it(names: set[str]) -> None:
    missing = set(tracked(*PACKAGES)) - names - NOT_FOR_USERS
    assert missing == set()


def test_pages_weights_and_tables_are_in_it(names: set[str]) -> None:
    for name in (
        "static/watch.html",
        "static/js/pages/watch.js",
        "static/css/base.css",
        "models/zoo/live-s/manifest.json",
        "models/zoo/live-s/int8.onnx",
        "models/zoo/live-l-features/codebook.npz",
        "media/send_sizes.json",
    ):
        assert name in names


def test_nothing_else_is_in_it(names: set[str]) -> None:
    outside = {name for name in names if name.split("/")[0] not in PACKAGES}
    assert all(".dist-info/" in name for name in outside), outside
    assert not any("test_" in name or "__pycache__" in name for name in names)


def test_it_is_small_and_has_the_command_and_the_licence(wheel: Path, names: set[str]) -> None:
    assert wheel.stat().st_size / 2**20 < MAX_MIB
    with zipfile.ZipFile(wheel) as archive:
        (entry,) = [name for name in names if name.endswith("/entry_points.txt")]
        assert "sharpcast = cli.main:main" in archive.read(entry).decode()
        (about,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        text = archive.read(about).decode()
    assert "License-Expression: Apache-2.0" in text
    assert any(name.endswith("LICENSE") for name in names)


def test_the_image_is_built_from_every_package() -> None:
    """Docker copies only what .dockerignore lets through."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_through = {line[1:] for line in lines if line.startswith("!")}
    needed = {*PACKAGES, "pyproject.toml", "README.md", "LICENSE", "constraints.txt"}
    assert needed <= let_through


def test_the_sdist_builds_the_same_wheel(tmp_path: Path, names: set[str]) -> None:
    sdist = build(tmp_path, "sdist")
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert {name for name in names if ".dist-info/" not in name} <= held
    assert {"pyproject.toml", "README.md", "LICENSE"} <= held


@pytest.fixture
def start(wheel: Path, tmp_path: Path) -> Iterator[Callable[[list[str]], tuple[Process, int]]]:
    """Starts the installed ``sharpcast up`` in an empty folder, in an empty home."""
    python = install(wheel, tmp_path / "venv")
    home, empty = tmp_path / "home", tmp_path / "empty"
    home.mkdir()
    empty.mkdir()
    running: list[Process] = []

    def run(before: list[str]) -> tuple[Process, int]:
        port = free_port()
        variables = environment(http_port=str(port)) | {"HOME": str(home), "TMPDIR": str(empty)}
        for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "PYTHONPATH"):
            variables.pop(name, None)
        command = ["env", "-C", str(empty), *before, str(python.parent / "sharpcast"), "up"]
        running.append(Process(tmp_path, "up", command, variables))
        return running[0], port

    yield run
    for process in running:
        process.kill()


def is_ready(process: Process, port: int) -> bool:
    assert process.popen.poll() is None, process.text
    try:
        return bool(get(f"http://127.0.0.1:{port}/readyz")["workers"])
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.timeout(240)
def test_it_serves_from_an_empty_folder(
    start: Callable[[list[str]], tuple[Process, int]], tmp_path: Path
) -> None:
    # A folder of the user's that is named as one of our packages must not take its place.
    for name in ("models", "workers", "app"):
        (tmp_path / "empty" / name).mkdir(parents=True)
        (tmp_path / "empty" / name / "__init__.py").write_text("raise SystemExit('not this one')")
    process, port = start([])
    until("a worker", lambda: is_ready(process, port), 120.0)
    base = f"http://127.0.0.1:{port}"
    about = get(f"{base}/api/v1/models")
    assert "live-s" in {model["name"] for model in about["models"]}
    assert process.end(timeout_s=30.0) == 0
    assert "Traceback" not in process.text
    assert "not this one" not in process.text


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.timeout(240)
def test_it_compiles_its_loops_where_its_own_folder_is_read_only(
    start: Callable[[list[str]], tuple[Process, int]], tmp_path: Path
) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("a folder that root cannot write to needs a namespace of mounts, and so root")
    venv = tmp_path / "venv"
    mounts = f"mount --bind {venv} {venv} && mount -o remount,bind,ro {venv}"
    probe = ["unshare", "-m", "sh", "-c", f"{mounts} && ! touch {venv}/x 2>/dev/null"]
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount")
    process, port = start(["unshare", "-m", "sh", "-c", f'{mounts} && exec "$@"', "sh"])
    until("a worker", lambda: is_ready(process, port), 120.0)
    folder = tmp_path / "home" / ".cache" / "sharpcast"
    until("a place for compiled loops", lambda: any(folder.glob("loops-*")), 60.0)
    assert process.end(timeout_s=30.0) == 0
    assert "Traceback" not in process.text
