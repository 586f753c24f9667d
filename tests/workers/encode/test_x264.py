"""H.264 as browsers take it, and a bitrate that follows the frame rate."""

from __future__ import annotations

import dataclasses
import random

import pytest

from media.codec import Codec
from workers.encode.encoder import EncodedFrame, EncoderSpec
from workers.encode.refinement import Refinement
from workers.encode.x264 import X264Encoder
from workers.media.picture import Colour

from ..clips import picture


def spec(width: int = 320, height: int = 180, kbps: float = 900) -> EncoderSpec:
    return EncoderSpec(
        codec=Codec.H264,
        width=width,
        height=height,
        kbps=kbps,
        preset="superfast",
        colour=Colour(),
    )


def code(encoder: X264Encoder, count: int, *, keys: tuple[int, ...] = (0,)) -> list[EncodedFrame]:
    return [
        encoder.encode(
            picture(index, 320, 180, noise=4), ticks=index * 3000, fps=30, key=index in keys
        )
        for index in range(count)
    ]


def nal_units(payload: bytes) -> list[bytes]:
    """NAL units of an Annex B unit (ITU-T H.264, annex B)."""
    parts = payload.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    assert parts[0] == b""
    return parts[1:]


def sps_of(unit: EncodedFrame) -> bytes:
    return next(part for part in nal_units(unit.payload) if part[0] & 31 == 7)


@pytest.mark.parametrize(("is_plain", "profile"), [(True, (66, 0xC0)), (False, (100, 0))])
def test_key_frames_carry_their_parameter_sets_in_the_profile_that_is_wanted(
    is_plain: bool, profile: tuple[int, int]
) -> None:
    wanted = dataclasses.replace(spec(), is_plain=is_plain)
    for unit in code(X264Encoder(wanted, fps=30), 12, keys=(0, 6)):
        types = [part[0] & 31 for part in nal_units(unit.payload)]
        if not unit.is_key:
            assert set(types) == {1}
            continue
        assert types[:2] == [7, 8] and types[-1] == 5
        sps = sps_of(unit)
        # profile_idc 66 with constraint_set0 and 1, or 100; level 3.1.
        assert (sps[1], sps[2] & 0xC0, sps[3]) == (*profile, 31)


def test_another_step_codes_otherwise_in_the_same_profile() -> None:
    coded = {}
    for refinement in Refinement:
        wanted = dataclasses.replace(spec(), refinement=refinement)
        found = code(X264Encoder(wanted, fps=30), 24)
        assert [unit.is_key for unit in found] == [True] + [False] * 23
        coded[refinement] = b"".join(unit.payload for unit in found)
    assert coded[Refinement.FINE] != coded[Refinement.FAST]
    # The profile is the same, so a viewer's decoder goes on.
    assert coded[Refinement.FINE][:8] == coded[Refinement.FAST][:8]


@pytest.mark.parametrize(
    ("size", "fps", "level"),
    [
        ((1280, 720), 30.0, 31),
        # A jittered 30 is no reason for another level, a true 60 is.
        ((1280, 720), 32.0, 31),
        ((1280, 720), 33.0, 32),
        ((1280, 720), 60.0, 32),
        # A rate that is low now may rise to 30.
        ((1280, 720), 5.0, 31),
        ((1920, 1080), 30.0, 40),
    ],
)
def test_the_level_holds_the_size_at_thirty_frames_or_more(
    size: tuple[int, int], fps: float, level: int
) -> None:
    encoder = X264Encoder(spec(*size, kbps=2000), fps=fps)
    unit = encoder.encode(picture(0, *size), ticks=0, fps=fps, key=True)
    assert sps_of(unit)[3] == level


@pytest.mark.parametrize(
    ("fps", "part"), [(5.0, 1.0), (10.0, 1.0), (20.0, 1 / 2), (30.0, 1 / 3), (60.0, 1 / 6)]
)
def test_the_encoder_is_told_the_part_of_the_bitrate_that_its_nominal_rate_makes(
    fps: float, part: float
) -> None:
    encoder = X264Encoder(spec(), fps=30)
    encoder.encode(picture(0, 320, 180), ticks=0, fps=fps, key=True)
    assert encoder._context.bit_rate == pytest.approx(900_000 * part, rel=0.05)


def test_small_changes_of_the_frame_rate_do_not_touch_the_rate_control() -> None:
    chance, encoder = random.Random(3), X264Encoder(spec(), fps=30)
    encoder.encode(picture(0, 320, 180), ticks=0, fps=30, key=True)
    seen = set()
    for index in range(1, 40):
        fps = 30 * chance.uniform(0.96, 1.04)
        encoder.encode(picture(index, 320, 180), ticks=index * 3000, fps=fps, key=False)
        seen.add(encoder._context.bit_rate)
    assert seen == {300_000}
