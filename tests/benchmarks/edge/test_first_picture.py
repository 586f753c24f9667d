"""The first key frame of a track."""

from __future__ import annotations

import itertools

import pytest

from benchmarks.edge.first_picture import FirstPicture, rtp_payload
from media.codec import Codec
from media.codec_table import DESCRIPTORS
from media.h264_stream import nal_units
from tests.app import coding

UNITS = coding.h264(160, 90, 3)
WHOLE = b"".join(b"\x00\x00\x00\x01" + nal for nal in nal_units(UNITS[0]))


def packets(first: int, *units: bytes) -> list[tuple[int, int, bytes, bool]]:
    """Sequence number, RTP time, payload and marker of each packet."""
    found: list[tuple[int, int, bytes, bool]] = []
    for index, unit in enumerate(units):
        payloads = DESCRIPTORS[Codec.H264].packetize(
            unit, picture_id=0, is_key=False, size=(0, 0), mtu=300
        )
        for part, payload in enumerate(payloads):
            number = (first + len(found)) & 0xFFFF
            found.append((number, 3000 * index, payload, part == len(payloads) - 1))
    return found


def feed(row: list[tuple[int, int, bytes, bool]]) -> list[bytes]:
    picture = FirstPicture()
    return [
        unit
        for number, stamp, payload, marker in row
        if (unit := picture.take(number, stamp, payload, marker=marker)) is not None
    ]


@pytest.mark.parametrize("first", [0, 65_534])
def test_a_key_frame_is_whole_with_its_marker(first: int) -> None:
    assert feed(packets(first, UNITS[0]))[0] == WHOLE


def test_order_does_not_matter() -> None:
    row = packets(0, UNITS[0])
    assert len(row) > 2
    assert feed(row[::-1])[0] == WHOLE


def test_without_a_packet_or_a_key_frame_there_is_no_picture() -> None:
    row = packets(0, UNITS[0])
    for left_out in range(len(row)):
        assert feed(row[:left_out] + row[left_out + 1 :]) == []
    assert feed(packets(0, UNITS[1], UNITS[2])) == []


def test_what_came_before_it_is_passed_over() -> None:
    row = packets(0, UNITS[1], UNITS[0], UNITS[2])
    assert feed(row)[0] == WHOLE


def test_a_malformed_payload_is_left_out() -> None:
    assert FirstPicture().take(0, 0, b"\x1f", marker=True) is None


@pytest.mark.parametrize(("sources", "extension"), list(itertools.product((0, 2), (None, 0, 3))))
def test_a_payload_stands_behind_all_parts_of_the_head(sources: int, extension: int | None) -> None:
    data = bytes([0x80 | (extension is not None) << 4 | sources]) + bytes(11 + 4 * sources)
    if extension is not None:
        data += b"\xbe\xde" + extension.to_bytes(2, "big") + bytes(4 * extension)
    assert rtp_payload(data + b"payload") == b"payload"
