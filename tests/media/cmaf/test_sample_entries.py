"""Sample entries byte by byte, as the bindings of the codecs have them."""

from __future__ import annotations

import pytest

from media import av1_obu
from media.cmaf import sample_entries
from tests.app import coding
from tests.media.av1_parts import sequence_of
from tests.media.cmaf.films import inside
from tests.media.h264_parts import PPS, SPS, of_kind, pps_of, sps_of

_VISUAL_BYTES = 78


def _configuration(entry: bytes, kind: bytes, name: bytes) -> bytes:
    return inside(inside(entry, kind)[_VISUAL_BYTES:], name)


def test_baseline_h264_has_its_sets_and_no_word_on_depths() -> None:
    sps, pps = sps_of(320, 192), pps_of(0, 0)
    entry, name = sample_entries.avc([sps], [pps], 320, 192)
    assert name == "avc1." + sps[1:4].hex().upper()
    head = b"\x01" + sps[1:4] + b"\xff\xe1"
    sets = len(sps).to_bytes(2, "big") + sps + b"\x01" + len(pps).to_bytes(2, "big") + pps
    assert _configuration(entry, b"avc1", b"avcC") == head + sets


def test_the_entry_tells_the_size_of_the_picture() -> None:
    entry, _ = sample_entries.avc([sps_of(320, 192)], [pps_of(0, 0)], 320, 180)
    assert inside(entry, b"avc1")[24:28] == (320).to_bytes(2, "big") + (180).to_bytes(2, "big")


@pytest.mark.parametrize(("profile", "chroma"), [("High", 1)])
def test_high_h264_tells_chroma_and_depths(profile: str, chroma: int) -> None:
    unit = coding.h264(96, 64, 1, profile)[0]
    entry, name = sample_entries.avc(of_kind(unit, SPS), of_kind(unit, PPS), 96, 64)
    assert name.startswith("avc1.64")
    assert _configuration(entry, b"avc1", b"avcC")[-4:] == bytes([0xFC | chroma, 0xF8, 0xF8, 0])


def test_several_sets_are_all_there() -> None:
    sets = [sps_of(320, 192), sps_of(160, 96, number=1)]
    pictures = [pps_of(0, 0), pps_of(1, 1), pps_of(2, 1)]
    body = _configuration(sample_entries.avc(sets, pictures, 320, 192)[0], b"avc1", b"avcC")
    assert body[5] == 0xE0 | 2
    assert all(each in body for each in (*sets, *pictures))


def test_a_damaged_set_is_refused() -> None:
    with pytest.raises((ValueError, IndexError)):
        sample_entries.avc([b"\x67\x42"], [pps_of(0, 0)], 320, 192)


def test_av1_names_profile_level_tier_and_depth() -> None:
    entry, name = sample_entries.av1(sequence_of(640, 352), 640, 352)
    assert name == "av01.0.06M.08"
    body = _configuration(entry, b"av01", b"av1C")
    # Version 1 with its marker, profile 0 and level 6, 8 bits of 4:2:0 whose place is unknown.
    assert body[:4] == bytes([0x81, 6, 0b0000_1100, 0])
    assert body[4:] == av1_obu.with_size(sequence_of(640, 352))


def test_av1_of_a_real_encoder_is_8_bit() -> None:
    unit = coding.av1(96, 64)[0]
    header = next(
        obu for obu in av1_obu.split_obus(unit) if av1_obu.kind_of(obu) == av1_obu.SEQUENCE_HEADER
    )
    assert sample_entries.av1(header, 96, 64)[1] == "av01.0.00M.08"


@pytest.mark.parametrize(
    ("size", "level"), [((96, 64), 10), ((640, 360), 30), ((1280, 720), 40), ((1920, 1080), 41)]
)
def test_vp9_has_the_level_of_60_pictures_a_second(size: tuple[int, int], level: int) -> None:
    entry, name = sample_entries.vp9(*size)
    assert name == f"vp09.00.{level}.08"
    assert _configuration(entry, b"vp09", b"vpcC")[4:8] == bytes([0, level, 0x80, 2])


def test_vp9_of_any_size_has_a_level() -> None:
    assert sample_entries.vp9(8192, 8192)[1] == "vp09.00.50.08"


def test_opus_skips_nothing_and_has_two_channels() -> None:
    entry, name = sample_entries.opus()
    assert name == "opus"
    body = inside(entry, b"Opus")
    assert body[16:18] == b"\x00\x02" and body[24:28] == (48_000 << 16).to_bytes(4, "big")
    assert inside(body[28:], b"dOps") == b"\x00\x02\x00\x00" + (48_000).to_bytes(4, "big") + bytes(
        3
    )
