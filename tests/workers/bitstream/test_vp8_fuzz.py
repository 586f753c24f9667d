"""Anything may arrive: it is parsed or refused, and the next key frame is parsed."""

from __future__ import annotations

import random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from workers.bitstream.vp8 import Vp8Parser
from workers.errors import BrokenUnit
from workers.media.frame_info import cells

from . import vp8_writer as writer
from .vp8_clips import LIVE, RESILIENT, busy, coded
from .vp8_writer import Header

WIDTH, HEIGHT = 64, 48
STREAMS = [
    coded(busy(5, WIDTH, HEIGHT), options)
    for options in (LIVE, RESILIENT, {"deadline": "good"}, {**LIVE, "slices": "8"})
]
FUZZED = settings(max_examples=300, deadline=None, derandomize=True)


def _parse(parser: Vp8Parser, unit: bytes) -> bool:
    """Whether it was taken; what then comes out is checked."""
    try:
        frame = parser.parse(unit)
    except BrokenUnit:
        return False
    info = frame.info
    shape = cells(frame.width, frame.height)
    assert info.qp is not None and info.qp.shape == shape and info.qp.max() <= 127
    assert info.skipped is not None and info.skipped.shape == shape
    assert frame.bytes_unread >= -2
    assert frame.references.max() <= 3
    if info.motion is not None:
        assert info.motion.dx.shape == info.motion.dy.shape == info.motion.valid.shape == shape
        assert abs(info.motion.dx.astype(int)).max() <= 4 * 4096
        assert abs(info.motion.dy.astype(int)).max() <= 4 * 4096
    return True


def _check_recovery(parser: Vp8Parser) -> None:
    for unit in STREAMS[0]:
        assert _parse(parser, unit)


@FUZZED
@given(st.binary(max_size=400))
@example(bytes(400))
@example(b"\xff" * 400)
def test_random_bytes(unit: bytes) -> None:
    parser = Vp8Parser()
    _parse(parser, unit)
    _check_recovery(parser)


@FUZZED
@given(st.sampled_from(STREAMS), st.integers(0, 4), st.data())
def test_truncated_frames(stream: list[bytes], index: int, data: st.DataObject) -> None:
    parser = Vp8Parser()
    for unit in stream[:index]:
        assert _parse(parser, unit)
    unit = stream[index]
    length = data.draw(st.integers(0, len(unit) - 1))
    was_taken = _parse(parser, unit[:length])
    following = stream[index + 1 :]
    assert [_parse(parser, unit) for unit in following] == [was_taken] * len(following)
    _check_recovery(parser)


@FUZZED
@given(
    st.sampled_from(STREAMS),
    st.integers(0, 4),
    st.lists(st.tuples(st.integers(0, 80), st.integers(1, 255)), min_size=1, max_size=4),
)
def test_flipped_bits(stream: list[bytes], index: int, flips: list[tuple[int, int]]) -> None:
    parser = Vp8Parser()
    for unit in stream[:index]:
        assert _parse(parser, unit)
    broken = bytearray(stream[index])
    for place, mask in flips:
        broken[place % len(broken)] ^= mask
    _parse(parser, bytes(broken))
    for unit in stream[index + 1 :]:
        _parse(parser, unit)
    _check_recovery(parser)


@FUZZED
@given(st.integers(0, 1 << 32), st.integers(0, 7), st.integers(0, 255), st.integers(0, 255))
def test_random_modes_behind_a_good_header(seed: int, kind: int, intra: int, skip: int) -> None:
    chance = random.Random(seed)
    parser = Vp8Parser()
    assert _parse(parser, STREAMS[0][0])
    header = Header(
        is_key=kind == 0,
        width=WIDTH,
        height=HEIGHT,
        intra=intra,
        skip=skip,
        last=chance.randrange(256),
        golden=chance.randrange(256),
        bias_golden=kind & 1 == 1,
        bias_altref=kind & 2 == 2,
        vectors={(axis, index): chance.randrange(128) for axis in (0, 1) for index in range(19)},
    )
    first = writer.begin(header).finish_at_random(chance, chance.randrange(200))
    _parse(parser, writer.frame(header, first))
    _check_recovery(parser)
