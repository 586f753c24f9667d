"""Chroma stays where it is against the luma, whatever the factor and the siting."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.workers.upscale.sited import enlarged
from workers.media.picture import Colour, Picture, Siting
from workers.upscale.chroma import chroma_at_luma, chroma_of_luma, resize_chroma

SITINGS = pytest.mark.parametrize("siting", Siting)


def wave(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A smooth picture over the plane; places in luma samples of the source."""
    samples: np.ndarray = 128 + 60 * np.sin(x / 5.0) + 40 * np.cos(y / 6.0)
    return samples


def luma_places(count: int, scale: int) -> np.ndarray:
    """Where the luma samples of a picture ``scale`` times as large lie in the source."""
    return (np.arange(count) + 0.5) / scale - 0.5


def chroma_places(count: int, scale: int, siting: Siting) -> np.ndarray:
    """The same of chroma across: at the first of its two luma samples, or between them."""
    luma = luma_places(2 * count, scale)
    return luma[::2] if siting is Siting.LEFT else (luma[::2] + luma[1::2]) / 2


def rows(count: int, scale: int) -> np.ndarray:
    return chroma_places(count, scale, Siting.CENTRE)


def sampled(width: int, height: int, scale: int, siting: Siting) -> np.ndarray:
    x, y = chroma_places(width, scale, siting), rows(height, scale)
    return wave(x[None], y[:, None])


def shift(made: np.ndarray, truth: np.ndarray, scale: int) -> float:
    """How far ``made`` lies left of the truth, in luma samples of the source; least squares."""
    inside = (slice(4 * scale, -4 * scale),) * 2
    slope = (np.gradient(truth, axis=1) * scale / 2)[inside]
    return float(np.sum((made - truth)[inside] * slope) / np.sum(slope**2))


def as_if(picture: Picture, siting: Siting) -> Picture:
    return dataclasses.replace(picture, colour=dataclasses.replace(picture.colour, siting=siting))


@SITINGS
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_smooth_picture_is_met_at_every_sample(scale: int, siting: Siting) -> None:
    source = Picture.blank(96, 80, Colour(siting=siting))
    source.u[:] = np.rint(sampled(48, 40, 1, siting))
    source.v[:] = 255 - source.u
    target = Picture.blank(96 * scale, 80 * scale, source.colour)
    resize_chroma(source, target, scale)
    truth = sampled(48 * scale, 40 * scale, scale, siting)
    assert abs(shift(target.u, truth, scale)) < 0.03
    other = next(each for each in Siting if each is not siting)
    moved = Picture.blank(96 * scale, 80 * scale, source.colour)
    resize_chroma(as_if(source, other), moved, scale)
    assert abs(shift(moved.u, truth, scale)) > 0.2, "the test tells one siting from the other"
    assert np.abs(target.v.astype(int) - (255 - target.u.astype(int))).max() <= 1


@SITINGS
@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(64, 48), (63, 47), (5, 3), (1, 1)])
def test_every_sample_is_that_of_the_definition(
    scale: int, siting: Siting, size: tuple[int, int]
) -> None:
    source = Picture.blank(*size, Colour(siting=siting))
    rng = np.random.default_rng(size[0] * scale)
    for plane in (source.u, source.v):
        plane[:] = rng.integers(0, 256, plane.shape, dtype=np.uint8)
    width, height = (max(1, scale * side // 2 * 2) for side in size)
    target = Picture.blank(width, height, source.colour)
    resize_chroma(source, target, scale)
    for plane, large in ((source.u, target.u), (source.v, target.v)):
        expected = enlarged(plane, scale, siting.value)[: large.shape[0], : large.shape[1]]
        assert np.abs(large - expected).max() < 2.0
        assert np.abs((large - expected).mean()) < 0.5


@SITINGS
def test_colours_are_taken_from_where_they_lie(siting: Siting) -> None:
    plane = np.rint(sampled(40, 30, 1, siting)).astype(np.uint8)
    full = chroma_at_luma(plane, 80, 60, siting)
    assert full.shape == (60, 80) and full.dtype == np.float32
    truth = wave(luma_places(80, 1)[None], luma_places(60, 1)[:, None])
    error = (full - truth)[6:-6, 6:-6]
    assert np.sqrt(np.mean(error**2)) < 1.1 and abs(error.mean()) < 0.05


@SITINGS
def test_chroma_of_a_full_picture_lies_where_it_should(siting: Siting) -> None:
    full = wave(luma_places(80, 1)[None], luma_places(60, 1)[:, None]).astype(np.float32)
    small = chroma_of_luma(full, 40, 30, siting)
    assert small.shape == (30, 40)
    assert np.abs(small - sampled(40, 30, 1, siting))[2:-2, 2:-2].max() < 1.5


@SITINGS
@pytest.mark.parametrize("size", [(7, 5), (8, 6), (1, 1), (2, 3)])
def test_there_and_back_keeps_a_flat_plane_at_any_size(
    siting: Siting, size: tuple[int, int]
) -> None:
    width, height = size
    small = ((width + 1) // 2, (height + 1) // 2)
    plane = np.full((small[1], small[0]), 77, np.uint8)
    full = chroma_at_luma(plane, width, height, siting)
    back = chroma_of_luma(full, *small, siting)
    assert full.shape == (height, width) and back.shape == plane.shape
    assert np.abs(full - 77).max() < 1e-3 and np.abs(back - 77).max() < 1e-3
