"""The lines of the log: JSON that collectors read, and text for people."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from wire.log_lines import JsonLines, is_json, lines, plain_lines
from wire.stream_logger import StreamLogger

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def record(message: str, *values: object, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord("app.hub", logging.WARNING, "hub.py", 7, message, values, None)
    made.__dict__.update(more)
    return made


def fields(message: str, *values: object, **more: Any) -> Mapping[str, Any]:
    line = JsonLines().format(record(message, *values, **more))
    assert "\n" not in line and line.isascii()
    found: Mapping[str, Any] = json.loads(line)
    return found


def test_a_line_has_time_level_logger_message_and_process() -> None:
    found = fields("took %d of %s", 3, "them")
    assert found.keys() == {"time", "level", "logger", "message", "process"}
    assert re.fullmatch(TIME, found["time"])
    assert (found["level"], found["logger"]) == ("warning", "app.hub")
    assert found["message"] == "took 3 of them"
    assert isinstance(found["process"], int)


def test_the_time_is_that_of_the_record_in_utc() -> None:
    assert fields("x", created=1_700_000_000.1234)["time"] == "2023-11-14T22:13:20.123Z"
    assert fields("x", created=1_700_000_000.0)["time"] == "2023-11-14T22:13:20.000Z"


def test_stream_session_and_action_are_fields_and_not_in_the_message() -> None:
    names = {"stream": "cam1", "session": "1a2b", "rendition": "enhanced"}
    adapter = StreamLogger(logging.getLogger("app.hub"), **names)
    message, extra = adapter.process("began", {"extra": {"action": "begin"}})
    found = fields(message, **extra["extra"])
    assert found["message"] == "began"
    assert {name: found[name] for name in (*names, "action")} == {**names, "action": "begin"}


def test_names_that_are_empty_are_left_out() -> None:
    adapter = StreamLogger(logging.getLogger("app.hub"), stream="cam1")
    message, extra = adapter.process("began", {})
    found = fields(message, **extra["extra"])
    assert (found["message"], found["stream"]) == ("began", "cam1")
    assert "session" not in found and "action" not in found


def test_attributes_that_nobody_meant_for_the_log_stay_out_of_it() -> None:
    assert "secret" not in json.dumps(fields("x", token="secret", password="secret"))


@pytest.mark.parametrize(
    "text", ["two\nlines", '"quoted"', "ümlaut \u2028", "\ud800", "\x00\x1b[31m"]
)
def test_whatever_the_message_is_it_is_one_line_of_json(text: str) -> None:
    assert fields("%s", text)["message"] == text


def test_an_exception_is_a_field() -> None:
    try:
        raise ValueError("no\nway")
    except ValueError:
        found = fields("it failed", exc_info=sys.exc_info())
    assert found["message"] == "it failed"
    assert found["exception"].startswith("Traceback")
    assert "ValueError: no\nway" in found["exception"]
    assert "exception" not in fields("x", exc_info=(None, None, None))


def test_forms_have_their_formatters() -> None:
    assert isinstance(lines("json"), JsonLines)
    assert not isinstance(lines("text"), JsonLines)
    line = plain_lines().format(record("took %d", 3))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} WARNING app\.hub: took 3", line)


def test_a_process_knows_whether_it_logs_json() -> None:
    assert not is_json()
    handler = logging.NullHandler()
    handler.setFormatter(JsonLines())
    logging.getLogger().addHandler(handler)
    try:
        assert is_json()
    finally:
        logging.getLogger().removeHandler(handler)


def said(program: str) -> list[dict[str, Any]]:
    """What a process that logs JSON writes to stderr, line by line."""
    ended = subprocess.run(
        [sys.executable, "-c", f"from cli import logs\nlogs.set_up('info', 'json')\n{program}"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.stdout == ""
    return [json.loads(line) for line in ended.stderr.splitlines()]


def test_what_is_uncaught_is_a_line_too() -> None:
    (line,) = said("def f():\n    raise OSError('gone')\nf()")
    assert (line["level"], line["action"]) == ("critical", "uncaught")
    assert line["message"] == "uncaught OSError"
    assert "OSError: gone" in line["exception"]


def test_what_a_thread_raises_is_a_line_too() -> None:
    program = "import threading\ndef f():\n    raise OSError('gone')\n"
    program += "t = threading.Thread(target=f); t.start(); t.join()"
    (line,) = said(program)
    assert "OSError: gone" in line["exception"]


def test_warnings_are_lines_too() -> None:
    (line,) = said("import warnings\nwarnings.warn('old way', stacklevel=1)")
    assert (line["level"], line["logger"]) == ("warning", "py.warnings")
    assert "old way" in line["message"]


def test_an_interrupt_is_no_fault() -> None:
    assert said("raise KeyboardInterrupt") == []
