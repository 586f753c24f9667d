"""Units of files, RTMP and cameras as WebRTC wants them."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.publisher.h264_units import H264Units, parse_head, with_start_codes
from media.h264_stream import nal_units
from tests.cli.publisher.sources import make_source, packets

SPS, PPS = 7, 8


def kinds(unit: bytes) -> list[int]:
    return [nal[0] & 0x1F for nal in nal_units(unit)]


@pytest.mark.parametrize("suffix", [".mp4", ".flv", ".mkv", ".ts", ".h264"])
def test_every_key_frame_has_parameter_sets_whatever_the_container(
    tmp_path: Path, suffix: str
) -> None:
    film = make_source(tmp_path / f"a{suffix}", seconds=3, gop_s=1)
    units = H264Units()
    read = [units.read(packet) for packet in packets(film) if packet.size]
    assert len(read) == 75
    keys = 0
    for picture in read:
        assert picture is not None
        assert picture.payload.startswith((b"\x00\x00\x00\x01", b"\x00\x00\x01"))
        if picture.is_key:
            keys += 1
            assert {SPS, PPS} <= set(kinds(picture.payload))
            assert picture.size == (96, 64)
    assert keys == 3


@pytest.mark.parametrize("suffix", [".mp4", ".ts"])
def test_what_comes_out_decodes(tmp_path: Path, suffix: str) -> None:
    film = make_source(tmp_path / f"a{suffix}")
    units, decoder = H264Units(), av.CodecContext.create("h264", "r")
    frames = 0
    for packet in packets(film):
        picture = units.read(packet) if packet.size else None
        if picture is not None:
            frames += len(decoder.decode(av.Packet(picture.payload)))
    assert frames + len(decoder.decode(None)) == 50


def test_b_frames_are_told(tmp_path: Path) -> None:
    film = make_source(tmp_path / "a.mp4", b_frames=2)
    units = H264Units()
    read = [units.read(packet) for packet in packets(film) if packet.size]
    assert any(picture is not None and picture.is_bidirectional for picture in read)


def test_a_damaged_length_is_no_picture() -> None:
    assert with_start_codes(b"\x00\x00\x00\x05abc", 4) is None
    assert with_start_codes(b"\x00\x00\x00\x03abc", 4) == b"\x00\x00\x00\x01abc"
    assert with_start_codes(b"\x00\x03abc\x00\x01d", 2) == b"\x00\x00\x00\x01abc\x00\x00\x00\x01d"
    assert with_start_codes(b"", 4) == b""
    assert with_start_codes(b"\x00\x00\x00\x00" * 3, 4) == b""


def test_units_without_end_are_none() -> None:
    assert with_start_codes(b"\x01a" * 5000, 1) is None


def test_the_head_of_a_file_has_sets_and_the_length_of_lengths() -> None:
    head = b"\x01\x42\x00\x1f\xff\xe1\x00\x03\x67ab\x01\x00\x02\x68c"
    assert parse_head(head) == (4, [b"\x67ab", b"\x68c"])
    assert parse_head(b"\x01\x42\x00\x1f\xfd" + head[5:])[0] == 2
    annex_b = b"\x00\x00\x00\x01\x67ab"
    assert parse_head(annex_b) == (0, [b"\x67ab"])
    assert parse_head(b"") == (0, [])


@given(st.binary(max_size=80))
def test_any_head_and_any_unit_end(data: bytes) -> None:
    length, sets = parse_head(b"\x01\x42\x00\x1f\xff" + data)
    assert length in (0, 4) and sum(map(len, sets)) <= len(data)
    for size in (1, 2, 4):
        made = with_start_codes(data, size)
        assert made is None or len(made) <= 5 * len(data)
