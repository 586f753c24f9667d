"""The worker's own encode, as the benchmarks run it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality import viewer_encode
from benchmarks.quality.viewer_encode import (
    default_output,
    encode_digest,
    enlarge_chroma,
    reach_viewers,
)
from media.codec import Codec
from tests.models.training.material import panned
from wire.settings import Settings


def luma_and_chroma(frames: int = 12) -> tuple[np.ndarray, np.ndarray]:
    clip = panned(frames)
    return clip.luma, enlarge_chroma(clip.chroma, 2)


def test_a_frame_comes_out_for_each_one_in_its_place() -> None:
    luma, chroma = luma_and_chroma()
    reached = reach_viewers(luma, chroma, 30)
    assert reached.luma.shape == luma.shape and reached.chroma.shape == chroma.shape
    assert np.mean((reached.chroma.astype(float) - chroma) ** 2) < 20
    error = [
        [np.mean((seen.astype(float) - truth) ** 2) for truth in luma] for seen in reached.luma
    ]
    assert np.argmin(error, 1).tolist() == list(range(len(luma)))
    assert reached.kbps > 0 and reached.ms > 0


@pytest.mark.parametrize("codec", [Codec.H264, Codec.VP8])
def test_more_bits_reach_viewers_as_a_better_picture(codec: Codec) -> None:
    luma, chroma = luma_and_chroma()
    output = dataclasses.replace(default_output(), codec=codec)
    poor, rich = (
        reach_viewers(luma, chroma, 30, dataclasses.replace(output, kbps=kbps))
        for kbps in (60, 2000)
    )
    errors = [np.mean((each.luma.astype(float) - luma) ** 2) for each in (poor, rich)]
    assert poor.kbps < rich.kbps and errors[1] < errors[0]


def test_the_settings_are_those_of_a_worker_that_nobody_set_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHARPCAST_BITRATES", "640x360=99")
    output = default_output()
    assert output.preset == Settings.model_fields["x264_preset"].default
    assert output.bitrates.kbps(640, 360) > 99 and output.kbps == 0


def test_what_was_measured_with_another_encode_is_not_taken_for_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = encode_digest()
    assert encode_digest() == before
    (tmp_path / "x264.py").write_text("another")
    monkeypatch.setattr(viewer_encode, "_ENCODE", tmp_path)
    assert encode_digest() != before


def test_chroma_is_enlarged_plane_by_plane() -> None:
    chroma = np.stack([np.full((2, 4, 6), level, np.uint8) for level in (90, 150)], 1)
    large = enlarge_chroma(chroma, 2)
    assert large.shape == (2, 2, 8, 12)
    assert (large[:, 0] == 90).all() and (large[:, 1] == 150).all()
