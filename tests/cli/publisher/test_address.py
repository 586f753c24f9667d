"""Addresses: what they are, and that no secret of them is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.errors import NotPublished
from cli.publisher.address import SourceKind, parse_source

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        (f"rtsp://admin:{SECRET}@cam.lan/s1", SourceKind.RTSP, "rtsp://cam.lan/s1"),
        (f"rtsps://a:{SECRET}@cam:322/s?key={SECRET}", SourceKind.RTSP, "rtsps://cam:322/s"),
        (f"rtsp://admin:{SECRET}@[fe80::1]:554/", SourceKind.RTSP, "rtsp://[fe80::1]:554/"),
        (f"rtmp://host/live/{SECRET}", SourceKind.RTMP, "rtmp://host/live/..."),
        (f"rtmps://u:{SECRET}@host:443/a/b/{SECRET}/", SourceKind.RTMP, "rtmps://host:443/a/b/..."),
        (f"rtmp://host/{SECRET}", SourceKind.RTMP, "rtmp://host"),
        (f"srt://host:9000?passphrase={SECRET}", SourceKind.SRT, "srt://host:9000"),
        (f"srt://host:9000?streamid={SECRET}&latency=1", SourceKind.SRT, "srt://host:9000"),
        ("srt://:9000?mode=listener", SourceKind.SRT, "srt://:9000"),
        (f"https://u:{SECRET}@h/a.m3u8?t={SECRET}", SourceKind.HTTP, "https://h/a.m3u8"),
        ("HTTP://h/film.mp4", SourceKind.HTTP, "http://h/film.mp4"),
        ("film.mp4", SourceKind.FILE, "film.mp4"),
        ("/a/b c.mkv", SourceKind.FILE, "/a/b c.mkv"),
        ("a:b.mp4", SourceKind.FILE, "a:b.mp4"),
    ],
)
def test_kind_and_words_of_an_address(text: str, kind: SourceKind, shown: str) -> None:
    address = parse_source(text)
    assert (address.kind, address.shown) == (kind, shown)
    assert address.text == text
    assert SECRET not in address.shown and SECRET not in repr(address)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ftp://h/a", "known are rtsp://"),
        ("udp://h:1", "known are rtsp://"),
        ("rtsp:///a", "names no host"),
        ("http://", "names no host"),
        ("srt://host", "needs a port"),
        (f"rtsp://u:{SECRET}@h:99999/a", "host or port cannot be read"),
        (f"rtsp://u:{SECRET}@h:x/a", "host or port cannot be read"),
        (f"rtsp://u:{SECRET}@[h/a", "host or port cannot be read"),
    ],
)
def test_what_is_no_address_is_told_without_its_secret(text: str, words: str) -> None:
    with pytest.raises(NotPublished, match=words) as caught:
        parse_source(text)
    assert SECRET not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_file_with_the_name_of_an_address_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ftp:" / "h").mkdir(parents=True)
    (tmp_path / "ftp:" / "h" / "a").touch()
    monkeypatch.chdir(tmp_path)
    assert parse_source("ftp://h/a").is_file


def test_what_comes_at_its_time_is_not_paced() -> None:
    assert parse_source("rtsp://h/a").is_real_time
    assert parse_source("rtmp://h/a/b").is_real_time
    assert parse_source("srt://h:1").is_real_time
    assert not parse_source("http://h/a.m3u8").is_real_time
    assert not parse_source("a.mp4").is_real_time


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_one_sentence(text: str) -> None:
    for scheme in ("", "rtsp://", "rtmp://u:p@", "srt://"):
        try:
            parse_source((scheme + text).replace("\0", ""))
        except NotPublished as error:
            assert str(error)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("srt://h:1?mode=listener&passphrase=x", True),
        ("srt://:9000?passphrase=x&mode=listener", True),
        ("srt://h:1?mode=caller", False),
        ("srt://h:1", False),
        ("http://h/a?mode=listener", False),
        ("a.mp4", False),
    ],
)
def test_an_srt_listener_is_known_by_its_mode(text: str, is_one: bool) -> None:
    assert parse_source(text).is_listener is is_one
