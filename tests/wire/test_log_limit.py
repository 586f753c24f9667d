from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from wire.log_limit import FORGET_S, MAX_KINDS, LogLimit
from wire.stream_logger import StreamLogger


class Log(logging.Handler):
    """A handler that keeps what it would write."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.limit = LogLimit(clock=lambda: self.now)
        self.addFilter(self.limit)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def log() -> Iterator[Log]:
    handler = Log()
    root = logging.getLogger()
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.INFO)
    yield handler
    root.setLevel(level)
    root.removeHandler(handler)


def test_one_line_a_second_of_a_kind_and_the_next_says_how_many_were_held_back(log: Log) -> None:
    for n in range(1000):
        log.now = n / 400
        logging.getLogger("a").warning("from %s", n)
    log.now = 9.0
    logging.getLogger("a").warning("from %s", 1000)
    assert log.lines == [
        "from 0",
        "from 400 (399 more like it held back)",
        "from 800 (399 more like it held back)",
        "from 1000 (199 more like it held back)",
    ]


def test_other_templates_and_loggers_are_other_kinds(log: Log) -> None:
    for _ in range(3):
        logging.getLogger("a").warning("one %d", 1)
        logging.getLogger("a").warning("two %d", 1)
        logging.getLogger("b").warning("one %d", 1)
    assert len(log.lines) == 3


def test_a_message_put_together_before_is_known_by_its_place(log: Log) -> None:
    for n in range(100):
        logging.getLogger("a").warning(f"packet {n} is 100% bad")
    log.now = 1.0
    for n in range(100):
        logging.getLogger("a").warning(f"packet {n} is 100% bad")
    assert log.lines[0] == "packet 0 is 100% bad"
    assert len(log.lines) == 2


def test_what_somebody_with_a_token_did_is_always_told(log: Log) -> None:
    for n in range(5):
        logging.getLogger("a").info("ended %s", n, extra={"action": "end"})
        logging.getLogger("a").info("ended %s", n, extra={"action": "end"})
    assert log.lines == [f"ended {n}" for n in range(5)]


def test_warnings_that_differ_in_what_came_from_outside_are_one_kind(log: Log) -> None:
    for n in range(150):
        text = f"entry {n} names no stream"
        logging.getLogger("a").warning("set aside: %s", text, extra={"action": "bad_job"})
        logging.getLogger("a").error("%s failed", text, extra={"action": "task_failed"})
    assert log.lines == ["set aside: entry 0 names no stream", "entry 0 names no stream failed"]
    log.now = 1.0
    logging.getLogger("a").warning("set aside: %s", "entry x", extra={"action": "bad_job"})
    assert log.lines[-1] == "set aside: entry x (149 more like it held back)"


def test_each_stream_may_warn_once_a_second(log: Log) -> None:
    for stream in ("cam1", "cam2"):
        for n in range(3):
            logger = StreamLogger(logging.getLogger("a"), stream=stream)
            logger.warning("failed: %d", n, extra={"action": "failed"})
            logger.warning("failed for good", extra={"action": "failed"})
    assert log.lines == [
        "[stream cam1] failed: 0",
        "[stream cam1] failed for good",
        "[stream cam2] failed: 0",
        "[stream cam2] failed for good",
    ]


def test_what_is_remembered_is_bounded_and_so_is_what_is_written(log: Log) -> None:
    for n in range(5000):
        logging.getLogger("a").warning(f"%s {n}", "x")
    assert len(log.lines) <= MAX_KINDS + 1
    assert len(log.limit._kinds) <= MAX_KINDS + 1
    log.now = 5.0
    logging.getLogger("a").warning("another %s", "x")
    assert log.lines[-1] == "another x"


def test_kinds_that_never_come_again_do_not_fill_the_table_for_good(log: Log) -> None:
    for _ in range(2):
        for n in range(MAX_KINDS):
            logging.getLogger("a").info("stream %d", n, extra={"action": "began"})
    log.now = FORGET_S
    del log.lines[:]
    for name in ("x", "y", "z"):
        logging.getLogger("a").info("stream %s", name, extra={"action": "began"})
    assert log.lines == ["stream x", "stream y", "stream z"]


def test_threads_share_the_limit(log: Log) -> None:
    def write() -> None:
        for n in range(200):
            logging.getLogger("a").warning("of a thread %d", n)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(log.lines) == 1
    log.now = 1.0
    write()
    assert log.lines[1:] == ["of a thread 0 (799 more like it held back)"]


async def test_what_callbacks_raise_is_limited_too(log: Log) -> None:
    def fail() -> None:
        raise ValueError("of one packet")

    loop = asyncio.get_running_loop()
    for _ in range(50):
        loop.call_soon(fail)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len([line for line in log.lines if "fail" in line]) == 1


def test_installing_twice_limits_once() -> None:
    script = """
import logging
from wire.log_limit import limit_logs
logging.basicConfig(format="%(message)s")
limit_logs(); limit_logs()
assert len(logging.getLogger().handlers[0].filters) == 1
for n in range(10): logging.warning("flood %d", n)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines() == ["flood 0"]


def test_the_commands_log_is_limited() -> None:
    script = """
import logging
from cli import logs
logs.set_up("info")
for n in range(10): logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr.count("Invalid HTTP request") == 1
