"""Tags and headers bit by bit, as RFC 6386 lays them out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.limits import MAX_SIDE
from workers.bitstream.vp8_bool_decoder import bytes_unread, read_literal
from workers.bitstream.vp8_header import (
    Buffer,
    SavedProbabilities,
    Segmentation,
    parse_tag,
    read_header,
)
from workers.bitstream.vp8_header import Header as Parsed
from workers.errors import BrokenUnit

from . import vp8_writer as writer
from .vp8_writer import Header, Segments

DEFAULT = SavedProbabilities.default()
PLAIN = Segmentation()
MARK = 0x5A5
"""Written behind a header, to see where reading ended."""


def parsed(
    header: Header, before: Segmentation = PLAIN, saved: SavedProbabilities = DEFAULT
) -> Parsed:
    """Reads a header back; the bits behind it must be where they were written."""
    out = writer.begin(header)
    out.literal(MARK, 12)
    unit = writer.frame(header, out.finish())
    found, reader = read_header(np.frombuffer(unit, np.uint8), parse_tag(unit), before, saved)
    assert read_literal(reader, 12) == MARK and bytes_unread(reader) in (0, 1)
    return found


def tag(*, size: int = 0, kind: int = 1, version: int = 0, shown: int = 1) -> bytes:
    return (kind | version << 1 | shown << 4 | size << 5).to_bytes(3, "little")


def key(width: int, height: int, start: bytes = b"\x9d\x01\x2a") -> bytes:
    return tag(kind=0) + start + width.to_bytes(2, "little") + height.to_bytes(2, "little")


def test_an_interframe_has_a_tag_of_three_bytes_and_no_size() -> None:
    found = parse_tag(tag(size=4, version=3, shown=0) + bytes(4))
    assert (found.is_key, found.is_shown, found.start, found.end) == (False, False, 3, 7)
    assert (found.width, found.height) == (0, 0)


@pytest.mark.parametrize("size", [(1, 1), (64, 48), (MAX_SIDE, MAX_SIDE)])
def test_a_key_frame_has_its_size_behind_the_start_code(size: tuple[int, int]) -> None:
    found = parse_tag(key(*size))
    assert (found.is_key, found.is_shown, found.start, found.end) == (True, True, 10, 10)
    assert (found.width, found.height) == size


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_the_scale_for_the_display_is_no_part_of_the_size(scale: int) -> None:
    found = parse_tag(key(64 | scale << 14, 48 | scale << 14))
    assert (found.width, found.height) == (64, 48)


@pytest.mark.parametrize(
    ("unit", "reason"),
    [
        (b"", "of 0 bytes has no tag"),
        (tag()[:2], "of 2 bytes has no tag"),
        (tag(version=4), "version 4"),
        (tag(version=7), "version 7"),
        (tag(size=1), "of 3 bytes ends before byte 4"),
        (tag(size=(1 << 19) - 1) + bytes(99), "ends before byte 524290"),
        (key(64, 48)[:9], "of 9 bytes ends before byte 10"),
        (key(64, 48, b"\x9d\x01\x2b"), "start code"),
        (key(0, 48), "0x48 is no picture size"),
        (key(64, 0), "64x0 is no picture size"),
        (key(MAX_SIDE + 1, 48), "8193x48 is no picture size"),
    ],
)
def test_a_tag_is_refused_with_the_reason(unit: bytes, reason: str) -> None:
    with pytest.raises(BrokenUnit, match=reason):
        parse_tag(unit)


@pytest.mark.parametrize(
    ("segmentation", "base", "found"),
    [
        (Segmentation(), 20, [20, 20, 20, 20]),
        (Segmentation(False, True, (1, 2, 3, 4)), 20, [20, 20, 20, 20]),
        (Segmentation(True, False, (0, 5, -30, 120)), 20, [20, 25, 0, 127]),
        (Segmentation(True, True, (0, 5, -30, 127)), 20, [0, 5, 0, 127]),
    ],
)
def test_quantizers_of_segments_are_clipped_to_the_table(
    segmentation: Segmentation, base: int, found: list[int]
) -> None:
    assert segmentation.q_indices(base).tolist() == found


@pytest.mark.parametrize("partitions", range(4))
def test_partitions_must_lie_within_the_frame(partitions: int) -> None:
    header = Header(partitions=partitions)
    first = writer.begin(header).finish()
    unit = writer.frame(header, first, bytes(10))
    count = 1 << partitions
    assert len(unit) == 3 + len(first) + 3 * (count - 1) + 10 * count

    def read(data: bytes) -> Parsed:
        bits = np.frombuffer(data, np.uint8)
        return read_header(bits, parse_tag(data), PLAIN, DEFAULT)[0]

    read(unit)
    # The last partition has no size of its own: it may be cut to nothing, but not further.
    read(unit[:-10])
    if partitions:
        with pytest.raises(BrokenUnit, match="before its last partition"):
            read(unit[:-11])
        with pytest.raises(BrokenUnit, match="before the sizes of its partitions"):
            read(unit[: 3 + len(first) + 3 * (count - 1) - 1])


def test_a_key_frame_forgets_what_frames_before_it_left() -> None:
    before = Segmentation(True, True, (9, 9, 9, 9))
    saved = SavedProbabilities(*(np.full_like(each, 3) for each in dataclasses.astuple(DEFAULT)))
    found = parsed(Header(is_key=True), before, saved)
    assert found.segmentation == Segmentation()
    assert found.saved.luma.tolist() == DEFAULT.luma.tolist()
    assert found.golden == found.altref == Buffer(is_refreshed=True)
    assert found.refreshes_last and not found.probabilities.biases.any()


def test_values_of_segments_stay_where_a_frame_brings_none() -> None:
    before = Segmentation(True, True, (1, 2, 3, 4))
    off = parsed(Header(), before).segmentation
    assert off == dataclasses.replace(before, is_enabled=False)
    again = parsed(Header(segments=Segments()), off).segmentation
    assert again == before
    other = parsed(Header(segments=Segments((5, -6, 7, 0))), before).segmentation
    assert other == Segmentation(True, False, (5, -6, 7, 0))


def test_a_map_has_the_probabilities_of_its_tree() -> None:
    found = parsed(Header(segments=Segments(tree=(10, 20, 30)))).probabilities
    assert found.has_segments and found.segment.tolist() == [10, 20, 30]
    without = parsed(Header(segments=Segments())).probabilities
    assert not without.has_segments


@pytest.mark.parametrize("keeps", [True, False])
def test_probabilities_hold_for_the_frame_and_after_it_only_where_they_are_kept(
    keeps: bool,
) -> None:
    luma, chroma = (1, 2, 3, 4), (5, 6, 7)
    found = parsed(
        Header(luma=luma, chroma=chroma, vectors={(0, 2): 9, (1, 18): 0}, keeps_probabilities=keeps)
    )
    assert found.probabilities.luma.tolist() == list(luma)
    assert found.probabilities.chroma.tolist() == list(chroma)
    # Seven bits of an eight-bit probability; 0 is none and becomes 1 (section 17.2).
    assert found.probabilities.vector[2] == 18 and found.probabilities.vector[37] == 1
    assert found.saved.luma.tolist() == (list(luma) if keeps else DEFAULT.luma.tolist())
    assert int(found.saved.vector[2]) == (18 if keeps else int(DEFAULT.vector[2]))
    # What is handed on was never written to.
    assert DEFAULT.vector[2] != 18


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.booleans(), st.booleans(), st.integers(0, 3), st.integers(0, 3)),
    st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    st.tuples(st.integers(0, 127), st.one_of(st.none(), st.integers(0, 255))),
    st.tuples(*[st.integers(0, 255)] * 3),
)
def test_any_header_comes_back(
    buffers: tuple[bool, bool, int, int],
    flags: tuple[bool, bool, bool, bool],
    numbers: tuple[int, int | None],
    chances: tuple[int, int, int],
) -> None:
    refresh_golden, refresh_altref, to_golden, to_altref = buffers
    q_index, skip = numbers
    found = parsed(
        Header(
            q_index=q_index, skip=skip, refresh_golden=refresh_golden,
            refresh_altref=refresh_altref, copy_to_golden=to_golden, copy_to_altref=to_altref,
            bias_golden=flags[0], bias_altref=flags[1], refresh_last=flags[2],
            keeps_probabilities=flags[3], intra=chances[0], last=chances[1], golden=chances[2],
        )
    )  # fmt: skip
    assert found.q_index == q_index and found.refreshes_last is flags[2]
    assert found.golden == Buffer(refresh_golden, 0 if refresh_golden else to_golden)
    assert found.altref == Buffer(refresh_altref, 0 if refresh_altref else to_altref)
    assert found.probabilities.biases.tolist() == [False, False, *flags[:2]]
    assert found.probabilities.has_skips is (skip is not None)
    assert found.probabilities.macroblock.tolist() == [skip or 0, *chances]
