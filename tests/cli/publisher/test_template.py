"""Parameters that a muxer gets of a key frame."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.publisher.h264_units import H264Units
from cli.publisher.template import template_of
from tests.cli.publisher.sources import make_source, packets


@pytest.mark.parametrize("size", [(96, 64), (160, 90)])
def test_size_and_codec_come_from_the_parameter_sets(tmp_path: Path, size: tuple[int, int]) -> None:
    film = make_source(tmp_path / "a.mp4", seconds=0.2, size=size)
    picture = H264Units().read(packets(film)[0])
    assert picture is not None and picture.is_key
    context = template_of(picture.payload).codec_context
    assert (context.width, context.height) == size
    assert context.name == "h264"
    assert not context.has_b_frames
