"""A team whose results are coded as the plain difference to bicubic, so that nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from wire.errors import BadMessage
from workers.media.picture import Plane
from workers.temporal.picture_match import MatchedPicture, PictureMatcher
from workers.temporal.region_selection import Region
from workers.upscale.team_frame import ComposedState, RegionResult, TeamCalls, TeamFrame

LATER = 10.0**9
"""A playout deadline that does not come."""


def encode(made: Plane, plain: Plane, quality: int = 100) -> bytes:
    """Returns the difference, bytes by modulo."""
    return (made - plain).tobytes()


def decode(coded: bytes, plain: Plane) -> Plane:
    """Returns the picture. Raises BadMessage for another size."""
    if len(coded) != plain.size:
        raise BadMessage("another size")
    return plain + np.frombuffer(coded, np.uint8).reshape(plain.shape)


def nobody(state: ComposedState) -> None:
    """Takes the cells of a frame and forgets them."""


def team_frame(
    matched: MatchedPicture,
    *,
    number: int = 1,
    until: float = LATER,
    composed: Callable[[ComposedState], None] = nobody,
) -> TeamFrame:
    """A frame of a team whose results are plain."""
    return TeamFrame(number, matched, TeamCalls(decode, composed), until=until)


def alone(luma: Plane) -> MatchedPicture:
    """A picture that was compared with none."""
    height, width = luma.shape
    matcher = PictureMatcher(width, height)
    return matcher.match(matcher.border(luma), None, None, matcher.blank())


def cut(large: Plane, region: Region, scale: int = 2) -> Plane:
    """A region of an enlarged picture, as far as it lies in it."""
    rows = slice(scale * region.top, scale * (region.top + region.height))
    columns = slice(scale * region.left, scale * (region.left + region.width))
    return large[rows, columns]


def results(
    made: Plane, plain: Plane, regions: Sequence[Region], device: str = "a"
) -> list[RegionResult]:
    """What a helper sends of the enlarged pictures by the net and by bicubic."""
    return [
        RegionResult(device, place, region, encode(cut(made, region), cut(plain, region)))
        for place, region in enumerate(regions)
    ]
