from __future__ import annotations

import numpy as np
import pytest

from workers.media.picture import Colour, Picture
from workers.upscale.colour import from_rgb, to_rgb

BT601 = Colour(range=1, matrix=5, primaries=5, transfer=6)
BT709 = Colour(range=1, matrix=1, primaries=1, transfer=1)
FULL = Colour(range=2, matrix=5, primaries=1, transfer=1)


def flat(colour: Colour, y: int, u: int, v: int) -> Picture:
    picture = Picture.blank(8, 6, colour)
    picture.y[:], picture.u[:], picture.v[:] = y, u, v
    return picture


# ITU-R BT.601-7 and BT.709-6: codes of the primaries at full intensity.
@pytest.mark.parametrize(
    ("colour", "codes", "rgb"),
    [
        (BT601, (81, 90, 240), (1, 0, 0)),
        (BT601, (145, 54, 34), (0, 1, 0)),
        (BT709, (63, 102, 240), (1, 0, 0)),
        (BT709, (173, 42, 26), (0, 1, 0)),
        (BT709, (32, 240, 118), (0, 0, 1)),
        (BT709, (235, 128, 128), (1, 1, 1)),
        (BT709, (16, 128, 128), (0, 0, 0)),
        (FULL, (255, 128, 128), (1, 1, 1)),
        (FULL, (76, 85, 255), (1, 0, 0)),
    ],
)
def test_the_standard_codes_are_the_primaries(
    colour: Colour, codes: tuple[int, int, int], rgb: tuple[int, int, int]
) -> None:
    found = to_rgb(flat(colour, *codes))
    assert np.abs(found - np.array(rgb)[:, None, None]).max() < 0.012


@pytest.mark.parametrize("colour", [BT601, BT709, FULL])
def test_there_and_back_changes_a_level_at_most(colour: Colour) -> None:
    picture = flat(colour, 0, 118, 140)
    picture.y[:] = np.linspace(70, 160, 48).reshape(6, 8).astype(np.uint8)
    back = Picture.blank(8, 6, colour)
    from_rgb(to_rgb(picture), back)
    for before, after in ((picture.y, back.y), (picture.u, back.u), (picture.v, back.v)):
        assert np.abs(before.astype(int) - after).max() <= 1


def test_odd_sizes_keep_their_last_column() -> None:
    picture = Picture.blank(7, 5, BT709)
    for plane in (picture.y, picture.u, picture.v):
        plane[:] = 128
    assert to_rgb(picture).shape == (3, 5, 7)
