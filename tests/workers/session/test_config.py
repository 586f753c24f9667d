from __future__ import annotations

import dataclasses

import pytest

from media.codec import Codec
from wire.rendition_record import RenditionRecord

from ..studio import BITRATES, lead_config


def record(**fields: object) -> RenditionRecord:
    return RenditionRecord(stream="cam1", name="enhanced", source_epoch=1, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("own", [Codec.H264, Codec.VP8])
@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("", None),
        ("h264", Codec.H264),
        ("vp8", Codec.VP8),
        # Codecs that are only decoded, and words of another version, are the lead's choice.
        ("vp9", None),
        ("av1", None),
        ("H264", None),
        ("abacus", None),
    ],
)
def test_a_rendition_is_coded_in_the_codec_it_names_if_that_can_be_encoded(
    own: Codec, named: str, expected: Codec | None
) -> None:
    config = lead_config("w1", codec=own)
    assert config.output_of(record(codec=named)).codec is (expected or own)


@pytest.mark.parametrize("kbps", [0, 1, 200_000])
def test_the_bitrate_is_the_records_and_everything_else_the_workers(kbps: int) -> None:
    config = lead_config("w1")
    output = config.output_of(record(kbps=kbps))
    assert output == dataclasses.replace(config.output, kbps=kbps)
    assert (output.bitrates, output.preset) == (BITRATES, "ultrafast")


def test_the_workers_own_options_stay_as_they_are() -> None:
    config = lead_config("w1")
    before = config.output
    config.output_of(record(codec="vp8", kbps=77))
    assert config.output is before and before.kbps == 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.model = "other"  # type: ignore[misc]


def test_a_worker_that_says_nothing_enhances_faithfully_and_what_is_watched() -> None:
    config = lead_config("w1")
    assert config.strength == 0.0 and not config.enhance_unwatched
