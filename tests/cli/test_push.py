"""``sharpcast push``: to a real RTMP listener, to a real WHIP server, and back after failures."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.server import environment as clean
from benchmarks.server import free_port
from benchmarks.waiting import until
from tests.cli.command import SHARPCAST, Process, assert_one_sentence, environment, get, sharpcast
from wire.embedded import EmbeddedServer


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("cam", "srt://host:1"), "https://host/whip/NAME"),
        (("no/name", "rtmp://host/app/key"), "no name of a stream"),
        (("cam", "rtmp://host/app/key", "--rendition", "A B"), "no name of a rendition"),
        (("cam", "rtmp://host/app/key"), "SHARPCAST_REDIS_URL"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(arguments: tuple[str, ...], words: str) -> None:
    result = sharpcast("push", *arguments)
    assert result.returncode in (1, 2)
    assert_one_sentence(result.stderr)
    assert words in result.stderr


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts processes that end with the test."""
    made: list[Process] = []

    def begin(name: str, command: list[str], variables: dict[str, str]) -> Process:
        made.append(Process(tmp_path, f"{len(made)}-{name}", command, variables))
        return made[-1]

    yield begin
    for each in reversed(made):
        each.kill()


class Site:
    """A server with one published stream, ``cam``."""

    def __init__(self, start: Callable[..., Process], redis_url: str, *, clip: str = "") -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.settings = {
            "redis_url": redis_url,
            "redis_prefix": f"push{self.url.rpartition(':')[2]}:",
        }
        port = self.url.rpartition(":")[2]
        self._start = start
        server = environment(http_port=port, udp_port="0", **self.settings)
        start("serve", [*SHARPCAST, "serve"], server)
        until("the server", lambda: bool(self.streams() is not None))
        what = [clip] if clip else ["--test-pattern", "--size", "320x180"]
        publish = [*SHARPCAST, "publish", *what, "--url", f"{self.url}/whip/cam"]
        start("publish", publish, environment())
        until("the stream", lambda: self.is_live("cam"))

    def streams(self) -> list[dict[str, str]] | None:
        """The live streams; None while the server does not answer."""
        try:
            found: list[dict[str, str]] = get(f"{self.url}/api/v1/streams")["streams"]
        except OSError:
            return None
        return found

    def is_live(self, name: str) -> bool:
        """True if the stream is there."""
        return any(each["id"] == name for each in self.streams() or [])

    def push(self, target: str) -> Process:
        """Starts to push the source."""
        command = [*SHARPCAST, "push", "cam", target, "--rendition", "source"]
        return self._start("push", command, environment(**self.settings))


def listener(start: Callable[..., Process], port: int, seconds: float = 4.0) -> Process:
    command = [sys.executable, "-m", "tests.cli.pusher.listener", str(port), str(seconds)]
    return start("listener", command, clean())


@pytest.mark.e2e
def test_rtmp_gets_the_pictures_as_they_are_and_is_found_again(
    start: Callable[..., Process], redis_server: EmbeddedServer
) -> None:
    site, port = Site(start, redis_server.url), free_port()
    first = listener(start, port)
    push = site.push(f"rtmp://127.0.0.1:{port}/live/key")
    until("the first connection", lambda: '"decoded"' in first.text, 40.0)
    found = json.loads(first.text.strip().splitlines()[-1])
    assert found["packets"]["h264"] > 60
    assert found["decoded"] > 50
    assert found["size"] == [320, 180]
    # The target went away; another one at the same place is found.
    second = listener(start, port)
    until("the second connection", lambda: '"decoded"' in second.text, 60.0)
    assert "is lost" in push.text
    assert "key" not in push.text.replace("key frame", "")
    assert push.end(signal.SIGTERM, 20.0) == 0
    assert "by 2 connections" in push.text


@pytest.mark.e2e
def test_whip_gets_them_too(start: Callable[..., Process], redis_server: EmbeddedServer) -> None:
    site = Site(start, redis_server.url)
    push = site.push(f"{site.url}/whip/copy")
    until("the copy", lambda: site.is_live("copy"), 40.0)
    streams = {each["id"]: each for each in site.streams() or []}
    assert streams["copy"]["source"]["width"] == 320  # type: ignore[index]
    assert push.end(signal.SIGINT, 20.0) == 0
    until("the end of the copy", lambda: not site.is_live("copy"), 30.0)


@pytest.mark.e2e
def test_a_first_connection_that_fails_ends_it_with_the_reason(
    start: Callable[..., Process], redis_server: EmbeddedServer
) -> None:
    site = Site(start, redis_server.url)
    push = site.push(f"rtmp://127.0.0.1:{free_port()}/live/secret")
    assert push.popen.wait(30) == 1
    assert "cannot be reached" in push.text
    assert "secret" not in push.text
