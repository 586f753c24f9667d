"""Recorded WebM files play in FFmpeg, whole or cut off anywhere, finished or not."""

from __future__ import annotations

import dataclasses
import io
import random
from typing import Any

import av
import pytest

from media.codec import Codec
from media.container import (
    MAX_HEAD_BYTES,
    RESERVED_BYTES,
    FragmentPlace,
    PlacedUnit,
    Scan,
    Tracks,
    thinned,
)
from media.matroska.webm import CODEC_IDS, MAX_CLUSTER_BYTES, MAX_CUES, Webm
from tests.media import recorded

WEBM = Webm()
GROUPS, LENGTH = 4, 10


def placed(units: list[PlacedUnit], later_us: int) -> list[PlacedUnit]:
    """The samples at a later time."""
    return [dataclasses.replace(each, time_us=each.time_us + later_us) for each in units]


@pytest.fixture(params=list(CODEC_IDS), ids=lambda codec: codec.name, scope="module")
def codec(request: pytest.FixtureRequest) -> Codec:
    """A codec that WebM holds."""
    return Codec(request.param)


def test_all_pictures_and_sounds_are_played_at_their_times(codec: Codec) -> None:
    data, _ = recorded.recorded(WEBM, codec, GROUPS)
    pictures, sounds, _ = recorded.decoded(data)
    assert len(pictures) == GROUPS * LENGTH
    assert pictures == pytest.approx([n / 30 for n in range(GROUPS * LENGTH)], abs=0.0011)
    assert len(sounds) >= GROUPS * LENGTH / 30 * 50 - 2
    assert sounds == pytest.approx([n / 50 for n in range(len(sounds))], abs=0.0011)


def test_a_file_tells_size_and_length_once_it_is_finished(codec: Codec) -> None:
    data, _ = recorded.recorded(WEBM, codec, GROUPS)
    made = recorded.finished(WEBM, data)
    assert len(made) == len(data)
    _, _, length = recorded.decoded(made)
    assert length == pytest.approx(GROUPS * LENGTH / 30, abs=0.05)
    with av.open(io.BytesIO(made)) as file:
        stream = file.streams.video[0]
        assert (stream.codec_context.width, stream.codec_context.height) == recorded.SIZE
        assert file.format.name.startswith("matroska")


def test_a_finished_file_can_be_played_from_each_key_frame(codec: Codec) -> None:
    data, _ = recorded.recorded(WEBM, codec, GROUPS)
    container: Any = av.open(io.BytesIO(recorded.finished(WEBM, data)))
    with container as file:
        for group in range(GROUPS):
            at = group * LENGTH / 30
            file.seek(round((at + 0.01) * 1e6), backward=True)
            first = next(file.decode(video=0))
            assert first.time == pytest.approx(at, abs=0.0011)


def test_a_file_without_sound_has_one_track() -> None:
    data, _ = recorded.recorded(WEBM, Codec.VP8, 1, has_audio=False)
    with av.open(io.BytesIO(data)) as file:
        assert [stream.type for stream in file.streams] == ["video"]
    pictures, sounds, _ = recorded.decoded(data)
    assert (len(pictures), sounds) == (LENGTH, [])


def test_what_was_written_is_found_again(codec: Codec) -> None:
    data, ends = recorded.recorded(WEBM, codec, GROUPS)
    found = recorded.scanned(WEBM, data)
    assert [place.offset for place in found.places[1:]] == ends[:-1]
    # A cluster begins with what is earliest in it, which may be sound.
    times = [place.time_us / 1000 for place in found.places]
    assert times == pytest.approx([0, 333, 666, 999], abs=20)
    assert all(place.begins_with_key for place in found.places)
    assert found.size == len(data)
    assert found.end_us == pytest.approx(GROUPS * LENGTH / 30 * 1e6, abs=40_000)


