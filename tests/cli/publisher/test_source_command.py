"""Cameras and other servers' streams, published to a running server."""

from __future__ import annotations

import dataclasses
import http.server
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.server import free_port
from benchmarks.waiting import until
from cli.errors import NotPublished
from cli.publisher.address import SourceAddress, parse_source
from cli.publisher.copy_rule import CopyMode
from cli.publisher.publish_options import PublishOptions
from cli.publisher.source_command import (
    MAX_KBPS,
    MIN_KBPS,
    LostSource,
    _opened,
    _SourceRun,
    default_kbps,
    fitting_size,
    is_copied_file,
)
from cli.publisher.source_input import open_input
from cli.publisher.srt_relay import find_program
from cli.publisher.watchdog import Attempt
from tests.cli.command import Process, Up, is_listening
from tests.cli.conftest import publish
from tests.cli.publisher.http_server import answering
from tests.cli.publisher.rtsp_server import camera
from tests.cli.publisher.sources import make_source

__all__ = ["publish"]

TOKEN = {"publish_token": "a-long-word"}
OPTIONS = PublishOptions("a.mp4", "http://h/whip/a", "", False, "", 0.0, 0, True, False)
Publish = Callable[..., Process]


@pytest.fixture(scope="module")
def guarded_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A running server that wants a token; no test of these needs its worker."""
    running = Up(tmp_path_factory.mktemp("up"), publish_token="a-long-word")
    try:
        until("the server", lambda: is_listening(running.port), 60)
        yield running
        assert running.end(timeout_s=20) == 0
    finally:
        running.kill()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return make_source(tmp_path / "film.mp4", seconds=4, sound="aac")


def until_live(up: Up, name: str, sender: Process) -> dict[str, Any]:
    """Waits for a stream with pictures of the film's size."""

    def check() -> dict[str, Any] | None:
        assert sender.popen.poll() is None, sender.text
        found = up.stream(name)
        return found if found and found["state"] == "live" and found["source"]["width"] else None

    return until(f"the stream {name}", check, 40)


@pytest.mark.parametrize(
    ("size", "fitting"),
    [
        ((1920, 1080), (1920, 1080)),
        ((641, 361), (640, 360)),
        ((3840, 2160), (1920, 1080)),
        ((2160, 3840), (1080, 1920)),
        ((8, 8), (16, 16)),
    ],
)
def test_sizes_are_even_and_such_as_servers_take(
    size: tuple[int, int], fitting: tuple[int, int]
) -> None:
    made = fitting_size(*size)
    assert made == fitting
    assert made[0] * made[1] <= 1920 * 1088


def test_the_rate_of_what_is_coded_goes_by_its_pixels() -> None:
    assert default_kbps(1280, 720, 25) == 1613
    assert default_kbps(160, 90, 5) == MIN_KBPS
    assert default_kbps(1920, 1080, 60) == MAX_KBPS


def test_a_file_is_copied_only_if_it_is_what_would_be_sent(tmp_path: Path, film: Path) -> None:
    def copied(path: Path, **change: Any) -> bool:
        return is_copied_file(dataclasses.replace(OPTIONS, **change), parse_source(str(path)))

    assert copied(film)
    for wish in ({"size": "auto"}, {"kbps": 100}, {"fps": 5.0}, {"stamp": True}):
        assert not copied(film, **wish)
    assert not copied(film, mode=CopyMode.NEVER)
    assert not copied(make_source(tmp_path / "large.mp4", size=(640, 360)))
    assert not copied(make_source(tmp_path / "b.mp4", b_frames=2))
    assert copied(make_source(tmp_path / "large2.mp4", size=(640, 360)), mode=CopyMode.ALWAYS)


def again(duration_s: float | None, *, is_endless: bool = False) -> Attempt:
    """An attempt after a session that stood; what it tells its parent goes nowhere."""
    return Attempt(duration_s, -1, is_again=True, is_endless=is_endless)


