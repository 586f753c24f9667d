"""Units become fragments and files, at key frames."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterable
from typing import Any

import pytest

from app.recording.cutter import MAX_FRAGMENT_US, Cutter, FileLimits, RecordedFragment
from media.access_unit import AccessUnit, Kind
from media.codec import Codec
from tests.media import recorded


def by_size(unit: AccessUnit) -> Hashable:
    return (unit.codec, unit.width, unit.height) if unit.payload else None


def cutter(**options: object) -> Cutter:
    return Cutter(**{"has_audio": True, "format_key": by_size, **options})  # type: ignore[arg-type]


def picture(number: int, *, key: bool = False, **changes: object) -> AccessUnit:
    unit = recorded.picture(Codec.VP8, b"p" * 100, number, key=key)
    return dataclasses.replace(unit, **changes)  # type: ignore[arg-type]


def stream(count: int, *, group: int = 15, first: int = 0) -> list[AccessUnit]:
    """Pictures with a key frame each half second, and their sound."""
    pictures = [picture(first + n, key=n % group == 0) for n in range(count)]
    begin, end = first * 5 // 3, (first + count) * 5 // 3
    sounds = [recorded.sound(n) for n in range(begin, end)]
    return sorted([*pictures, *sounds], key=lambda unit: unit.capture_us)


def numbers(fragments: Iterable[RecordedFragment], kind: Kind = Kind.VIDEO) -> list[list[int]]:
    return [[s.unit.sequence for s in each.samples if s.unit.kind is kind] for each in fragments]


def test_a_file_begins_with_the_first_key_frame() -> None:
    cut = cutter()
    made = cut.add([picture(n, key=n == 3) for n in range(6)]) + cut.end()
    assert numbers(made) == [[3, 4], [5]]
    first = made[0]
    assert first.begins is not None
    assert (first.begins.codec, first.begins.started_us) == (Codec.VP8, picture(3).capture_us)
    assert made[1].begins is None
    assert [sample.time_us for sample in first.samples] == [0, 33_333]


def test_each_picture_lasts_until_the_next() -> None:
    cut = cutter()
    made = cut.add([picture(0, key=True), picture(1), picture(4)]) + cut.end()
    durations = [sample.duration_us for each in made for sample in each.samples]
    assert durations == [33_333, 100_000, 33_333]


def test_a_fragment_begins_at_each_key_frame() -> None:
    cut = cutter()
    made = cut.add(stream(40))
    assert numbers(made) == [list(range(15)), list(range(15, 30)), list(range(30, 39))]


def test_a_fragment_is_short_without_key_frames_too() -> None:
    cut = cutter()
    made = cut.add(stream(150, group=1000))
    assert len(made) == 5
    for each in made:
        times = [sample.time_us for sample in each.samples]
        assert max(times) - min(times) <= MAX_FRAGMENT_US
    assert [n for part in numbers(made) for n in part] == list(range(149))


def test_what_was_added_is_in_the_fragments_but_for_the_last_picture() -> None:
    cut, made = cutter(), []
    units = stream(60)
    for at in range(0, len(units), 9):
        made += cut.add(units[at : at + 9])
    made += cut.end()
    assert [n for part in numbers(made) for n in part] == list(range(60))
    assert [n for part in numbers(made, Kind.AUDIO) for n in part] == list(range(100))
    assert sum(each.begins is not None for each in made) == 1


def test_sound_that_came_before_the_first_picture_is_kept_from_there_on() -> None:
    cut = cutter()
    late = [recorded.sound(n) for n in range(40)]
    made = cut.add(late) + cut.add([picture(15, key=True), picture(16)])
    assert numbers(made[:1], Kind.AUDIO) == [list(range(25, 40))]
    assert made[0].samples[0].time_us < 1000


def test_sound_alone_begins_no_file() -> None:
    assert cutter().add([recorded.sound(n) for n in range(1000)]) == []


def test_sound_is_left_out_where_the_stream_has_none() -> None:
    cut = cutter(has_audio=False)
    made = cut.add(stream(20)) + cut.end()
    assert numbers(made, Kind.AUDIO) == [[]] * len(made)


@pytest.mark.parametrize("changes", [{"width": 320}, {"codec": Codec.VP9}, {"pts": 90_000 * 3600}])
def test_another_format_or_time_line_begins_another_file(changes: dict[str, Any]) -> None:
    cut = cutter()
    made = cut.add(stream(5))
    made += cut.add([picture(5, key=True, **changes), picture(6, **changes)])
    begun = [each for each in made if each.begins is not None]
    assert numbers(begun)[1][0] == 5
    assert begun[1].samples[0].time_us == 0
    assert 4 in [n for part in numbers(made[:-1]) for n in part]


def test_sound_that_begins_later_begins_another_file() -> None:
    cut = cutter(has_audio=False)
    made = cut.add(stream(20))
    cut.has_audio = True
    made += cut.add(stream(20, first=20))
    tracks = [each.begins.has_audio for each in made if each.begins is not None]
    assert tracks == [False, True]


def test_a_file_is_followed_by_another_at_the_next_key_frame_behind_its_limits() -> None:
    for limits in (FileLimits(file_us=800_000), FileLimits(file_bytes=2_500)):
        cut = cutter(limits=limits)
        made = cut.add(stream(60)) + cut.end()
        begun = numbers(each for each in made if each.begins is not None)
        assert [part[0] for part in begun] == [0, 30]
        assert [n for part in numbers(made) for n in part] == list(range(60))


def test_a_key_frame_that_no_file_can_hold_is_left_out_with_what_follows() -> None:
    cut = cutter()
    made = cut.add(
        [picture(0, key=True, payload=b""), picture(1), picture(2, key=True), picture(3)]
    )
    assert numbers(made) == [[2]]


def test_a_publisher_who_was_away_leaves_a_gap() -> None:
    cut = cutter()
    cut.add(stream(20))
    made = cut.add([picture(20), *stream(20, first=80)])
    gaps = [each.gap_us for each in made if each.gap_us]
    assert gaps == [pytest.approx(2_000_000, abs=100)]
    assert sum(each.begins is not None for each in made) == 0


def test_few_pictures_a_second_are_no_gaps() -> None:
    cut = cutter()
    made = cut.add([picture(30 * n, key=n % 3 == 0) for n in range(12)]) + cut.end()
    assert [each.gap_us for each in made if each.gap_us] == []


def test_what_another_node_did_not_record_is_a_gap_of_the_first_fragment() -> None:
    cut = cutter(after_us=recorded.STARTED_US - 3_000_000)
    assert cut.add(stream(5))[0].gap_us == 3_000_000
    overlapping = cutter(after_us=recorded.STARTED_US + 100_000)
    assert overlapping.add(stream(5))[0].gap_us == 0


def test_a_new_file_begins_behind_what_the_disk_refused() -> None:
    cut = cutter()
    made = cut.add(stream(20))
    cut.restart()
    made = cut.add(stream(40, first=21))
    assert made[0].begins is not None
    assert numbers(made)[0][0] == 21
    assert cut.end()[0].begins is None


def test_two_ends_are_one() -> None:
    cut = cutter()
    cut.add(stream(5))
    assert len(cut.end()) == 1
    assert cut.end() == []
