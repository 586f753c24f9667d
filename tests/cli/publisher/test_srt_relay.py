"""SRT by a program, against FFmpeg's own listener."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cli.errors import NotPublished
from cli.publisher import source_input, srt_relay
from cli.publisher.address import parse_source
from cli.publisher.source_input import open_input
from cli.publisher.srt_relay import SrtRelay, find_program
from tests.cli.publisher.sources import make_source

PASS_PHRASE = "a-long-secret"


def free_udp_port() -> int:
    """A UDP port of loopback that nothing has at the moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def listener(film: Path) -> Iterator[str]:
    """Plays a film by SRT to whoever calls with the pass phrase; yields host and port."""
    port = free_udp_port()
    url = f"srt://127.0.0.1:{port}?mode=listener&passphrase={PASS_PHRASE}"
    command = [find_program(), "-v", "quiet", "-stream_loop", "-1", "-re", "-i", str(film)]
    command += ["-c", "copy", "-f", "mpegts", url]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"srt://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def test_a_stream_comes_through_and_its_pass_phrase_is_in_no_argument(tmp_path: Path) -> None:
    with listener(make_source(tmp_path / "a.mp4", sound="aac")) as url:
        source = open_input(parse_source(f"{url}?passphrase={PASS_PHRASE}"))
        try:
            assert source.is_live and source.facts.codec == "h264" and source.audio is not None
            assert next(iter(source.packets())).size
            relays = [p for p in psutil.Process().children() if "concat" in p.cmdline()]
            assert len(relays) == 1
            assert PASS_PHRASE not in " ".join(relays[0].cmdline())
        finally:
            source.close()
        assert not relays[0].is_running()


def test_a_wrong_pass_phrase_is_told_and_not_shown(tmp_path: Path) -> None:
    film = make_source(tmp_path / "a.mp4")
    with listener(film) as url, pytest.raises(NotPublished) as caught:
        open_input(parse_source(f"{url}?passphrase=another-secret"))
    sentence = str(caught.value)
    assert sentence.startswith(url) and "secret" not in sentence
    assert "pass phrase" in sentence or "rejects the connection" in sentence


def test_nobody_who_answers_is_told() -> None:
    with pytest.raises(NotPublished, match="does not answer"):
        open_input(parse_source(f"srt://127.0.0.1:{free_udp_port()}"))


def test_an_address_cannot_name_another_input() -> None:
    with pytest.raises(NotPublished, match="quote or a line break"):
        SrtRelay("srt://h:1'\nfile '/etc/passwd", read_s=1.0)


def test_a_listener_waits_longer_than_others_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_input, "OPEN_S", 0.1)
    film, url = make_source(tmp_path / "a.mp4"), f"srt://127.0.0.1:{free_udp_port()}"
    command = [find_program(), "-v", "quiet", "-stream_loop", "-1", "-re", "-i", str(film)]
    command += ["-c", "copy", "-f", "mpegts", url]
    encoders: list[subprocess.Popen[bytes]] = []
    calling = threading.Timer(1.5, lambda: encoders.append(subprocess.Popen(command)))
    calling.start()
    try:
        source = open_input(parse_source(f"{url}?mode=listener"))
        assert source.facts.codec == "h264"
        source.close()
    finally:
        calling.join()
        for encoder in encoders:
            encoder.kill()
            encoder.wait()


def test_a_listener_that_no_encoder_comes_to_is_told() -> None:
    address = parse_source(f"srt://127.0.0.1:{free_udp_port()}?mode=listener")
    with pytest.raises(NotPublished, match=r"No encoder came to srt://127\.0\.0\.1:\d+\."):
        open_input(address, listen_s=0.2)


def test_a_stream_that_stalls_is_lost_at_the_limit_of_a_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_input, "READ_S", 1.0)
    with listener(make_source(tmp_path / "a.mp4")) as url:
        source = open_input(parse_source(f"{url}?passphrase={PASS_PHRASE}"))
        server = next(p for p in psutil.Process().children() if "-re" in p.cmdline())
        server.suspend()
        began = time.monotonic()
        with pytest.raises(NotPublished, match="sends nothing any more"):
            for _ in source.packets():
                pass
        # Less than the 5 s after which libsrt ends a connection without signs of life.
        assert time.monotonic() - began < 4.5
        server.resume()
        source.close()


def test_a_machine_without_the_program_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(srt_relay, "_programs", lambda: ["/nowhere/ffmpeg", "/bin/true"])
    with pytest.raises(NotPublished, match="pip install imageio-ffmpeg"):
        find_program()


@pytest.mark.parametrize(
    ("told", "meaning"),
    [
        ("KMREQ failure - BADSECRET", "refuses the pass phrase"),
        ("Connection to srt://h:1?passphrase=x failed: Input/output error", "does not answer"),
        ("Invalid data found", "sends no MPEG-TS"),
        ("", ""),
        ("something else of srt://h:1?passphrase=x", ""),
    ],
)
def test_messages_of_the_program_become_words_without_addresses(told: str, meaning: str) -> None:
    found = srt_relay._reason(told)
    assert found.startswith(meaning) and "srt://" not in found
