"""Every command that the documentation shows exists, with its options and what it names."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.commands import CHECKS, EXTERNAL, OF_SPANS, fault
from tests.shell_lines import Line, lines, split
from tests.source_tree import ROOT

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if path.name != "CHANGELOG.md"  # speaks of earlier versions
)

STARTED = {
    "sharpcast systemd": "ExecStart=",
    "sharpcast doctor --json": '"status"',
    "sharpcast monitoring --out {folder} --target 127.0.0.1:8080": "",
    "sharpcast bench --help": "--quick",
    "sharpcast --help": "publish",
}
"""Commands that change nothing and are run, with what they print."""


def commands(page: str) -> list[Line]:
    """The commands of a page: all of its blocks, and of spans those that begin as one."""
    found = lines(page, (ROOT / page).read_text())
    return [each for each in found if each.is_block or each.program in OF_SPANS]


def typed(text: str) -> Line:
    (line,) = split("x.md", text, is_block=True)
    return line


@pytest.mark.parametrize("page", PAGES)
def test_commands_of_a_page_exist(page: str) -> None:
    faults = [f"{line}: {lack}" for line in commands(page) if (lack := fault(line))]
    assert faults == []


def test_pages_show_the_commands_that_matter() -> None:
    shown = [line for page in PAGES for line in commands(page) if line.is_block]
    words = {" ".join([line.program, *line.arguments[:1]]) for line in shown}
    assert {"make run", "sharpcast publish", "sharpcast up", "sharpcast systemd"} <= words
    assert len(shown) > 30


def test_every_program_that_is_left_out_is_shown_and_has_a_reason() -> None:
    assert all(EXTERNAL.values())
    assert EXTERNAL.keys() & CHECKS.keys() == set()
    text = "\n".join((ROOT / page).read_text() for page in PAGES)
    assert [program for program in EXTERNAL if program not in text] == []


@pytest.mark.parametrize("command", STARTED)
def test_harmless_commands_run(command: str, tmp_path: Path) -> None:
    words = shlex.split(command.format(folder=tmp_path / "out"))
    result = CliRunner().invoke(app, words[1:])
    # 1: the doctor found something on this machine.
    assert result.exit_code in ((0, 1) if words[1] == "doctor" else (0,)), result.output
    assert STARTED[command] in result.stdout
    if "--json" in words:
        assert json.loads(result.stdout)


def test_the_help_of_every_command_that_is_shown_can_be_read() -> None:
    used = [line for page in PAGES for line in commands(page) if line.program == "sharpcast"]
    for name in sorted({line.arguments[0] for line in used if line.arguments}):
        assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0, name


@pytest.mark.parametrize(
    "command",
    [
        "sharpcast fly",
        "sharpcast",
        "sharpcast up --no-such-option",
        "sharpcast publish FILE --url",
        "sharpcast push STREAM",
        "sharpcast join HOST:1 too many words",
        "sharpcast keys lend ID",
        "sharpcast keys revoke ID --ends",
        "sharpcast keys rotate ID --grace-minutes soon",
        "sharpcast bench tea",
        "sharpcast bench --quickly",
        "sharpcast --version",
        "SHARPCAST_NOTHING=1 sharpcast up",
        "make tea",
        "make bench-quality NOTHING=--quick",
        "make bench-quality QUALITY=--quickly",
        "python -m nothing",
        "python -m benchmarks.sending --nothing",
        "python -m pytest tests/gone.py",
        "pip install sharpcast[nothing]",
        "pip install sharpcast-9.9.9-py3-none-any.whl",
        "docker compose --profile nothing up",
        "docker compose up --scale nothing=3",
        "curl http://127.0.0.1:8080/api/v1/nothing",
        "http://127.0.0.1:8080/nothing",
        "benchmarks/gone.sh .venv",
        "unheard-of --help",
    ],
)
def test_faults_are_found(command: str) -> None:
    assert fault(typed(command)) != ""


@pytest.mark.parametrize(
    "command",
    [
        "sharpcast enhance IN OUT",
        "sharpcast keys rotate ID --grace-minutes MINUTES",
        "sharpcast push --help",
        "sharpcast bench live --seconds 20",
        "make coverage TESTS=tests/wire",
        "python -m venv .venv",
        "pip install -e .[torch]",
        "curl -s http://127.0.0.1:8080/api/v1/streams?limit=3",
        "curl http://127.0.0.1:8080/broadcast",
        "SHARPCAST_HTTP_PORT=1 sharpcast up",
    ],
)
def test_what_exists_is_taken(command: str) -> None:
    assert fault(typed(command)) == ""


def test_a_span_may_leave_arguments_out_but_not_invent_options() -> None:
    (line,) = lines("x.md", "`sharpcast publish --size auto`")
    assert fault(line) == ""
    (line,) = lines("x.md", "`sharpcast publish --sizes auto`")
    assert fault(line) != ""
