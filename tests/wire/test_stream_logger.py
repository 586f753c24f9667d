"""The adapter that names stream and session in log lines."""

from __future__ import annotations

import logging

import pytest

from wire.stream_logger import StreamLogger, session_name

log = logging.getLogger(__name__)


@pytest.fixture(autouse=True)
def _level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_a_line_begins_with_its_stream_and_its_session(caplog: pytest.LogCaptureFixture) -> None:
    StreamLogger(log, stream="cam1", session="1a2b").info("took %d of %s", 3, "them")
    StreamLogger(log, stream="cam1").warning("away")
    StreamLogger(log, session="1a2b").error("gone")
    StreamLogger(log).info("nothing")
    assert [record.getMessage() for record in caplog.records] == [
        "[stream cam1] [session 1a2b] took 3 of them",
        "[stream cam1] away",
        "[session 1a2b] gone",
        "nothing",
    ]


def test_a_rendition_is_named_whole(caplog: pytest.LogCaptureFixture) -> None:
    names = {"stream": "cam1", "session": "1a2b", "rendition": "enhanced-h264"}
    StreamLogger(log, **names).info("leads it", extra={"action": "lead_began"})
    (record,) = caplog.records
    assert record.getMessage() == "[stream cam1] [session 1a2b] [rendition enhanced-h264] leads it"
    assert {name: record.__dict__[name] for name in names} == names


def test_the_record_has_stream_session_and_the_callers_action(
    caplog: pytest.LogCaptureFixture,
) -> None:
    StreamLogger(log, stream="cam1", session="1a2b").info("began", extra={"action": "begin"})
    (record,) = caplog.records
    names = (record.__dict__["stream"], record.__dict__["session"], record.__dict__["action"])
    assert names == ("cam1", "1a2b", "begin")
    assert record.name == __name__
    assert record.funcName.startswith("test_the_record")


def test_a_secret_is_not_written_whole(caplog: pytest.LogCaptureFixture) -> None:
    StreamLogger(log, session="abcdefghij").info("left")
    assert caplog.records[0].getMessage() == "[session abcd] left"
    assert caplog.records[0].__dict__["session"] == "abcd"


def test_an_error_keeps_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError("no")
    except ValueError:
        StreamLogger(log, stream="cam1").exception("failed", extra={"action": "task_failed"})
    assert caplog.records[0].exc_info is not None
    assert caplog.records[0].__dict__["action"] == "task_failed"


def test_epochs_that_differ_by_little_have_other_names() -> None:
    names = [session_name(1_700_000_000_000_000 + n) for n in range(4)]
    assert names == ["4000", "4001", "4002", "4003"]
