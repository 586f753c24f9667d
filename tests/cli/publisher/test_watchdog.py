"""The parent of a publisher: what it asks the server, and the alarm clock of its child."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.publisher import watchdog
from cli.publisher.server_query import server_address
from cli.publisher.watchdog import watching
from tests.cli.publisher.http_server import answering

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://h:1/whip/a", "http://h:1/api/v1/server"),
        ("http://h/whip/a/", "http://h/api/v1/server"),
        ("https://h/live/whip/a", "https://h/live/api/v1/server"),
        ("https://[::1]:8/whip/a?x=1", "https://[::1]:8/api/v1/server"),
        ("http://h/whip/", ""),
        ("http://h/whip", ""),
        ("http://h/other/a", ""),
        ("http://h/", ""),
        ("rtmp://h/whip/a", ""),
        ("", ""),
    ],
)
def test_only_addresses_of_our_form_have_a_server_to_query_run(url: str, address: str) -> None:
    assert server_address(url) == address


@pytest.mark.parametrize(
    ("status", "body", "run"),
    [
        (200, b'{"instance": "1a2b", "version": "0.1.0"}', "1a2b"),
        (200, b'{"version": "0.1.0"}', ""),
        (200, b"[]", ""),
        (200, b'"text"', ""),
        (200, b"", ""),
        (200, b"{", ""),
        (200, b"\xff\xfe", ""),
        (200, b"[" * 60_000, ""),
        (404, b'{"instance": "1a2b"}', ""),
        (503, b"", ""),
    ],
)
def test_whatever_a_server_answers_is_a_run_or_none(status: int, body: bytes, run: str) -> None:
    with answering(status, body) as server:
        assert watchdog._query_run(f"{server.url}/api/v1/server") == run


def test_an_answer_without_an_end_is_read_to_a_limit_only() -> None:
    with answering(200, b'{"instance": "' + b"x" * 10**6 + b'"}') as server:
        assert watchdog._query_run(f"{server.url}/api/v1/server") == ""


def test_no_address_and_no_listener_are_no_run() -> None:
    assert watchdog._query_run("") == ""
    assert watchdog._query_run("http://127.0.0.1:9/api/v1/server") == ""


def test_a_pipe_speaks_once_the_child_has() -> None:
    ear, mouth = os.pipe()
    try:
        os.set_blocking(ear, False)
        assert not watchdog._word(ear)
        watchdog.Attempt(None, mouth).is_live()
        assert watchdog._word(ear) == b"!"
        watchdog.Attempt(None, mouth).is_live(is_endless=True)
        assert watchdog._word(ear) == b"~"
        assert not watchdog._word(ear)
        os.close(mouth)
        mouth = -1
        assert not watchdog._word(ear)
    finally:
        os.close(ear)
        if mouth >= 0:
            os.close(mouth)


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30
    )


def test_a_block_that_does_not_end_ends_its_process() -> None:
    """Also where no thread of Python runs any more, as while FFmpeg holds its lock."""
    began = time.monotonic()
    ended = run(
        "import ctypes, time\n"
        "from cli.publisher.watchdog import watching\n"
        "with watching(0.2):\n"
        "    ctypes.PyDLL(None).sleep(20)\n"
    )
    assert ended.returncode == -signal.SIGALRM
    assert time.monotonic() - began < 15


def test_after_a_block_in_time_nothing_rings() -> None:
    ended = run(
        "import time\n"
        "from cli.publisher.watchdog import watching\n"
        "with watching(0.2):\n"
        "    pass\n"
        "time.sleep(0.5)\n"
        "try:\n"
        "    with watching(0.2):\n"
        "        raise ValueError\n"
        "except ValueError:\n"
        "    time.sleep(0.5)\n"
        "print('alive')\n"
    )
    assert (ended.returncode, ended.stdout) == (0, "alive\n"), ended.stderr


def test_a_block_is_given_three_seconds_where_nothing_is_said() -> None:
    before = signal.signal(signal.SIGALRM, lambda number, frame: None)
    try:
        with watching():
            left_s, _ = signal.getitimer(signal.ITIMER_REAL)
            assert 2.0 < left_s <= watchdog.PATIENCE_S
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0
    finally:
        signal.signal(signal.SIGALRM, before)


PARENT = """
import os, sys, time
import typer
from cli.publisher.watchdog import become_child
try:
    attempt = become_child(sys.argv[1], float(sys.argv[2]) or None)
except typer.Exit as end:
    sys.exit(end.exit_code)
{child}
"""


def publisher(child: str, url: str = "", duration_s: float = 0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PARENT.format(child=child), url, str(duration_s)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=40,
    )


@pytest.mark.parametrize("status", [0, 1, 2, 100])
def test_the_parent_leaves_with_the_status_of_its_child(status: int) -> None:
    ended = publisher(f"os._exit({status})")
    assert (ended.returncode, ended.stderr) == (status, "")


def test_before_a_session_stood_a_failure_that_may_pass_is_final() -> None:
    ended = publisher("print(os.getppid()); sys.stdout.flush(); os._exit(75)")
    assert len(ended.stdout.split()) == 1, "one child only"
    assert (ended.returncode, ended.stderr) == (1, "")


def test_a_child_that_rang_before_its_session_stood_is_told_in_a_sentence() -> None:
    ended = publisher("os.kill(os.getpid(), 14); time.sleep(9)")
    assert "The server ended the session, or does not answer any more." in ended.stderr


def test_a_session_that_the_same_run_of_the_server_ended_is_told_as_ended_and_no_more() -> None:
    with answering(200, b'{"instance": "one"}') as server:
        ended = publisher(
            "attempt.is_live(); time.sleep(0.5); os._exit(75)", f"{server.url}/whip/a"
        )
    assert ended.returncode != 0
    assert "most likely an operator ended the stream" in ended.stderr
    assert "goes on" not in ended.stderr


@pytest.mark.parametrize("is_endless", [True, False])
def test_the_next_child_knows_that_the_source_was_live(is_endless: bool) -> None:
    """Also after a session so short that the parent had not looked for it."""
    ended = publisher(
        "if attempt.is_again:\n"
        "    print(attempt.is_endless, flush=True)\n"
        "    os._exit(0)\n"
        f"attempt.is_live(is_endless={is_endless})\n"
        "os._exit(66)"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{is_endless}\n", "")


def test_a_session_with_a_server_of_another_make_is_told_to_have_ended() -> None:
    ended = publisher("attempt.is_live(); time.sleep(0.5); os._exit(75)", "http://127.0.0.1:9/a")
    assert "The server ended the session, or does not answer any more." in ended.stderr


def test_where_the_server_runs_anew_another_child_goes_on_with_what_is_left_of_the_time() -> None:
    child = (
        "attempt.is_live()\n"
        "print(round(attempt.duration_s, 1), flush=True)\n"
        "time.sleep(1.5)\n"
        "os._exit(75 if attempt.duration_s > 29 else 0)"
    )
    with answering(200, b'{"instance": "one"}') as server:
        import threading

        timer = threading.Timer(0.9, lambda: setattr(server, "body", b'{"instance": "two"}'))
        timer.start()
        ended = publisher(child, f"{server.url}/whip/a", 30)
        timer.join()
    first, second = (float(word) for word in ended.stdout.split())
    assert first == 30.0 and 5 < second < 29.5
    assert "it goes on when the server is back" in ended.stderr
