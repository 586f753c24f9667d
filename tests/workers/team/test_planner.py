"""What a planner that sees no enlarged picture orders, compared with a propagator that has them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.temporal.coded import coded_frames
from benchmarks.temporal.material import NORMAL, film
from models.training.codec import LiveEncoder
from tests.workers.temporal.scenes import HALO, net, padded, texture
from workers.media.frame_info import CodecInfo, cells
from workers.team.planner import MAX_STEPS, MAX_TILES, FramePlan, TeamPlanner
from workers.temporal.propagator import Propagator
from workers.temporal.region_selection import Region, pixels
from workers.upscale.team_frame import ComposedState

WIDTH, HEIGHT = 160, 96
WHOLE = (WIDTH + 2 * HALO) * (HEIGHT + 2 * HALO)
Scene = tuple[np.ndarray, CodecInfo | None]


class Composer:
    """Composes planned pictures with what a perfect helper makes of the regions that come."""

    def __init__(self, planner: TeamPlanner) -> None:
        self.planner = planner
        self.propagator = Propagator(WIDTH, HEIGHT, 2, HALO)

    def compose(self, luma: np.ndarray, info: CodecInfo | None, plan: FramePlan) -> None:
        self.propagator.predict(luma, info, plan.matched)
        self.take(luma, plan.regions)
        self.propagator.commit()
        self.planner.composed(
            ComposedState(plan.number, self.propagator.copy_state(), self.propagator.factor)
        )

    def take(self, luma: np.ndarray, regions: tuple[Region, ...]) -> None:
        made = net(padded(np.pad(luma, ((0, 8), (0, 8)), mode="edge")))
        for region in regions:
            self.propagator.apply_region(made, region, region.top + HALO, region.left + HALO)


@pytest.fixture
def planner() -> TeamPlanner:
    return TeamPlanner(WIDTH, HEIGHT, HALO)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    """A coded clip, with a key frame on the way."""
    return list(coded())


def coded() -> Iterator[Scene]:
    material = film("handheld", NORMAL, 24)
    for each in coded_frames(material, LiveEncoder("h264", 0.12), keys=(12,)):
        luma = np.ascontiguousarray(each.picture.y[:HEIGHT, :WIDTH])
        yield luma, CodecInfo(is_key=each.info.is_key, coded_bytes=each.info.coded_bytes)


def covered(regions: tuple[Region, ...]) -> np.ndarray:
    found = np.zeros(cells(WIDTH, HEIGHT), int)
    for region in regions:
        found[region.cells()] += 1
    return found


def test_a_first_picture_is_all_new_in_tiles_that_do_not_overlap(planner: TeamPlanner) -> None:
    plan = planner.plan(texture(HEIGHT, WIDTH), None)
    assert plan.is_new and plan.number == 1
    assert (covered(plan.regions) == 1).all()


@pytest.mark.parametrize("size", [(480, 270), (1280, 720), (40, 33)])
def test_a_picture_of_any_size_has_about_as_many_tiles(size: tuple[int, int]) -> None:
    planner = TeamPlanner(*size, HALO)
    regions = planner.plan(texture(size[1], size[0]), None).regions
    assert len(regions) <= 1.2 * MAX_TILES
    assert sum(region.height * region.width for region in regions) >= size[0] * size[1]


def test_planned_at_arrival_it_orders_what_the_propagator_itself_would(
    planner: TeamPlanner, scenes: list[Scene]
) -> None:
    composer, alone = Composer(planner), Propagator(WIDTH, HEIGHT, 2, HALO)
    partial = 0
    for luma, info in scenes:
        plan = planner.plan(luma, info)
        report = alone.predict(luma, info)
        assert report.must_be_full is plan.is_new
        if not plan.is_new:
            assert alone.regions(int(0.6 * WHOLE)) == list(plan.regions)
            partial += bool(plan.regions)
        composer.compose(luma, info, plan)
        made = net(padded(luma))
        for region in plan.regions:
            alone.apply_region(made, region, region.top + HALO, region.left + HALO)
        alone.commit()
        assert np.array_equal(alone.enlarged, composer.propagator.enlarged)
    assert partial > 12


def test_while_pictures_are_held_back_it_orders_nothing_twice(planner: TeamPlanner) -> None:
    luma = texture(HEIGHT, WIDTH)
    assert planner.plan(luma, None).regions
    # The first one is still held back, and what was ordered for it is taken as made.
    for _ in range(8):
        assert planner.plan(luma, None).regions == ()


def test_what_turned_out_not_to_be_given_out_is_planned_again(planner: TeamPlanner) -> None:
    luma = texture(HEIGHT, WIDTH)
    first = planner.plan(luma, None)
    planner.plan(luma, None)
    missed = first.regions[:2]
    planner.order(first.number, first.regions[2:])
    again = planner.plan(luma, None)
    for region in missed:
        assert covered(again.regions)[region.cells()].any()
    assert pixels(again.regions, HALO) < 0.6 * pixels(first.regions, HALO)
    # It is ordered by now.
    assert planner.plan(luma, None).regions == ()


def test_what_was_not_given_out_stays_to_be_done(planner: TeamPlanner) -> None:
    luma = texture(HEIGHT, WIDTH)
    first = planner.plan(luma, None)
    planner.order(first.number, first.regions[:1])
    again = planner.plan(luma, None)
    assert not covered(again.regions)[first.regions[0].cells()].all()
    assert covered(again.regions).any()


def test_the_cells_as_they_are_replace_what_was_assumed(planner: TeamPlanner) -> None:
    luma = texture(HEIGHT, WIDTH)
    plan = planner.plan(luma, None)
    composer = Composer(planner)
    for _ in range(3):
        planner.plan(luma, None)
    # Only half of it came.
    composer.propagator.predict(luma, None, plan.matched)
    composer.take(luma, plan.regions[: len(plan.regions) // 2])
    composer.propagator.commit()
    state = composer.propagator.copy_state()
    planner.composed(ComposedState(plan.number, state, composer.propagator.factor))
    again = planner.plan(luma, None)
    missing = covered(plan.regions[len(plan.regions) // 2 :]) > 0
    assert covered(again.regions)[missing].mean() > 0.8
    assert planner._cells.usual_gain == pytest.approx(float(state.gain.mean()), rel=0.01)


def test_what_is_told_late_or_of_unknown_pictures_changes_nothing(planner: TeamPlanner) -> None:
    luma = texture(HEIGHT, WIDTH)
    plans = [planner.plan(luma, None) for _ in range(3)]
    composer = Composer(planner)
    composer.compose(luma, None, plans[0])
    composer.compose(luma, None, plans[1])
    planner.plan(luma, None)
    planner.composed(ComposedState(1, composer.propagator.copy_state(), 4.0))
    planner.order(1, ())
    planner.order(99, ())
    assert planner.plan(luma, None).regions == ()
    assert planner._factor != 4.0


def test_a_cut_and_a_key_frame_are_all_new_and_the_worst_comes_first(planner: TeamPlanner) -> None:
    luma, composer = texture(HEIGHT, WIDTH), Composer(planner)
    composer.compose(luma, None, planner.plan(luma, None))
    assert planner.plan(texture(HEIGHT, WIDTH, 5), None).is_new
    changed = luma.copy()
    changed[64:, 128:] = texture(32, 32, 9)
    plan = planner.plan(changed, CodecInfo(is_key=True, coded_bytes=0))
    assert plan.is_new and (covered(plan.regions) == 1).all()


def test_without_temporal_propagation_every_picture_is_all_new() -> None:
    planner = TeamPlanner(WIDTH, HEIGHT, HALO, propagates=False)
    luma = texture(HEIGHT, WIDTH)
    for number in range(1, 5):
        plan = planner.plan(luma, None)
        assert plan.is_new and plan.number == number and plan.matched.before is None
        assert (covered(plan.regions) == 1).all()


def test_after_a_gap_everything_is_new(planner: TeamPlanner) -> None:
    luma = texture(HEIGHT, WIDTH)
    planner.plan(luma, None)
    planner.forget()
    assert planner.plan(luma, None).is_new


def test_pictures_that_are_never_composed_do_not_pile_up(planner: TeamPlanner) -> None:
    luma = texture(HEIGHT, WIDTH)
    first = planner.plan(luma, None)
    for _ in range(2 * MAX_STEPS):
        planner.plan(luma, None)
    assert len(planner._steps) == MAX_STEPS
    # What was planned counts as made, also when later pictures are worked out anew from there.
    newest = planner._number
    planner.order(newest, first.regions[:1])
    assert planner.plan(luma, None).regions == ()


def test_another_size_is_refused(planner: TeamPlanner) -> None:
    with pytest.raises(ValueError, match="not 160x96"):
        planner.plan(texture(10, 10), None)