def test_the_time_goes_on_while_the_source_is_away(capfd: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    with answering(503) as server, pytest.raises(NotPublished) as caught:
        _opened(OPTIONS, parse_source(f"{server.url}/a.m3u8"), again(1.0))
    assert str(caught.value) == f"The time is over, and {server.url}/a.m3u8 is away."
    assert not caught.value.is_passing
    assert 1.0 <= time.monotonic() - began < 10.0
    assert capfd.readouterr().err.count("cannot serve it at the moment (5xx). It is tried") == 1


def test_the_wait_for_a_source_is_taken_from_the_time(film: Path) -> None:
    attempt = again(30.0)
    _opened(OPTIONS, parse_source(str(film)), attempt).close()
    assert attempt.duration_s is not None and 0.0 < attempt.duration_s < 30.0
    with pytest.raises(NotPublished, match="The time is over"):
        _opened(OPTIONS, parse_source(str(film)), again(0.0))


def test_what_was_live_and_has_an_end_is_waited_for_and_not_repeated(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    film = make_source(tmp_path / "film.mkv").read_bytes()
    with answering(200, film) as server:
        address = parse_source(f"{server.url}/film")
        _opened(OPTIONS, address, again(None)).close()
        with pytest.raises(NotPublished, match="The time is over"):
            _opened(OPTIONS, address, again(1.0, is_endless=True))
    assert f"{server.url}/film has ended. It is tried again." in capfd.readouterr().err


def round_after_round(address: SourceAddress) -> Iterator[Any]:
    source = open_input(address)
    assert not source.is_live
    return _SourceRun(OPTIONS, source, again(None), lambda: False)._packets()


def test_a_film_of_a_web_server_that_is_away_at_its_next_round_is_waited_for(
    tmp_path: Path,
) -> None:
    with answering(200, make_source(tmp_path / "film.mkv").read_bytes()) as server:
        packets = round_after_round(parse_source(f"{server.url}/film"))
        next(packets)
        server.status = 503
        with pytest.raises(LostSource, match=r"cannot serve it at the moment \(5xx\)"):
            list(packets)


def test_a_file_that_is_gone_at_its_next_round_is_told(film: Path) -> None:
    packets = round_after_round(parse_source(str(film)))
    next(packets)
    film.unlink()
    with pytest.raises(NotPublished, match="there is no such file") as caught:
        list(packets)
    assert not caught.value.is_passing and not isinstance(caught.value, LostSource)


@pytest.mark.e2e
def test_a_camera_is_published_copied_and_comes_back(
    guarded_up: Up, publish: Publish, film: Path
) -> None:
    with camera(film, user="admin", password="hunter2") as made:
        port = made.port
        url = made.url("admin", "hunter2")
        sender = publish(url, "--url", f"{guarded_up.url}/whip/cam", **TOKEN)
        stream = until_live(guarded_up, "cam", sender)
        assert stream["audio"] and stream["source"]["width"] == 96
        assert "96x64, copied; sound pcm_alaw to Opus" in sender.text
    until("the words", lambda: "It goes on when the source is back" in sender.text, 30)
    assert guarded_up.stream("cam") is not None, "viewers wait for a camera that is away"
    with camera(film, port=port, user="admin", password="hunter2"):
        until("another session", lambda: sender.text.count("publishing rtsp://") == 2, 60)
        until_live(guarded_up, "cam", sender)
        assert sender.end(timeout_s=20) == 0
    assert "hunter2" not in sender.text
    assert "sent " in sender.text


@pytest.mark.e2e
def test_a_camera_that_sends_no_key_frames_is_coded_anew(
    guarded_up: Up, publish: Publish, tmp_path: Path
) -> None:
    rare = make_source(tmp_path / "rare.mp4", seconds=30, gop_s=60)
    with camera(rare) as made:
        sender = publish(made.url(), "--url", f"{guarded_up.url}/whip/rare", **TOKEN)
        until_live(guarded_up, "rare", sender)
        until("the words", lambda: "it is coded anew from here on" in sender.text, 40)
        until_live(guarded_up, "rare", sender)
        assert sender.end(timeout_s=20) == 0


@pytest.mark.e2e
def test_an_rtmp_servers_stream_is_published(guarded_up: Up, publish: Publish, film: Path) -> None:
    url = f"rtmp://127.0.0.1:{(port := free_port())}/live/hunter2"
    command = [find_program(), "-v", "quiet", "-stream_loop", "-1", "-re", "-i", str(film)]
    server = subprocess.Popen([*command, "-c", "copy", "-f", "flv", "-listen", "1", url])
    try:
        # A look at the port would be its one connection.
        listening = f":{port:04X} "
        until("the port", lambda: listening in Path("/proc/net/tcp").read_text())
        sender = publish(url, "--url", f"{guarded_up.url}/whip/rtmp", **TOKEN)
        assert until_live(guarded_up, "rtmp", sender)["audio"]
        assert "copied; sound aac to Opus" in sender.text and "hunter2" not in sender.text
        assert sender.end(timeout_s=20) == 0
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def hls(film: Path, tmp_path: Path) -> Iterator[str]:
    """The film as live HLS on a web server."""
    folder = tmp_path / "hls"
    folder.mkdir()
    command = [find_program(), "-v", "quiet", "-stream_loop", "-1", "-re", "-i", str(film)]
    command += ["-c", "copy", "-f", "hls", "-hls_time", "1", str(folder / "a.m3u8")]
    writer = subprocess.Popen(command)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        """Says nothing."""

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="hls")
    thread.start()
    try:
        until("segments", lambda: (folder / "a2.ts").exists(), 30)
        yield f"http://127.0.0.1:{server.server_port}/a.m3u8"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        writer.kill()
        writer.wait()


@pytest.mark.e2e
def test_live_hls_is_published_at_its_time(guarded_up: Up, publish: Publish, hls: str) -> None:
    words = (hls, "--url", f"{guarded_up.url}/whip/hls", "--duration", "3")
    sender = publish(*words, **TOKEN)
    assert until_live(guarded_up, "hls", sender)["audio"]
    assert sender.popen.wait(40) == 0
    sent = int(sender.text.partition("sent ")[2].split()[0])
    assert sent in (75, 76)


@pytest.mark.e2e
def test_a_file_is_copied_round_after_round(
    guarded_up: Up, publish: Publish, tmp_path: Path
) -> None:
    short = make_source(tmp_path / "short.mp4", seconds=1, sound="libopus")
    words = (str(short), "--url", f"{guarded_up.url}/whip/round", "--duration", "2.6")
    sender = publish(*words, **TOKEN)
    until_live(guarded_up, "round", sender)
    assert sender.popen.wait(30) == 0
    assert "copied; sound copied" in sender.text
    assert "sent 65 pictures in 2.6 s" in sender.text


@pytest.mark.e2e
def test_what_is_wrong_with_a_source_ends_the_first_try(
    guarded_up: Up, publish: Publish, film: Path
) -> None:
    port = free_port()
    assert not is_listening(port)
    where = ("--url", f"{guarded_up.url}/whip/none")
    sender = publish(f"rtsp://u:hunter2@127.0.0.1:{port}/a", *where, **TOKEN)
    assert sender.popen.wait(20) == 1
    assert sender.text.splitlines() == [
        f"sharpcast: Nothing listens at rtsp://127.0.0.1:{port}/a: the connection was refused."
    ]
