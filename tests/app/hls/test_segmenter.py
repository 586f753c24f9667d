"""Where segments and parts begin and end, in capture times alone."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from app.hls.playlist import TARGET_S
from app.hls.segmenter import MAX_COPIES_US, PART_TICKS, MadePart, Segmenter
from app.hls.window import Window
from media.access_unit import AccessUnit, Flags, Kind
from media.codec import Codec
from tests.app import coding
from tests.app.hls.units import SLOT, ends, film, packet, parts, picture, take
from tests.media.cmaf.films import decoded


def lengths(made: list[MadePart]) -> dict[int, float]:
    """Lengths of segments in s, by number from ``SLOT``."""
    grouped = itertools.groupby(made, key=lambda part: part.segment - SLOT)
    return {number: sum(part.ticks for part in group) / 90_000 for number, group in grouped}


def numbered(units: list[AccessUnit]) -> dict[int, float]:
    """Lengths of whole segments by number."""
    events = take(Segmenter(), units)
    return {number: s for number, s in lengths(parts(events)).items() if number in ends(events)}


def test_a_segment_begins_at_the_first_key_frame_of_each_slot() -> None:
    found = numbered(film(0, 8400, keys=[0, 1000, 2200, 3000, 4200, 6200, 8200]))
    assert found == pytest.approx({0: 2.2, 1: 2.0, 2: 2.0, 3: 2.0})


def test_nothing_is_made_before_the_first_key_frame() -> None:
    assert take(Segmenter(), film(0, 3000)) == []


def test_parts_are_as_long_as_they_may_be() -> None:
    made = parts(take(Segmenter(), film(0, 2400, keys=[0, 2000])))
    first = [part.ticks for part in made if part.segment == SLOT]
    assert max(first) <= PART_TICKS and first[:-1] == [21_600] * (len(first) - 1)


def test_only_parts_that_begin_with_a_key_frame_are_independent() -> None:
    made = parts(take(Segmenter(), film(0, 2400, keys=[0, 2000])))
    independent = [(part.segment - SLOT, part.is_first) for part in made if part.is_independent]
    assert independent == [(0, True), (1, True)]


def test_without_key_frames_a_segment_begins_with_the_last_picture_of_its_slot() -> None:
    found = numbered(film(0, 10_100, keys=[0, 10_000]))
    assert found == pytest.approx({0: 3.96, 1: 2.0, 2: 2.0, 3: 2.0, 4: 0.04})


def test_every_slot_has_a_segment_whatever_the_distance_of_key_frames() -> None:
    for distance in (300, 1000, 1900, 2000, 2100, 3000, 3900, 7000):
        found = numbered(film(0, 30_000, keys=range(0, 30_000, distance)))
        assert list(found) == list(range(len(found))) and len(found) >= 12, distance
        assert max(found.values()) <= 4.0


def test_nodes_that_begin_at_different_times_make_the_same_segments() -> None:
    units = film(0, 20_000, keys=range(300, 20_000, 1700))
    sound = [packet(at) for at in range(0, 20_000, 20)]
    units = sorted([*units, *sound], key=lambda unit: unit.capture_us)
    whole = parts(take(Segmenter(), units))
    late = parts(take(Segmenter(), units[700:]))
    begun = late[0].segment + 1
    mine = [(part.segment, part.data) for part in whole if part.segment > begun]
    assert [(part.segment, part.data) for part in late if part.segment > begun] == mine


def test_another_size_begins_a_segment_with_another_initialization() -> None:
    units = film(0, 1000, keys=[0])
    units += [picture(at, key=at == 1000, size=(128, 96)) for at in range(1000, 3000, 40)]
    events = take(Segmenter(), [*units, *film(3000, 4400, keys=[3000, 4200])])
    made = [part for part in parts(events) if part.is_first]
    assert [(part.segment - SLOT, part.breaks) for part in made] == [
        (0, False), (1, True), (2, True)
    ]  # fmt: skip
    assert made[0].init == made[2].init != made[1].init


def test_sound_is_a_second_track() -> None:
    sound = [packet(at) for at in range(-100, 2400, 20)]
    units = sorted([*film(0, 2400, keys=[0, 2000]), *sound], key=lambda unit: unit.capture_us)
    made = [part for part in parts(take(Segmenter(), units)) if part.segment == SLOT]
    assert [track.kind for track in made[0].tracks] == [Kind.VIDEO, Kind.AUDIO]
    pictures, heard = decoded(made[0].init + b"".join(part.data for part in made))
    assert len(pictures) == 50 and heard / 48_000 == pytest.approx(2.0, abs=0.15)


def test_silence_stands_for_sound_that_ceases() -> None:
    sound = [packet(at) for at in range(0, 1000, 20)]
    units = [*film(0, 6400, keys=range(0, 6400, 2000)), *sound]
    made = parts(take(Segmenter(), sorted(units, key=lambda unit: unit.capture_us)))
    assert not any(part.breaks for part in made)
    _, heard = decoded(made[0].init + b"".join(part.data for part in made))
    # Half a second may be on its way yet.
    assert heard / 48_000 == pytest.approx(made[-1].ticks / 90_000 + 5.5, abs=0.6)


def test_sound_that_comes_later_is_a_track_from_the_next_segment_on() -> None:
    sound = [packet(at) for at in range(1000, 4400, 20)]
    units = [*film(0, 4400, keys=[0, 2000, 4200]), *sound]
    made = parts(take(Segmenter(), sorted(units, key=lambda unit: unit.capture_us)))
    tracks = {part.segment - SLOT: len(part.tracks) for part in made}
    assert tracks == {0: 1, 1: 2}
    assert [part.segment - SLOT for part in made if part.breaks] == [1]


def test_another_publisher_begins_behind_a_discontinuity() -> None:
    segmenter = Segmenter()
    take(segmenter, film(0, 1000, keys=[0]))
    events = segmenter.restart()
    assert ends(events) == [0]
    # It is in the same slot, which is taken already.
    made = parts(take(segmenter, film(1200, 3000, keys=[1200])))
    assert (made[0].segment - SLOT, made[0].breaks, made[0].is_independent) == (1, True, True)
    assert not any(part.breaks for part in made[1:])


def test_a_codec_without_a_place_is_told_in_a_sentence() -> None:
    segmenter = Segmenter()
    unit = dataclasses.replace(picture(0, key=True), codec=Codec.VP8, payload=coding.vp8(96, 64)[0])
    assert segmenter.take(unit) == []
    assert segmenter.problem == "MP4 has no place for VP8." and segmenter.unpackable == 1
    # What follows it cannot be decoded.
    assert take(segmenter, film(40, 1000)) == []
    assert parts(take(segmenter, film(1000, 2000, keys=[1000]))) != []
    assert segmenter.problem == ""


def test_the_first_segment_waits_for_enhanced_pictures() -> None:
    copies = [picture(at, key=at % 1000 == 0, flags=Flags.BYPASS) for at in range(0, 1200, 40)]
    large = [picture(at, key=at == 1200, size=(128, 96)) for at in range(1200, 2400, 40)]
    made = parts(take(Segmenter(), [*copies, *large]))
    assert {part.tracks[0].width for part in made} == {128}


def test_a_lead_that_only_copies_is_not_waited_for_long() -> None:
    end = MAX_COPIES_US // 1000 + 2000
    copies = [picture(at, key=at % 1000 == 0, flags=Flags.BYPASS) for at in range(0, end, 40)]
    assert parts(take(Segmenter(), copies)) != []


def test_a_key_frame_is_wanted_where_a_slot_has_none() -> None:
    segmenter = Segmenter()
    take(segmenter, film(0, 1900, keys=[0]))
    assert not segmenter.wants_key_frame
    take(segmenter, film(2000, 2100))
    assert segmenter.wants_key_frame
    take(segmenter, film(2200, 2300, keys=[2200]))
    assert not segmenter.wants_key_frame


def test_a_pause_lengthens_the_picture_before_it() -> None:
    made = parts(take(Segmenter(), [*film(0, 400, keys=[0]), *film(1400, 2400, keys=[2000])]))
    assert lengths(made)[0] == pytest.approx(2.0)


def window_of(units: list[AccessUnit]) -> Window:
    """The window of a packager that took the units."""
    segmenter, window = Segmenter(), Window()
    for event in take(segmenter, units):
        window.take(event)
    return window


@pytest.mark.parametrize("with_key", [True, False])
@pytest.mark.parametrize("pause_ms", [500, 1960, 2600, 3000, 5000, 6900, 12_300, 30_000])
def test_a_pause_of_whole_slots_is_counted_once(pause_ms: int, with_key: bool) -> None:
    """The picture before it lasts up to the first gap, and the gaps up to the next picture."""
    begin = 5000 + pause_ms
    before = film(300, 5000, keys=[300, 2300, 4300])
    after = film(begin, begin + 5000, keys=[begin] if with_key else [])
    listed = window_of([*before, *after]).listed
    numbers = [segment.number for segment in listed]
    assert numbers == list(range(SLOT, SLOT + len(numbers)))
    assert max(segment.seconds for segment in listed) <= TARGET_S
    for segment, following in itertools.pairwise(listed):
        assert (following.started_us - segment.started_us) / 1e6 == pytest.approx(
            segment.seconds, abs=0.001
        )
    assert any(segment.is_gap for segment in listed) is (pause_ms >= 3000)


def test_nodes_that_begin_at_different_times_agree_on_a_pause() -> None:
    units = [*film(0, 5000, keys=[0, 2000, 4000]), *film(11_300, 16_000, keys=[11_300, 14_000])]
    sound = [packet(at) for at in range(0, 16_000, 20)]
    units = sorted([*units, *sound], key=lambda unit: unit.capture_us)
    whole, late = (parts(take(Segmenter(), each)) for each in (units, units[80:]))
    begun = late[0].segment + 1
    assert begun - SLOT == 2  # before the pause
    wanted = [(part.segment, part.ticks, part.data) for part in whole if part.segment >= begun]
    assert [(p.segment, p.ticks, p.data) for p in late if p.segment >= begun] == wanted


def test_sound_of_a_pause_is_not_in_the_part_before_it() -> None:
    units = [*film(0, 5000, keys=[0, 2000, 4000]), *film(35_000, 37_000, keys=[35_000])]
    sound = [packet(at) for at in range(0, 37_000, 20)]
    made = parts(take(Segmenter(), sorted([*units, *sound], key=lambda unit: unit.capture_us)))
    before = [part for part in made if part.segment - SLOT < 3]
    after = [part for part in made if part.segment - SLOT >= 3]
    _, heard = decoded(before[0].init + b"".join(part.data for part in before))
    assert heard / 48_000 < 7.1
    _, heard = decoded(after[0].init + b"".join(part.data for part in after))
    assert heard / 48_000 == pytest.approx(
        sum(part.ticks for part in after) / 90_000 + 0.5, abs=0.3
    )
