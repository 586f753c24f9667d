"""Tracks: formats of all codecs, changes of format, samples, and what has no place in MP4."""

from __future__ import annotations

import dataclasses

import pytest

from media import av1_obu
from media.access_unit import Kind
from media.cmaf.tracks import Unpackable, format_of, init_segment, is_packable, sample_of
from media.codec import Codec
from media.codec_table import TABLE
from tests.app import coding
from tests.media.cmaf.films import boxes, decoded, film, inside, sound, video
from tests.media.h264_parts import IDR, PPS, SEI, SPS, kinds, unit_of, without

UNITS = {
    Codec.H264: coding.h264(96, 64, 12),
    Codec.VP9: coding.vp9(96, 64, 12),
    Codec.AV1: coding.av1(96, 64, 12),
}
EACH = pytest.mark.parametrize("codec", list(UNITS), ids=lambda codec: codec.name.lower())


@EACH
def test_ffmpeg_decodes_every_picture_and_all_sound(codec: Codec) -> None:
    units = video(codec, UNITS[codec])
    pictures, heard = decoded(film(units))
    assert pictures == [(unit.pts, 96, 64) for unit in units]
    assert heard == 21 * 960


@EACH
def test_a_film_may_be_without_sound(codec: Codec) -> None:
    pictures, heard = decoded(film(video(codec, UNITS[codec]), with_sound=False))
    assert (len(pictures), heard) == (12, 0)


@pytest.mark.parametrize("profile", ["Baseline", "Main", "High"])
def test_ffmpeg_decodes_every_profile(profile: str) -> None:
    units = video(Codec.H264, coding.h264(96, 64, 6, profile))
    assert len(decoded(film(units))[0]) == 6


def test_all_codecs_but_vp8_have_a_place() -> None:
    assert [each.codec for each in TABLE if not is_packable(each.codec)] == [Codec.VP8]


def test_vp8_is_refused_with_a_sentence() -> None:
    with pytest.raises(Unpackable, match=r"^MP4 has no place for VP8\.$"):
        format_of(video(Codec.VP8, coding.vp8(96, 64))[0])


def test_units_of_one_encoder_have_one_format() -> None:
    first, again = (video(Codec.H264, coding.h264(96, 64, count))[0] for count in (2, 3))
    assert format_of(first) == format_of(again)


@EACH
def test_another_size_is_another_format(codec: Codec) -> None:
    make = {Codec.H264: coding.h264, Codec.VP9: coding.vp9, Codec.AV1: coding.av1}[codec]
    small, large = (video(codec, make(*size), size=size)[0] for size in ((96, 64), (128, 96)))
    assert format_of(small) != format_of(large)
    assert format_of(large).width == 128


def test_other_parameter_sets_of_the_same_size_are_another_format() -> None:
    first = video(Codec.H264, coding.h264(96, 64))[0]
    other = video(Codec.H264, coding.h264(96, 64, 1, "High"))[0]
    assert format_of(first) != format_of(other)


def test_the_size_is_read_where_the_unit_does_not_tell_it() -> None:
    unit = video(Codec.H264, coding.h264(96, 64), size=(0, 0))[0]
    found = format_of(unit)
    assert (found.width, found.height) == (96, 64)


@pytest.mark.parametrize("missing", [SPS, PPS])
def test_a_key_frame_without_its_sets_is_refused(missing: int) -> None:
    payload = without(coding.h264(96, 64)[0], missing)
    with pytest.raises(Unpackable, match="does not tell how to decode it"):
        format_of(video(Codec.H264, [payload])[0])


@pytest.mark.parametrize("codec", [*UNITS, Codec.OPUS])
def test_a_damaged_unit_is_refused_or_taken_and_never_breaks(codec: Codec) -> None:
    good = sound(1)[0] if codec is Codec.OPUS else video(codec, UNITS[codec])[0]
    for end in range(min(200, len(good.payload))):
        unit = dataclasses.replace(good, payload=good.payload[:end], width=0, height=0)
        for read in (format_of, sample_of):
            try:
                read(unit)
            except Unpackable as error:
                assert str(error).endswith(".")


def test_too_long_a_parameter_set_is_refused() -> None:
    payload = coding.h264(96, 64)[0]
    long = unit_of(b"\x68" + bytes([0xAB]) * 70_000)
    with pytest.raises(Unpackable):
        format_of(video(Codec.H264, [long + payload])[0])


def test_samples_of_h264_have_lengths_and_no_parameter_sets() -> None:
    key, later = video(Codec.H264, coding.h264(96, 64, 2))
    assert SPS in kinds(key.payload)
    found, data = [], sample_of(key)
    while data:
        size = int.from_bytes(data[:4], "big")
        found.append(data[4] & 0x1F)
        data = data[4 + size :]
    assert set(found) <= {IDR, SEI} and IDR in found
    assert len(sample_of(later)) > 4


def test_sets_between_key_frames_stay_in_the_stream() -> None:
    key, later = video(Codec.H264, coding.h264(96, 64, 2))
    pps = next(nal for nal in [key.payload] if PPS in kinds(nal))
    mixed = dataclasses.replace(later, payload=pps + later.payload)
    assert len(sample_of(mixed)) > len(sample_of(later)) + 100


def test_samples_of_av1_have_no_delimiter() -> None:
    unit = video(Codec.AV1, UNITS[Codec.AV1])[0]
    kinds_there = [av1_obu.kind_of(obu) for obu in av1_obu.split_obus(sample_of(unit))]
    assert av1_obu.TEMPORAL_DELIMITER not in kinds_there
    assert av1_obu.SEQUENCE_HEADER in kinds_there


def test_other_units_stay_as_they_are() -> None:
    for unit in (video(Codec.VP9, UNITS[Codec.VP9])[0], sound(1)[0]):
        assert sample_of(unit) == unit.payload


def test_tracks_are_numbered_in_their_order() -> None:
    tracks = [format_of(sound(1)[0]), format_of(video(Codec.VP9, UNITS[Codec.VP9])[0])]
    assert [track.kind for track in tracks] == [Kind.AUDIO, Kind.VIDEO]
    movie = inside(init_segment(tracks), b"moov")
    heads = [inside(body, b"tkhd") for kind, body in boxes(movie) if kind == b"trak"]
    assert [int.from_bytes(head[12:16], "big") for head in heads] == [1, 2]
    assert int.from_bytes(inside(movie, b"mvhd")[-4:], "big") == 3


def test_the_same_tracks_make_the_same_bytes() -> None:
    tracks = [format_of(video(Codec.H264, coding.h264(96, 64))[0])]
    assert init_segment(tracks) == init_segment(list(tracks))
