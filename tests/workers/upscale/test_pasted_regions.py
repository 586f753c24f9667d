"""What helpers made, over bicubic: no frame goes before."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.workers.temporal.scenes import net, texture
from tests.workers.upscale.plain_team import alone, results, team_frame
from workers.media.picture import Picture, Plane
from workers.temporal.incremental_bicubic import IncrementalBicubic
from workers.temporal.padding import bordered
from workers.temporal.region_selection import Region
from workers.upscale.pasted_regions import paste
from workers.upscale.team_frame import samples_of


def pictures(width: int, height: int, scale: int) -> tuple[Picture, Picture, Plane, Plane]:
    """A source, its target that is all grey, and what the net and bicubic make of it."""
    source = Picture.blank(width, height)
    source.y[:] = texture(height, width)
    target = Picture.blank(scale * width // 2 * 2, scale * height // 2 * 2)
    target.y[:] = 128
    enlarger = IncrementalBicubic(width, height, scale)
    enlarger.update(bordered(source.y))
    return source, target, net(source.y, scale), enlarger.large


@pytest.mark.parametrize(("size", "scale"), [((96, 64), 2), ((99, 61), 2), ((99, 61), 3)])
def test_regions_are_written_where_they_are_and_nothing_else_is(
    size: tuple[int, int], scale: int
) -> None:
    source, target, made, plain = pictures(*size, scale)
    corner = Region(48, 80, 16, 24)  # reaches beyond some of the pictures
    team = team_frame(alone(source.y))
    parts = []
    for place, region in enumerate((Region(8, 16, 16, 32), corner)):
        rows = slice(scale * region.top, scale * (region.top + region.height))
        columns = slice(scale * region.left, scale * (region.left + region.width))
        (one,) = results(made, plain, [Region(0, 0, 8, 8)])
        coded = (made[rows, columns] - plain[rows, columns]).tobytes()
        parts.append(dataclasses.replace(one, place=place, region=region, coded=coded))
    team.add(parts)
    samples = samples_of(paste(team, source, target, scale), source.width, source.height)
    width, height = size
    visible = 16 * 32 + min(16, height - 48) * min(24, width - 80)
    assert samples == {"a": visible}
    expected = np.full_like(target.y, 128)
    for region in (Region(8, 16, 16, 32), corner):
        rows = slice(scale * region.top, scale * (region.top + region.height))
        columns = slice(scale * region.left, scale * (region.left + region.width))
        expected[rows, columns] = made[: expected.shape[0], : expected.shape[1]][rows, columns]
    assert np.array_equal(target.y, expected)


def test_the_later_one_of_two_that_overlap_stays_and_a_damaged_one_is_left_out() -> None:
    source, target, made, plain = pictures(96, 64, 2)
    team = team_frame(alone(source.y))
    first, second = results(made, plain, [Region(0, 0, 32, 32), Region(16, 16, 32, 32)])
    other = dataclasses.replace(second, coded=bytes(len(second.coded)), device="b")
    damaged = dataclasses.replace(first, place=2, coded=b"?", device="c")
    team.add([other, damaged, first])
    assert {device for device, _ in paste(team, source, target, 2)} == {"a", "b"}
    assert team.unreadable == 1
    assert np.array_equal(target.y[:32, :32], made[:32, :32])
    assert np.array_equal(target.y[32:96, 32:96], plain[32:96, 32:96])
