"""The printed unit: systemd reads it, and it gives the server few rights."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.systemd_unit import CONFIG, unit
from tests.cli.command import sharpcast
from tests.source_tree import ROOT

MAX_EXPOSURE = 3.0
"""Of 10, as systemd-analyze counts: below 3 it calls a unit OK. It is 1.9."""


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    result = sharpcast("systemd")
    assert result.returncode == 0, result.stderr
    found = tmp_path / "sharpcast.service"
    found.write_text(result.stdout)
    return found


def test_systemd_has_nothing_to_say_against_it(path: Path) -> None:
    done = analyze("verify", str(path))
    assert (done.returncode, done.stderr) == (0, "")


def test_it_gives_few_rights(path: Path) -> None:
    done = analyze("security", "--offline=yes", str(path))
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze judges running units alone")
    (exposure,) = re.findall(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert float(exposure) <= MAX_EXPOSURE


def test_it_runs_this_installation_with_the_file(path: Path) -> None:
    text = path.read_text()
    (command,) = re.findall(r"^ExecStart=(\S+) up$", text, re.MULTILINE)
    assert Path(command).is_absolute() and Path(command).name == "sharpcast"
    assert f"EnvironmentFile=-{CONFIG}" in text
    for line in ("DynamicUser=yes", "ProtectSystem=strict", "StateDirectory=sharpcast"):
        assert line in text


@pytest.mark.parametrize(
    ("command", "protect"),
    [
        ("/opt/sharpcast/bin/sharpcast", "yes"),
        ("/home/a/.local/bin/sharpcast", "read-only"),
        ("/root/.local/bin/sharpcast", "read-only"),
    ],
)
def test_an_installation_in_a_home_stays_visible(command: str, protect: str) -> None:
    text = unit(Path(command), Path("/etc/x.env"))
    assert f"ProtectHome={protect}\n" in text
    assert f"ExecStart={command} up\n" in text
    assert "EnvironmentFile=-/etc/x.env\n" in text


@pytest.mark.parametrize(
    ("needed", "protect"),
    [
        (["/opt/venv", "/usr/lib/python3"], "yes"),
        (["/opt/venv", "/home/a/.pyenv/versions/3.11"], "read-only"),
        (["/root/.local/share/uv/python/bin/python3", "/usr"], "read-only"),
        (["/homes/a", "/rooted/b", "/opt/home"], "yes"),
    ],
)
def test_an_interpreter_in_a_home_stays_visible_too(needed: list[str], protect: str) -> None:
    text = unit(
        Path("/opt/venv/bin/sharpcast"), Path("/etc/x.env"), [Path(each) for each in needed]
    )
    assert f"ProtectHome={protect}\n" in text


def test_what_runs_now_decides_for_its_own_unit() -> None:
    files = (Path(sys.executable).resolve(), Path(sys.base_prefix).resolve(), ROOT)
    is_at_home = any(path.parts[1] in ("home", "root") for path in files)
    expected = "read-only" if is_at_home else "yes"
    assert f"ProtectHome={expected}\n" in sharpcast("systemd").stdout
