"""``sharpcast publish`` against a running ``sharpcast up``."""

from __future__ import annotations

import signal
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.server import free_port
from benchmarks.waiting import until
from tests.cli.clips import make_clip
from tests.cli.command import Process, Up, environment, sharpcast

pytestmark = pytest.mark.e2e


def test_a_pattern_goes_live_and_ends_with_ctrl_c(
    guarded_up: Up, publish: Callable[..., Process]
) -> None:
    url = f"{guarded_up.url}/whip/pattern"
    sender = publish(
        "--test-pattern", "--size", "96x54", "--url", url, "--stamp", publish_token="a-long-word"
    )
    stream = until("the stream", lambda: guarded_up.stream("pattern"))
    assert not stream["audio"]
    until(
        "its size",
        lambda: (guarded_up.stream("pattern") or stream)["source"]["width"] == 96,
    )
    assert "of the monotonic clock" in sender.text
    assert sender.end(signal.SIGINT) == 0
    until("the end", lambda: guarded_up.stream("pattern") is None)
    assert "sent " in sender.text


SIGNALS_INSIDE_THE_HANDLER = """
import signal, sys
from cli.main import main

left = 20

def trace(frame, event, arg):
    global left
    code = getattr(signal.getsignal(signal.SIGTERM), "__code__", None)
    while code is not None and frame is not None and left:
        if frame.f_code is code:
            left -= 1
            signal.raise_signal(signal.SIGTERM)
            break
        frame = frame.f_back
    return trace

sys.settrace(trace)
sys.exit(main())
"""


def test_signals_that_interrupt_the_handler_end_it(guarded_up: Up, tmp_path: Path) -> None:
    """A terminal and a parent may both send one in the same moment."""
    words = ("--test-pattern", "--size", "96x54", "--url", f"{guarded_up.url}/whip/signals")
    command = [sys.executable, "-c", SIGNALS_INSIDE_THE_HANDLER, "publish", *words]
    sender = Process(tmp_path, "signals", command, environment(publish_token="a-long-word"))
    try:
        until("the stream", lambda: guarded_up.stream("signals"))
        assert sender.end(signal.SIGTERM) == 0
    finally:
        sender.kill()


def test_whoever_takes_the_name_over_keeps_it(
    guarded_up: Up, publish: Callable[..., Process]
) -> None:
    words = ("--test-pattern", "--size", "96x54", "--url", f"{guarded_up.url}/whip/taken")
    first = publish(*words, publish_token="a-long-word")
    until("the stream", lambda: guarded_up.stream("taken"))
    second = publish(*words, "--stamp", publish_token="a-long-word")
    # The first one must not come back and take it over in its turn.
    assert first.popen.wait(15) == 1
    assert "The server ended the session" in first.text
    assert second.popen.poll() is None
    assert guarded_up.stream("taken") is not None
    assert second.end(signal.SIGINT) == 0


def test_a_file_is_sent_with_its_sound_for_as_long_as_asked(
    guarded_up: Up, publish: Callable[..., Process], tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=1, has_sound=True)
    sender = publish(
        str(clip),
        "--url",
        f"{guarded_up.url}/whip/file",
        "--duration",
        "2.5",
        publish_token="a-long-word",
    )
    until("sound", lambda: (guarded_up.stream("file") or {}).get("audio"))
    assert sender.popen.wait(10) == 0
    assert "sent 63 pictures in 2.5 s" in sender.text
    until("the end", lambda: guarded_up.stream("file") is None)


def test_once_ends_with_the_file(
    guarded_up: Up, publish: Callable[..., Process], tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=1)
    sender = publish(
        str(clip),
        "--once",
        "--fps",
        "10",
        "--url",
        f"{guarded_up.url}/whip/once",
        publish_token="a-long-word",
    )
    assert sender.popen.wait(15) == 0
    assert "sent 10 pictures" in sender.text


@pytest.mark.parametrize(
    ("path", "token", "words"),
    [
        ("/whip/a", "", "set SHARPCAST_PUBLISH_TOKEN (401)"),
        ("/whip/a", "wrong", "set SHARPCAST_PUBLISH_TOKEN (401)"),
        ("/nothing/a", "a-long-word", "Nothing takes streams at"),
        ("/whip/a%20b", "a-long-word", "(400)"),
    ],
)
def test_a_refusal_is_told_in_words(guarded_up: Up, path: str, token: str, words: str) -> None:
    result = sharpcast(
        "publish", "--test-pattern", "--url", guarded_up.url + path, publish_token=token
    )
    assert result.returncode == 1
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def go_live(up: Up, publish: Callable[..., Process]) -> Process:
    """Publishes the stream ``a`` as soon as the server is ready, and waits for it."""
    up.until_ready()
    sender = publish("--test-pattern", "--size", "96x54", "--url", f"{up.url}/whip/a")
    until("the stream", lambda: up.stream("a"))
    return sender


def test_a_session_that_is_ended_on_purpose_is_not_begun_again(
    start_up: Callable[..., Up], publish: Callable[..., Process]
) -> None:
    up = start_up()
    sender = go_live(up, publish)
    request = urllib.request.Request(f"{up.url}/api/v1/streams/a", method="DELETE")
    urllib.request.urlopen(request, timeout=5).close()
    assert sender.popen.wait(15) == 1
    assert "The server ended the session: most likely an operator ended the stream" in sender.text
    for words in ("goes on", "refused", "lost"):
        assert words not in sender.text
    assert up.stream("a") is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_starts_again_gets_the_stream_again(
    number: signal.Signals, start_up: Callable[..., Up], publish: Callable[..., Process]
) -> None:
    port = free_port()
    first = start_up(port=port)
    sender = go_live(first, publish)
    first.popen.send_signal(number)
    first.popen.wait(10)
    second = start_up(port=port)
    second.until_ready(0)
    until("the stream", lambda: second.stream("a"))
    assert "it goes on when the server is back" in sender.text
    assert sender.end(signal.SIGINT) == 0


def test_ctrl_c_ends_the_waiting_for_a_server(
    start_up: Callable[..., Up], publish: Callable[..., Process]
) -> None:
    up = start_up()
    sender = go_live(up, publish)
    up.kill()
    until("the words", lambda: "when the server is back" in sender.text)
    assert sender.end(signal.SIGINT) == 128 + signal.SIGINT
