"""Recorded MP4 files play in FFmpeg, whole or cut off anywhere, finished or not."""

from __future__ import annotations

import dataclasses
import io
import random
from typing import Any

import av
import pytest

from media.access_unit import AccessUnit
from media.cmaf.mp4_file import MAX_REFERENCES, Mp4
from media.cmaf.tracks import Unpackable
from media.codec import Codec
from media.container import MAX_HEAD_BYTES, RESERVED_BYTES, FragmentPlace, Scan, Tracks
from tests.media import recorded

MP4 = Mp4()
GROUPS, LENGTH = 4, 10


@pytest.fixture(params=[Codec.H264, Codec.AV1, Codec.VP9], ids=lambda codec: codec.name)
def codec(request: pytest.FixtureRequest) -> Codec:
    """A codec that MP4 holds."""
    return Codec(request.param)


def test_all_pictures_and_sounds_are_played_at_their_times(codec: Codec) -> None:
    data, _ = recorded.recorded(MP4, codec, GROUPS)
    pictures, sounds, _ = recorded.decoded(data)
    assert pictures == pytest.approx([n / 30 for n in range(GROUPS * LENGTH)], abs=0.001)
    assert sounds == pytest.approx([n / 50 for n in range(len(sounds))], abs=0.001)
    assert len(sounds) >= GROUPS * LENGTH / 30 * 50 - 2


def test_a_file_tells_size_and_length_once_it_is_finished(codec: Codec) -> None:
    data, _ = recorded.recorded(MP4, codec, GROUPS)
    made = recorded.finished(MP4, data)
    assert len(made) == len(data)
    pictures, _, length = recorded.decoded(made)
    assert len(pictures) == GROUPS * LENGTH
    assert length == pytest.approx(GROUPS * LENGTH / 30, abs=0.05)
    with av.open(io.BytesIO(made)) as file:
        stream = file.streams.video[0]
        assert (stream.codec_context.width, stream.codec_context.height) == recorded.SIZE


def test_a_finished_file_can_be_played_from_each_key_frame(codec: Codec) -> None:
    data, _ = recorded.recorded(MP4, codec, GROUPS)
    container: Any = av.open(io.BytesIO(recorded.finished(MP4, data)))
    with container as file:
        for group in range(GROUPS):
            at = group * LENGTH / 30
            file.seek(round((at + 0.01) * 1e6), backward=True)
            assert next(file.decode(video=0)).time == pytest.approx(at, abs=0.001)


def test_a_file_without_sound_has_one_track() -> None:
    data, _ = recorded.recorded(MP4, Codec.H264, 1, has_audio=False)
    with av.open(io.BytesIO(data)) as file:
        assert [stream.type for stream in file.streams] == ["video"]
    pictures, sounds, _ = recorded.decoded(recorded.finished(MP4, data))
    assert (len(pictures), sounds) == (LENGTH, [])


def test_what_was_written_is_found_again(codec: Codec) -> None:
    data, ends = recorded.recorded(MP4, codec, GROUPS)
    found = recorded.scanned(MP4, data)
    assert [place.offset for place in found.places[1:]] == ends[:-1]
    times = [place.time_us for place in found.places]
    assert times == pytest.approx([n * LENGTH / 30 * 1e6 for n in range(GROUPS)], abs=50)
    assert all(place.begins_with_key for place in found.places)
    assert found.size == len(data)
    assert found.end_us == pytest.approx(GROUPS * LENGTH / 30 * 1e6, abs=1000)


def test_a_fragment_that_begins_with_no_key_frame_is_told_apart() -> None:
    units = recorded.groups(Codec.H264, 1)[0]
    data = MP4.head(Tracks(units[0], True, recorded.STARTED_US))
    for number, part in enumerate((units[:5], units[5:], units[10:14]), 1):
        data += MP4.fragment(recorded.samples(part), number=number)
    found = recorded.scanned(MP4, data)
    assert [place.begins_with_key for place in found.places] == [True, False, False]


def test_a_file_that_was_cut_off_anywhere_is_played_up_to_there() -> None:
    data, ends = recorded.recorded(MP4, Codec.H264, GROUPS)
    chance = random.Random(5)
    for _ in range(30):
        cut = chance.randrange(ends[0], len(data))
        whole = sum(end <= cut for end in ends)
        found = recorded.scanned(MP4, data[:cut])
        assert (len(found.places), found.size) == (whole, ends[whole - 1])
        pictures, _, _ = recorded.decoded(recorded.finished(MP4, data[:cut]))
        assert len(pictures) == whole * LENGTH