def test_a_file_that_was_cut_off_anywhere_is_played_up_to_there() -> None:
    data, ends = recorded.recorded(WEBM, Codec.VP8, GROUPS)
    chance = random.Random(5)
    for _ in range(30):
        cut = chance.randrange(ends[0], len(data))
        whole = sum(end <= cut for end in ends)
        found = recorded.scanned(WEBM, data[:cut])
        assert (len(found.places), found.size) == (whole, ends[whole - 1])
        pictures, _, _ = recorded.decoded(recorded.finished(WEBM, data[:cut]))
        assert len(pictures) == whole * LENGTH


def test_damage_in_the_middle_ends_what_is_found() -> None:
    data, ends = recorded.recorded(WEBM, Codec.VP8, GROUPS)
    damaged = data[: ends[1]] + bytes(100) + data[ends[1] + 100 :]
    found = recorded.scanned(WEBM, damaged)
    assert (len(found.places), found.size) == (2, ends[1])


def test_sound_that_came_before_the_end_of_a_picture_does_not_hide_its_key_frame() -> None:
    # As a recorder has them: a picture comes behind the sound of its time, and sound that was
    # captured just before it may come later.
    units = recorded.samples(recorded.groups(Codec.VP8, 1)[0])
    video = [each for each in units if each.unit.width]
    sound = [each for each in units if not each.unit.width]
    data = WEBM.head(Tracks(video[0].unit, True, recorded.STARTED_US))
    data += WEBM.fragment(placed([*sound[:2], *video, *sound[2:]], 5_000), number=1)
    data += WEBM.fragment(placed([*placed(sound, -5_000), *video], 338_333), number=2)
    found = recorded.scanned(WEBM, data)
    assert [place.begins_with_key for place in found.places] == [True, True]
    assert len(recorded.decoded(recorded.finished(WEBM, data))[0]) == 2 * LENGTH


@pytest.mark.parametrize("pause_s", [4, 33, 70, 3_600])
def test_a_picture_that_was_shown_for_long_has_a_cluster_of_its_own(pause_s: int) -> None:
    units = recorded.samples(recorded.groups(Codec.VP8, 1)[0])
    video = [each for each in units if each.unit.width]
    sound = placed([each for each in units if not each.unit.width], pause_s * 10**6)
    data = WEBM.head(Tracks(video[0].unit, True, recorded.STARTED_US))
    data += WEBM.fragment(video[:-1], number=1)
    data += WEBM.fragment([*sound, video[-1]], number=2)
    data += WEBM.fragment(placed(video, pause_s * 10**6 + 333_333), number=3)
    made = recorded.finished(WEBM, data)
    pictures, sounds, length = recorded.decoded(made)
    assert len(pictures) == 2 * LENGTH and len(sounds) == len(sound)
    assert pictures[LENGTH - 1] == pytest.approx(0.3, abs=0.0011)
    assert sounds[0] == pytest.approx(pause_s, abs=0.0011)
    assert length == pytest.approx(pause_s + 0.667, abs=0.05)


@pytest.mark.parametrize("sound_s", [1, 20, 40])
def test_sound_that_outlasts_the_picture_counts_to_the_length(sound_s: int) -> None:
    units = recorded.samples(recorded.groups(Codec.VP8, 1)[0])
    video = [each for each in units if each.unit.width]
    sound = [each for each in units if not each.unit.width]
    data = WEBM.head(Tracks(video[0].unit, True, recorded.STARTED_US))
    data += WEBM.fragment(video[:-1], number=1)
    for number in range(sound_s * 3):
        data += WEBM.fragment(placed(sound, number * 333_333), number=number + 2)
    data += WEBM.fragment(placed(sound, sound_s * 10**6), number=sound_s * 3 + 2)
    # Nothing came behind this picture, so it is written last.
    data += WEBM.fragment(video[-1:], number=sound_s * 3 + 3)
    assert recorded.scanned(WEBM, data).end_us == pytest.approx(sound_s * 1e6 + 300_000, abs=20_000)
    _, _, length = recorded.decoded(recorded.finished(WEBM, data))
    assert length == pytest.approx(sound_s + 0.3, abs=0.05)


