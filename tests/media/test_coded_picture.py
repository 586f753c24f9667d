"""``FrameReader``: the reader of codecs whose frames are understood one by one."""

from __future__ import annotations

import pytest

from media.coded_picture import CodedPicture, FrameInfo, FrameReader
from media.fragment import PayloadStart


def _inspect(data: bytes) -> FrameInfo:
    return FrameInfo(data[:1] == b"k", len(data) - 1, 2, largest=(len(data), 2))


def _read(data: bytes, head: PayloadStart, *, after_loss: bool = False) -> CodedPicture:
    reader = FrameReader(_inspect, lambda data, cuts: data + bytes(cuts))
    assert reader.has_picture(data)
    reader.learn("x=y")
    return reader.read(data, head=head, cuts=(), after_loss=after_loss)


@pytest.mark.parametrize(
    ("head", "is_key"),
    [
        (PayloadStart.UNKNOWN, True),
        (PayloadStart.KEY, True),
        (PayloadStart.FRAME, False),
        (PayloadStart.MIDDLE, False),
    ],
)
def test_a_key_frame_is_one_by_its_payload_and_by_its_bytes(
    head: PayloadStart, is_key: bool
) -> None:
    assert _read(b"key", head).is_key is is_key
    assert not _read(b"delta", head).is_key


def test_the_rest_of_a_frame_tells_nothing() -> None:
    assert _read(b"key", PayloadStart.MIDDLE) == CodedPicture(b"key")
    assert _read(b"key", PayloadStart.KEY).size == (2, 2)
    assert _read(b"key", PayloadStart.KEY).largest == (3, 2)


def test_a_key_frame_without_a_size_is_none_after_a_loss() -> None:
    assert _read(b"k", PayloadStart.UNKNOWN).is_key
    assert not _read(b"k", PayloadStart.UNKNOWN, after_loss=True).is_key


def test_frames_are_joined_by_their_cuts() -> None:
    reader = FrameReader(_inspect, lambda data, cuts: data + bytes(cuts))
    picture = reader.read(b"key", head=PayloadStart.KEY, cuts=(7,), after_loss=False)
    assert picture.payload == b"key\x07"


def test_hidden_frames_are_told_apart_where_a_codec_has_them() -> None:
    assert not FrameReader(_inspect).begins_picture(PayloadStart.UNKNOWN)
    reader = FrameReader(_inspect, has_hidden_frames=True)
    assert reader.begins_picture(PayloadStart.FRAME)
    assert not reader.begins_picture(PayloadStart.MIDDLE)
