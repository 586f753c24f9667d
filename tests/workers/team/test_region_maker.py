from __future__ import annotations

import numpy as np
import pytest

from tests.workers.temporal.scenes import net
from workers.team.region_maker import MAX_PICTURES, RegionMaker
from workers.team.residual_codec import MAX_QUALITY, decode_region
from workers.temporal.incremental_bicubic import IncrementalBicubic
from workers.temporal.padding import bordered
from workers.temporal.region_selection import Region

from .teamwork import HEIGHT, WIDTH, KnownNet, maker, picture

LUMA = picture(0).y
WHOLE = net(np.pad(LUMA, 7, mode="edge"))[14:-14, 14:-14]
REGIONS = (Region(0, 0, 8, 8), Region(16, 24, 32, 40), Region(64, 96, 8, 8), Region(40, 0, 32, 104))


@pytest.fixture
def session() -> KnownNet:
    return KnownNet()


@pytest.fixture
def made(session: KnownNet) -> RegionMaker:
    return maker(session, 0)


def plain() -> np.ndarray:
    enlarger = IncrementalBicubic(WIDTH, HEIGHT, 2)
    enlarger.update(bordered(LUMA))
    return enlarger.large


def go_on() -> bool:
    return True


def test_regions_come_back_over_the_leads_own_bicubic_picture(made: RegionMaker) -> None:
    coded = made.make(LUMA, REGIONS, MAX_QUALITY, may_go_on=go_on)
    assert coded is not None and len(coded) == len(REGIONS)
    for data, region in zip(coded, REGIONS, strict=True):
        rows = slice(2 * region.top, 2 * (region.top + region.height))
        columns = slice(2 * region.left, 2 * (region.left + region.width))
        base, wanted = plain()[rows, columns], WHOLE[rows, columns]
        got = decode_region(data, base)
        assert got.shape == wanted.shape
        apart = np.mean((got.astype(float) - wanted) ** 2)
        # An eighth of the correction's energy is lost at most, and less than a level.
        assert apart < 1.0 and apart < 0.125 * np.mean((base.astype(float) - wanted) ** 2) + 0.2


def test_a_finer_quality_than_there_is_is_the_finest(made: RegionMaker) -> None:
    finest = made.make(LUMA, REGIONS, MAX_QUALITY, may_go_on=go_on)
    assert made.make(LUMA, REGIONS, 100, may_go_on=go_on) == finest


def test_the_style_is_that_of_the_moment(made: RegionMaker) -> None:
    faithful = made.make(LUMA, REGIONS[:1], 20, may_go_on=go_on)
    made.strength = 1.0
    assert made.make(LUMA, REGIONS[:1], 20, may_go_on=go_on) != faithful


def test_it_stops_between_two_regions(made: RegionMaker, session: KnownNet) -> None:
    left = iter([True, True, False])
    assert made.make(LUMA, REGIONS, 20, may_go_on=lambda: next(left)) is None
    assert len(session.sizes) == 2


@pytest.mark.parametrize("region", REGIONS)
def test_regions_within_the_picture_up_to_whole_cells_fit(
    made: RegionMaker, region: Region
) -> None:
    assert made.fits((region,), LUMA)


@pytest.mark.parametrize(
    "region",
    [
        Region(72, 0, 8, 8),
        Region(0, 104, 8, 8),
        Region(0, 0, 80, 8),
        Region(0, 0, 8, 112),
        Region(0, 0, 8, 65_528),
        Region(4, 0, 8, 8),
        Region(0, 1, 8, 8),
        Region(0, 0, 12, 8),
        Region(0, 0, 8, 1),
        Region(-8, 0, 8, 8),
        Region(0, -8, 16, 8),
    ],
)
def test_regions_beyond_the_picture_or_between_cells_do_not(
    made: RegionMaker, region: Region
) -> None:
    assert not made.fits((REGIONS[0], region), LUMA)


def test_more_work_than_pictures_allow_does_not_fit(made: RegionMaker) -> None:
    whole = Region(0, 0, 72, 104)
    assert made.fits((whole,), LUMA) and not made.fits((whole,) * (int(MAX_PICTURES) + 1), LUMA)
    assert made.samples(REGIONS[:2]) == 22 * 22 + 46 * 54


@pytest.mark.parametrize(
    ("size", "expected"), [((100, 70), 78 * 78), ((30, 20), 30 * 30), ((6, 4), 20 * 18)]
)
def test_a_trial_runs_the_net_on_a_usual_region_or_on_a_small_picture(
    made: RegionMaker, session: KnownNet, size: tuple[int, int], expected: int
) -> None:
    samples = made.try_out(picture(1, *size).y)
    height, width = session.sizes[-1]
    assert samples == height * width == expected