class Counted(io.BytesIO):
    """A file that counts the bytes that are read of it."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        self.taken += len(found)
        return found


def test_the_end_is_read_without_the_clusters_before_it() -> None:
    data, _ = recorded.recorded(WEBM, Codec.VP8, 1)
    (first, *_) = recorded.samples(recorded.groups(Codec.VP8, 1)[0])
    large = dataclasses.replace(first.unit, payload=bytes(2**19))
    for number in range(1, 60):
        sample = PlacedUnit(large, number * 333_333, 33_333)
        data += WEBM.fragment([sample], number=number)
    file = Counted(data)
    assert WEBM.scan(file).end_us == 59 * 333_333 // 1000 * 1000
    assert file.taken < len(data) / 5


def test_a_time_that_cannot_be_is_refused() -> None:
    data, _ = recorded.recorded(WEBM, Codec.VP8, 1)
    # A cluster whose time has twelve bytes, which neither facts nor index hold.
    cluster = b"\x1f\x43\xb6\x75\x8e" + b"\xe7\x8c" + b"\x7f" * 12
    with pytest.raises(ValueError, match="no time that can be"):
        recorded.scanned(WEBM, data + cluster)


def test_damage_inside_of_a_cluster_leaves_the_file_its_length() -> None:
    data, ends = recorded.recorded(WEBM, Codec.VP8, GROUPS)
    damaged = data[: ends[-1] - 40] + bytes(40)
    found = recorded.scanned(WEBM, damaged)
    assert len(found.places) == GROUPS
    assert found.end_us >= found.places[-1].time_us


def test_a_cluster_that_is_larger_than_any_is_damage() -> None:
    data, _ = recorded.recorded(WEBM, Codec.VP8, 1)
    size = MAX_CLUSTER_BYTES + 1
    huge = b"\x1f\x43\xb6\x75" + (size | 1 << 56).to_bytes(8, "big") + bytes(size)
    assert recorded.scanned(WEBM, data + huge).size == len(data)


def test_a_file_may_be_finished_twice() -> None:
    data, ends = recorded.recorded(WEBM, Codec.VP8, GROUPS)
    once = recorded.finished(WEBM, data[: ends[1]])
    both = recorded.finished(WEBM, once + data[ends[1] :])
    assert both == recorded.finished(WEBM, data)
    _, _, length = recorded.decoded(both)
    assert length == pytest.approx(GROUPS * LENGTH / 30, abs=0.05)


def test_the_longest_index_fits_into_its_place() -> None:
    data, _ = recorded.recorded(WEBM, Codec.VP8, 1)
    far = [FragmentPlace(2**38 + n, n * 10**9, begins_with_key=True) for n in range(5_000)]
    changes = WEBM.patches(data, Scan(tuple(far), 10**12, len(data)))
    assert len(recorded.patched(data, changes)) == len(data)
    index = max(changes, key=lambda change: len(change.data))
    assert len(index.data) >= RESERVED_BYTES
    assert len(thinned(far, MAX_CUES)) in range(MAX_CUES // 2, MAX_CUES + 1)


def test_places_where_nothing_can_start_are_not_in_the_index() -> None:
    places = [FragmentPlace(n, n, begins_with_key=n % 3 == 0) for n in range(9)]
    assert [place.offset for place in thinned(places, 10)] == [0, 3, 6]
    assert [place.offset for place in thinned(places, 2)] == [0, 6]
    assert thinned(places[1:3], 2) == []


@pytest.mark.parametrize(
    "data", [b"", b"RIFF....WAVE", b"\x00\x00\x00\x20ftypisom", b"\x1a\x45\xdf\xa3\x84abcd"]
)
def test_a_file_of_another_kind_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="WebM|segment|element"):
        recorded.scanned(WEBM, data)
    with pytest.raises(ValueError, match="WebM|segment|element"):
        WEBM.patches(data, Scan((), 0, 0))


def test_the_head_is_within_its_bound() -> None:
    unit = recorded.groups(Codec.VP8, 1)[0][0]
    head = WEBM.head(Tracks(unit, True, recorded.STARTED_US))
    assert len(head) < MAX_HEAD_BYTES // 2
