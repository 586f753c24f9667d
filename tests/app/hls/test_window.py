"""The window: what can be had, what is listed, what was left behind."""

from __future__ import annotations

from app.hls.segmenter import MadePart, SegmentEnd
from app.hls.window import MAX_BYTES, MAX_SEGMENTS, MIN_SEGMENTS, Window


def part(
    segment: int,
    *,
    first: bool = False,
    breaks: bool = False,
    data: bytes = b"part",
    init: bytes = b"init",
    ticks: int = 18_000,
) -> MadePart:
    return MadePart(segment, data, ticks, first, segment * 2_000_000, (), init, first, breaks)


def window(*numbers: int, breaks: tuple[int, ...] = (), data: bytes = b"part") -> Window:
    """A window of whole segments of one part each."""
    made = Window()
    for number in numbers:
        made.take(part(number, first=True, breaks=number in breaks, data=data))
        made.take(SegmentEnd(number))
    return made


def test_a_new_window_is_not_playable() -> None:
    made = Window()
    assert not made.is_playable and made.listed == [] and made.next_place == (0, 0)


def test_parts_can_be_had_at_once_and_the_segment_when_it_is_whole() -> None:
    made = Window()
    made.take(part(5, first=True, data=b"a"))
    made.take(part(5, data=b"b"))
    assert (made.data(5, 0), made.data(5, 1), made.data(5, 2)) == (b"a", b"b", None)
    assert made.data(5, None) is None and not made.is_playable
    made.take(SegmentEnd(5))
    assert made.data(5, None) == b"ab" and made.is_playable


def test_the_next_place_is_that_of_the_part_to_come() -> None:
    made = Window()
    made.take(part(5, first=True))
    assert made.next_place == (5, 1)
    assert made.has(5, 0) and not made.has(5, 1) and not made.has(5, None)
    made.take(SegmentEnd(5))
    assert made.next_place == (6, 0)
    assert made.has(5, None) and made.has(5, 7) and not made.has(6, 0)


def test_a_segment_ends_where_the_next_begins() -> None:
    made = window(5)
    made.take(part(6, first=True))
    made.take(part(7, first=True))
    assert made.data(6, None) == b"part"


def test_gaps_stand_where_nothing_was_captured() -> None:
    made = window(5, 8)
    assert [(each.number, each.is_gap) for each in made.listed] == [
        (5, False), (6, True), (7, True), (8, False)
    ]  # fmt: skip
    assert made.data(6, None) is None
    assert [each.started_us for each in made.listed][1:3] == [12_000_000, 14_000_000]


def test_a_long_pause_leaves_nothing_of_what_was_before() -> None:
    made = window(5, 6, 6 + MAX_SEGMENTS + 5, breaks=(6,))
    assert [each.number for each in made.listed] == [6 + MAX_SEGMENTS + 5]
    assert made.discontinuity_sequence == 1


def test_old_segments_leave_the_playlist_before_they_leave_the_memory() -> None:
    made = window(*range(30))
    assert [each.number for each in made.listed] == list(range(10, 30))
    assert made.data(8, None) == b"part" and made.data(2, None) is None
    assert made.is_kept(8) and not made.is_kept(2)


def test_discontinuities_are_counted_when_they_leave_the_playlist() -> None:
    made = window(*range(MAX_SEGMENTS), breaks=(0, 3))
    assert made.discontinuity_sequence == 0
    for number in range(MAX_SEGMENTS, MAX_SEGMENTS + 4):
        made.take(part(number, first=True))
        made.take(SegmentEnd(number))
    assert made.discontinuity_sequence == 2
    for number in range(MAX_SEGMENTS + 4, 2 * MAX_SEGMENTS):
        made.take(part(number, first=True))
    assert made.discontinuity_sequence == 2


def test_initialization_segments_go_with_their_last_segment() -> None:
    made = Window()
    made.take(part(0, first=True, init=b"one"))
    name = made.listed[0].init
    assert made.init(name) == b"one" and made.init("000000000000") is None
    for number in range(1, 40):
        made.take(part(number, first=True, init=b"two"))
    assert made.init(name) is None and made.init(made.listed[0].init) == b"two"


def test_memory_is_bounded() -> None:
    large = bytes(MAX_BYTES // 5)
    made = window(*range(12), data=large)
    held = sum(each.bytes for each in made.listed)
    assert held <= MAX_BYTES and len(made.listed) >= MIN_SEGMENTS


def test_rates_are_those_of_whole_segments() -> None:
    made = Window()
    assert made.bits_per_s == (0, 0)
    for number, size in enumerate((1000, 3000)):
        made.take(part(number, first=True, data=bytes(size), ticks=90_000))
        made.take(SegmentEnd(number))
    made.take(part(2, first=True, data=bytes(90_000)))
    assert made.bits_per_s == (24_000, 16_000)


def test_each_change_has_a_version() -> None:
    made = Window()
    seen = [made.version]
    for event in (part(1, first=True), part(1), SegmentEnd(1)):
        made.take(event)
        seen.append(made.version)
    made.end()
    assert sorted({*seen, made.version}) == [*seen, made.version]


def test_it_may_go_on_behind_its_end() -> None:
    made = window(5)
    made.take(part(6, first=True))
    made.end()
    assert made.is_over and made.data(6, None) == b"part"
    made.go_on()
    assert not made.is_over
