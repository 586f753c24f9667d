"""Cameras and other servers' streams, published to a running server."""

from __future__ import annotations

import dataclasses
import http.server
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.server import free_port
from benchmarks.waiting import until
from cli.publisher.address import parse_source
from cli.publisher.copy_rule import CopyMode
from cli.publisher.publish_options import PublishOptions
from cli.publisher.source_command import (
    MAX_KBPS,
    MIN_KBPS,
    default_kbps,
    fitting_size,
    is_copied_file,
)
from cli.publisher.srt_relay import find_program
from tests.cli.command import Process, Up, is_listening
from tests.cli.conftest import publish
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