def test_damage_in_the_middle_ends_what_is_found() -> None:
    data, ends = recorded.recorded(MP4, Codec.H264, GROUPS)
    damaged = data[: ends[1]] + bytes(100) + data[ends[1] + 100 :]
    assert recorded.scanned(MP4, damaged).size == ends[1]


def test_a_file_may_be_finished_twice() -> None:
    data, ends = recorded.recorded(MP4, Codec.H264, GROUPS)
    once = recorded.finished(MP4, data[: ends[1]])
    assert recorded.finished(MP4, once + data[ends[1] :]) == recorded.finished(MP4, data)


def test_the_longest_index_fits_into_its_place() -> None:
    data, _ = recorded.recorded(MP4, Codec.H264, 1)
    far = [
        FragmentPlace(20_000 + n, n * 10**6, begins_with_key=True) for n in range(MAX_REFERENCES)
    ]
    (index,) = MP4.patches(data, Scan(tuple(far), 10**10, 10**6))
    assert len(index.data) >= RESERVED_BYTES
    assert len(recorded.patched(data, [index])) == len(data)
    assert MP4.patches(data, Scan((), 0, len(data))) == []


@pytest.mark.parametrize("data", [b"", b"RIFF....WAVE", b"\x1a\x45\xdf\xa3\x84abcd", bytes(40)])
def test_a_file_of_another_kind_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="does not begin as an MP4"):
        recorded.scanned(MP4, data)
    with pytest.raises(ValueError, match="does not begin as an MP4"):
        MP4.patches(data, Scan((), 0, 0))


def test_a_fragment_that_lacks_its_facts_is_refused() -> None:
    data, _ = recorded.recorded(MP4, Codec.H264, 1)
    with pytest.raises(ValueError, match="the fragment at byte"):
        recorded.scanned(MP4, data.replace(b"tfdt", b"free", 1))


@pytest.mark.parametrize("high", [0x01, 0x7F, 0xFF])
def test_a_time_that_cannot_be_is_refused(high: int) -> None:
    data, _ = recorded.recorded(MP4, Codec.H264, 2)
    at = data.rindex(b"tfdt") + 8
    damaged = data[:at] + bytes([high]) + data[at + 1 :]
    with pytest.raises(ValueError, match="no time that can be"):
        recorded.scanned(MP4, damaged)


@pytest.mark.parametrize(("length_us", "size"), [(48 * 3_600 * 10**6, 10**6), (10**7, 2**32)])
def test_a_reference_that_is_too_long_for_the_index_leaves_none(length_us: int, size: int) -> None:
    # One key frame at the beginning, and two days or 4 GiB behind it.
    data, _ = recorded.recorded(MP4, Codec.H264, 1)
    (place, *_) = recorded.scanned(MP4, data).places
    (patch,) = MP4.patches(data, Scan((place,), length_us, size))
    assert patch.data[4:8] == b"free" and len(patch.data) >= RESERVED_BYTES
    assert len(recorded.decoded(recorded.patched(data, [patch]))[0]) == LENGTH
    # An index of earlier goes too, since it would be wrong.
    once = recorded.finished(MP4, data)
    assert recorded.patched(once, MP4.patches(once, Scan((place,), length_us, size))) == (
        recorded.patched(data, [patch])
    )


def test_damaged_bytes_raise_nothing_but_what_is_said() -> None:
    data, ends = recorded.recorded(MP4, Codec.H264, 2)
    chance = random.Random(7)
    refused = 0
    for _ in range(400):
        damaged = bytearray(data)
        moof = chance.choice((0, ends[0]))
        begin = data.index(b"moof", moof)
        damaged[begin + chance.randrange(400)] = chance.randrange(256)
        try:
            recorded.finished(MP4, bytes(damaged))
        except ValueError:
            refused += 1
    assert 0 < refused < 400


def test_two_pictures_of_one_time_are_both_kept() -> None:
    units = recorded.groups(Codec.H264, 1)[0][:3]
    samples = recorded.samples(units)
    same = [dataclasses.replace(sample, time_us=n) for n, sample in enumerate(samples)]
    head = MP4.head(Tracks(units[0], False, recorded.STARTED_US))
    assert len(recorded.decoded(head + MP4.fragment(same, number=1))[0]) == 3


def test_a_codec_without_a_place_in_mp4_is_refused() -> None:
    unit: AccessUnit = recorded.groups(Codec.VP8, 1)[0][0]
    with pytest.raises(Unpackable, match="no place for VP8"):
        MP4.head(Tracks(unit, False, recorded.STARTED_US))


def test_the_head_is_within_its_bound() -> None:
    unit = recorded.groups(Codec.H264, 1)[0][0]
    assert len(MP4.head(Tracks(unit, True, recorded.STARTED_US))) < MAX_HEAD_BYTES // 2
