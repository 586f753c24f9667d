"""Logging of one process; each in a process of its own, since it is set up once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest


def said(level: str, program: str) -> list[str]:
    """Lines on stderr."""
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import logging\nfrom cli import logs\nlogs.set_up({level!r})\n" + program,
        ],
        cwd=Path(__file__).parents[2],
        env={"TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (ended.returncode, ended.stdout) == (0, "")
    return ended.stderr.splitlines()


def test_a_line_has_the_time_in_utc_the_level_the_logger_and_the_message() -> None:
    before = time.time()
    (line,) = said("info", "logging.getLogger('app.hub').info('stream %s', 'cam')")
    match = re.fullmatch(
        r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{3} INFO    app\.hub: stream cam", line
    )
    assert match is not None, line
    said_at = time.mktime(time.strptime(match[1], "%Y-%m-%dT%H:%M:%S")) - time.timezone
    assert before - 2 < said_at < time.time() + 2


@pytest.mark.parametrize(
    ("level", "count"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)]
)
def test_what_is_below_the_level_is_not_said(level: str, count: int) -> None:
    program = "for n in (10, 20, 30, 40): logging.getLogger(f'x{n}').log(n, 'word')"
    assert len(said(level, program)) == count


@pytest.mark.parametrize(("level", "expected"), [("debug", 1), ("info", 1), ("error", 0)])
@pytest.mark.parametrize("name", ["aiortc.rtp", "httpx", "httpcore.http11"])
def test_libraries_that_say_much_are_heard_from_a_warning_on(
    level: str, expected: int, name: str
) -> None:
    program = (
        f"logging.getLogger({name!r}).info('much')\nlogging.getLogger({name!r}).warning('little')"
    )
    assert len(said(level, program)) == expected


def test_handlers_of_others_are_replaced() -> None:
    lines = said("info", "logs.set_up('info')\nlogging.getLogger('x').info('once')")
    assert len(lines) == 1


def test_who_repeats_himself_is_quietened() -> None:
    program = "for n in range(1000): logging.getLogger('x').warning('again %d', n)"
    assert 1 <= len(said("info", program)) < 10


def test_json_is_one_object_a_line_and_limited_alike() -> None:
    program = "logs.set_up('info', 'json')\n"
    program += "for n in range(1000): logging.getLogger('x').warning('again %d', n)"
    found = [json.loads(line) for line in said("info", program)]
    assert 1 <= len(found) < 10
    assert found[0].items() >= {"level": "warning", "logger": "x", "message": "again 0"}.items()


def test_the_lines_of_the_web_server_are_ours() -> None:
    program = (
        "import uvicorn\n"
        "logs.set_up('info', 'json')\n"
        "uvicorn.Config('x:y', log_config=None, log_level='warning').configure_logging()\n"
        "logging.getLogger('uvicorn.error').warning('Invalid HTTP request received.')"
    )
    (line,) = map(json.loads, said("info", program))
    assert (line["logger"], line["message"]) == ("uvicorn.error", "Invalid HTTP request received.")
