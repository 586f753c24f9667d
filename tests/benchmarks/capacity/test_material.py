"""Coded streams: what a decoder makes of them."""

from __future__ import annotations

import av
import numpy as np
import pytest

from benchmarks.capacity.material import CONTENTS, FPS, HEIGHT, KEY_EVERY, WIDTH, Material, code
from benchmarks.material import CLIP_FOLDER


def decoded(payloads: list[bytes]) -> list[tuple[int, int]]:
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.thread_count = 1
    pictures = [p for payload in payloads for p in decoder.decode(av.Packet(payload))]
    pictures += decoder.decode(None)
    return [(picture.width, picture.height) for picture in pictures]


def test_every_unit_is_one_picture_and_decoding_can_begin_at_each_key_frame() -> None:
    luma = np.stack([(np.indices((48, 64)).sum(0) + 8 * n).astype(np.uint8) for n in range(4)])
    chroma = np.full((4, 2, 24, 32), 110, np.uint8)
    coded = code(luma, chroma, KEY_EVERY + 30, second_key=20)
    assert [n for n, frame in enumerate(coded) if frame.is_key] == [0, 20, KEY_EVERY + 20]
    assert decoded([frame.payload for frame in coded]) == [(64, 48)] * len(coded)
    assert len(decoded([frame.payload for frame in coded[20:]])) == len(coded) - 20


@pytest.mark.parametrize("content", CONTENTS)
def test_streams_of_every_content_have_the_size_and_show_the_clips_in_turn(content: str) -> None:
    material = Material(CLIP_FOLDER, FPS // 2)
    streams = material.streams(content, 5)
    again = material.streams(content, 5)
    assert all(one is other for one, other in zip(streams, again, strict=True))
    number = len(CONTENTS[content])
    assert len({frame[0].payload for frame in streams}) == number
    for stream in streams[:number]:
        assert stream[0].is_key and len(stream) == FPS // 2
        assert set(decoded([frame.payload for frame in stream])) == {(WIDTH, HEIGHT)}


def test_key_frames_of_streams_with_the_same_clip_come_at_different_times() -> None:
    streams = Material(CLIP_FOLDER, KEY_EVERY).streams("fixed", 3)
    seconds = [[n for n, frame in enumerate(stream) if frame.is_key][1] for stream in streams]
    assert len(set(seconds)) == 3
