"""Conversion of decoded frames, one filter at a time."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.workers.transcode.films import ffmpeg, pattern
from workers.media.picture import Colour, Picture
from workers.transcode.frames import FrameFilter, Turn, fit, is_interlaced, turn_of


class Matrix:
    """A frame's side data with a display matrix, as FFmpeg hands it out."""

    def __init__(self, *numbers: int) -> None:
        self.type = type("Type", (), {"name": "DISPLAYMATRIX"})
        self._data = struct.pack("<9i", *numbers)

    def __bytes__(self) -> bytes:
        return self._data


class Turned:
    """A frame with this side data alone."""

    def __init__(self, *data: Matrix) -> None:
        self.side_data = list(data)


ONE = 1 << 16


@pytest.mark.parametrize(
    ("axes", "turn"),
    [
        ((1, 0, 0, 1), Turn.NONE),
        ((-1, 0, 0, -1), Turn.HALF),
        ((0, 1, -1, 0), Turn.RIGHT),
        ((0, -1, 1, 0), Turn.LEFT),
        ((-1, 0, 0, 1), Turn.MIRROR),
        ((1, 0, 0, -1), Turn.FLIP),
    ],
)
def test_a_matrix_of_quarters_is_a_turn_at_any_scale(
    axes: tuple[int, int, int, int], turn: Turn
) -> None:
    for scale in (ONE, ONE // 3, 2 * ONE):
        a, b, c, d = (axis * scale for axis in axes)
        assert turn_of(Turned(Matrix(a, b, 0, c, d, 0, 0, 0, 1 << 30))) is turn


def test_no_matrix_and_an_empty_one_are_no_turn() -> None:
    assert turn_of(Turned()) is Turn.NONE
    assert turn_of(Turned(Matrix(*[0] * 9))) is Turn.NONE


def test_an_angle_that_is_no_quarter_is_none_of_them() -> None:
    a, b = round(0.866 * ONE), round(0.5 * ONE)
    assert turn_of(Turned(Matrix(a, b, 0, -b, a, 0, 0, 0, 1 << 30))) is None


def test_quarters_change_width_and_height() -> None:
    quarters = {turn for turn in Turn if turn.is_quarter}
    assert quarters == {Turn.RIGHT, Turn.LEFT, Turn.ACROSS, Turn.ACROSS_BACK}


def decoded(path: Path) -> tuple[Any, list[Any]]:
    """The filter of a file's video, and its frames."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        return FrameFilter(video), list(container.decode(video))


def test_frames_that_are_ready_pass_by_with_their_times(tmp_path: Path) -> None:
    each, frames = decoded(pattern(tmp_path / "in.mp4", "-c:v", "libx264", "-bf", 0, seconds=0.2))
    for frame in frames:
        (ready,) = each.push(frame)
        assert ready.pts == frame.pts and not ready.is_corrupt
        assert np.array_equal(ready.picture.y, Picture.of_frame(frame).y)
    assert each.flush() == [] and each.interlaced == 0


@pytest.mark.parametrize("stored", ["yuv444p", "yuv422p10le", "rgb24", "gray"])
def test_every_frame_of_another_format_comes_out_once(tmp_path: Path, stored: str) -> None:
    path = pattern(tmp_path / "in.nut", "-pix_fmt", stored, "-c:v", "rawvideo", seconds=0.2)
    each, frames = decoded(path)
    made = [ready for frame in frames for ready in each.push(frame)] + each.flush()
    assert [ready.pts for ready in made] == [frame.pts for frame in frames]
    assert {ready.picture.frame.format.name for ready in made} <= {"yuv420p", "yuvj420p"}


def test_deinterlacing_begins_with_the_first_interlaced_frame_and_counts_them(
    tmp_path: Path,
) -> None:
    path = tmp_path / "in.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x64:r=50:d=0.2", "-vf", "interlace"),
        *("-flags", "+ildct+ilme", "-c:v", "libx264", path),
    )
    each, frames = decoded(path)
    assert all(is_interlaced(frame) for frame in frames)
    made = [ready for frame in frames for ready in each.push(frame)] + each.flush()
    assert len(made) == len(frames) == each.interlaced
    assert not any(is_interlaced(ready.picture.frame) for ready in made)


def test_a_filter_can_be_used_again_after_it_was_flushed(tmp_path: Path) -> None:
    path = pattern(tmp_path / "in.nut", "-pix_fmt", "yuv444p", "-c:v", "rawvideo", seconds=0.2)
    each, frames = decoded(path)
    first = [ready for frame in frames for ready in each.push(frame)] + each.flush()
    again = [ready for frame in frames for ready in each.push(frame)] + each.flush()
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.picture.y, other.picture.y)


@pytest.mark.parametrize("size", [(64, 48), (48, 64), (10, 90), (200, 8), (2, 2)])
def test_a_picture_is_fitted_whole_with_black_beside_it(size: tuple[int, int]) -> None:
    picture = Picture.blank(*size)
    picture.y[:], picture.u[:], picture.v[:] = 200, 90, 160
    fitted = fit(picture, 64, 48)
    assert (fitted.width, fitted.height) == (64, 48)
    bright = fitted.y > 150
    rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    assert bright[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
    assert width == 64 or height == 48
    assert Fraction(int(width), int(height)) == pytest.approx(
        Fraction(*size), rel=0.35 if min(width, height) < 16 else 0.05
    )
    # In the middle, to a sample of chroma.
    assert abs(int(rows[0]) - (48 - 1 - int(rows[-1]))) <= 2
    assert (fitted.y[~bright] == 16).all()


def test_black_is_that_of_the_pictures_range() -> None:
    full = Picture.blank(4, 40, Colour(range=2))
    full.y[:] = 200
    assert fit(full, 40, 40).y.min() == 0
