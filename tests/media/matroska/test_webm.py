"""Recorded WebM files play in FFmpeg, whole or cut off anywhere, finished or not."""

from __future__ import annotations

import io
import random
from typing import Any

import av
import pytest

from media.codec import Codec
from media.container import MAX_HEAD_BYTES, RESERVED_BYTES, FragmentPlace, Scan, Tracks, thinned
from media.matroska.webm import CODEC_IDS, MAX_CUES, Webm
from tests.media import recorded

WEBM = Webm()
GROUPS, LENGTH = 4, 10


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
