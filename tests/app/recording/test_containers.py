"""The container of each codec."""

from __future__ import annotations

import dataclasses

import pytest

from app.recording.containers import CONTAINERS, container_of, format_key
from app.recording.file_names import SUFFIXES
from media.codec import Codec
from media.codec_table import TABLE
from tests.app import coding
from tests.app.recording import material
from tests.media import recorded


def test_every_codec_of_pictures_has_a_container() -> None:
    videos = [each.codec for each in TABLE if each.kind == "video"]
    found = {codec: container_of(codec) for codec in videos}
    assert all(container is not None for container in found.values())
    suffixes = {codec.name: container.suffix for codec, container in found.items() if container}
    assert suffixes == {"H264": ".mp4", "VP8": ".webm", "VP9": ".mp4", "AV1": ".mp4"}


def test_containers_are_found_by_the_suffix_of_a_file() -> None:
    assert set(CONTAINERS) == set(SUFFIXES)
    assert all(CONTAINERS[suffix].suffix == suffix for suffix in SUFFIXES)


@pytest.mark.parametrize("codec", list(recorded.CODED))
def test_key_frames_of_one_encoder_have_one_format(codec: Codec) -> None:
    keys = [unit for unit in material.units(3, codec) if unit.is_key and unit.width]
    formats = {format_key(unit) for unit in keys}
    assert len(formats) == 1
    assert None not in formats


@pytest.mark.parametrize("codec", list(recorded.CODED))
def test_another_size_is_another_format(codec: Codec) -> None:
    unit = material.units(1, codec)[0]
    larger = dataclasses.replace(
        unit, payload=recorded.CODED[codec](128, 96, 1)[0], width=128, height=96
    )
    assert format_key(larger) != format_key(unit)


def test_another_profile_of_one_size_is_another_format() -> None:
    unit = material.units(1, Codec.H264)[0]
    other = dataclasses.replace(unit, payload=coding.h264(*recorded.SIZE, 1, "High")[0])
    assert format_key(other) != format_key(unit)


@pytest.mark.parametrize(
    ("codec", "payload"), [(Codec.H264, b"\x00\x00\x00\x01\x65abc"), (Codec.AV1, b"\x12\x00")]
)
def test_a_key_frame_that_tells_no_decoder_anything_begins_no_file(
    codec: Codec, payload: bytes
) -> None:
    unit = dataclasses.replace(material.units(1, codec)[0], payload=payload)
    assert format_key(unit) is None


def test_a_picture_without_a_size_begins_no_webm_file() -> None:
    unit = dataclasses.replace(material.units(1)[0], width=0, height=0)
    assert format_key(unit) is None
