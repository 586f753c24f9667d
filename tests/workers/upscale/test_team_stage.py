"""The upscaling stage of a lead: what becomes of a frame that helpers work on."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from models.manifest import load_manifest
from tests.workers.clips import Clip, picture, units
from tests.workers.upscale.plain_team import alone, cut, results, team_frame
from wire.team_map import MADE_S
from workers.engines.registry import make_engine
from workers.media.frame_task import FrameTask
from workers.media.picture import Picture, Plane
from workers.media.route import Route
from workers.process import jit_warmup
from workers.runtime.frame_counters import Counts, FrameCounters
from workers.scheduling.deadlines import MAX_AGE_S
from workers.scheduling.handle import SharedScheduler
from workers.team.planner import TeamPlanner
from workers.temporal.incremental_bicubic import IncrementalBicubic
from workers.temporal.padding import bordered
from workers.temporal.region_selection import Region
from workers.upscale.model_cache import ModelCache
from workers.upscale.region_net import RegionNet
from workers.upscale.stage import UpscaleConfig, UpscaleStage
from workers.upscale.team_frame import OWN, TeamTask

WIDTH, HEIGHT, MODEL = 160, 96, "live-s"
TOO_SLOW_MS = 1000.0
"""A net that is expected to take so long is never run whole on a live stream."""


@pytest.fixture(scope="module")
def nets() -> Iterator[ModelCache]:
    jit_warmup.warm_up()
    cache = ModelCache(make_engine("openvino", threads=1), temporal=True)
    cache.load(MODEL, WIDTH, HEIGHT)
    while cache.ready_dynamic(MODEL, WIDTH, HEIGHT) is None:
        time.sleep(0.01)
    yield cache
    cache.close()


class Lead:
    """A weak device's stage, and a helper that makes what was planned."""

    def __init__(self, nets: ModelCache, *, expected_ms: float = TOO_SLOW_MS) -> None:
        self.counters = FrameCounters()
        self.stage = UpscaleStage(
            nets,
            self.counters,
            SharedScheduler().handle(),
            UpscaleConfig(MODEL, 30.0, expected=lambda model, width, height: expected_ms),
        )
        manifest = load_manifest(MODEL)
        self.planner = TeamPlanner(WIDTH, HEIGHT, manifest.receptive_radius)
        session = nets.ready_dynamic(MODEL, WIDTH, HEIGHT)
        assert session is not None
        self.helper = RegionNet(manifest, session)

    def shared(self, luma: Plane, part: float, *, age_s: float = 0.0) -> TeamTask:
        """A frame of which a helper made a part of what was planned."""
        plan = self.planner.plan(luma, None)
        team = team_frame(plan.matched, number=plan.number, composed=self.planner.composed)
        regions = plan.regions[: round(part * len(plan.regions))]
        team.add(results(self.whole(luma), plain_of(luma), regions))
        return TeamTask.of(task_of(luma, age_s), team)

    def whole(self, luma: Plane) -> Plane:
        self.helper.take(luma)
        return self.helper.part(Region(0, 0, HEIGHT, WIDTH), 0.0)

    def show(self, task: FrameTask) -> Picture:
        (made,) = self.stage.step(task)
        assert made.picture is not None
        return made.picture

    @property
    def counts(self) -> Counts:
        return self.counters.read()


def plain_of(luma: Plane) -> Plane:
    enlarger = IncrementalBicubic(WIDTH, HEIGHT, 2)
    enlarger.update(bordered(luma))
    return enlarger.large


def task_of(luma: Plane, age_s: float = 0.0) -> FrameTask:
    (unit,) = units(Clip(width=WIDTH, height=HEIGHT, frames=1))
    task = FrameTask(unit, Route.WORK, arrived=time.monotonic() - age_s)
    task.picture = picture(0, WIDTH, HEIGHT)
    task.picture.y[:] = luma
    return task


def still() -> Plane:
    return picture(0, WIDTH, HEIGHT).y.copy()


def changed(luma: Plane) -> Plane:
    other = luma.copy()
    other[32:64, 48:112] = 255 - other[32:64, 48:112]
    return other


def test_what_helpers_made_is_the_picture_and_the_engine_is_not_asked(nets: ModelCache) -> None:
    lead, luma = Lead(nets), still()
    for each in (luma, changed(luma)):
        task = lead.shared(each, 1.0)
        whole, before = lead.whole(each), nets.engine_lock.tickets
        made = lead.show(task)
        assert nets.engine_lock.tickets == before
    assert np.array_equal(cut(made.y, Region(40, 56, 16, 48)), cut(whole, Region(40, 56, 16, 48)))
    counts = lead.counts
    assert list(counts.levels) == ["team"] and counts.enhanced == 2 and counts.bicubic == 0
    assert set(counts.samples) == {"a"} and counts.samples["a"] > WIDTH * HEIGHT


def test_without_results_the_last_picture_is_still_propagated(nets: ModelCache) -> None:
    lead, luma = Lead(nets), still()
    first = lead.show(lead.shared(luma, 1.0)).y.copy()
    for _ in range(3):
        assert np.array_equal(lead.show(lead.shared(luma, 0.0)).y, first)
    assert sum(lead.counts.levels["temporal"].values()) == 3
    # A frame that comes when there are no helpers any more goes on from there.
    assert np.array_equal(lead.show(task_of(luma)).y, first)


def test_the_lead_adds_what_it_has_time_for(nets: ModelCache) -> None:
    lead, luma = Lead(nets, expected_ms=5.0), still()
    for index in range(12):
        lead.show(lead.shared(changed(luma) if index % 2 else luma, 0.5))
    samples = lead.counts.samples
    assert samples[OWN] > 0 and samples["a"] > 0
    assert set(lead.counts.levels) == {"team", "temporal"}
    assert lead.counts.temporal_done > 0


def test_the_map_shows_what_helpers_made_apart_from_the_lead_s_and_what_was_predicted(
    nets: ModelCache,
) -> None:
    lead, luma = Lead(nets), still()
    lead.stage.made.want(now=time.monotonic())
    lead.show(lead.shared(luma, 1.0))
    found = lead.stage.made.read("w1", now=time.monotonic())
    assert found is not None and found.devices == ["w1", "a"] and set(found.cells) == {"1"}
    # A second later all of it is predicted.
    later = lead.stage.made.read("w1", now=time.monotonic() + MADE_S)
    assert later is not None and later.devices == ["w1"] and set(later.cells) == {"."}


def test_without_a_team_the_map_is_the_lead_s_own(nets: ModelCache) -> None:
    lead = Lead(nets, expected_ms=1.0)
    lead.stage.made.want(now=time.monotonic())
    lead.show(task_of(still()))
    found = lead.stage.made.read("w1", now=time.monotonic())
    assert found is not None and (found.devices, set(found.cells)) == (["w1"], {"0"})


def test_a_frame_that_was_held_for_results_is_not_late(nets: ModelCache) -> None:
    lead, luma = Lead(nets), still()
    old_s = MAX_AGE_S + 0.2
    lead.show(lead.shared(luma, 1.0))
    held = lead.shared(changed(luma), 1.0, age_s=old_s)
    held.held_s = old_s
    lead.show(held)
    assert lead.counts.levels["team"] == {"best": 2}
    assert list(lead.stage.step(lead.shared(luma, 1.0, age_s=old_s))) == []
    assert lead.counts.dropped == {"late": 1}


def test_results_that_cannot_be_read_are_counted(nets: ModelCache) -> None:
    lead, luma = Lead(nets), still()
    team = team_frame(alone(luma))
    (good,) = results(lead.whole(luma), plain_of(luma), [Region(0, 0, 32, 32)])
    bad = type(good)("b", 1, Region(32, 32, 32, 32), b"damaged")
    team.add([good, bad])
    lead.show(TeamTask.of(task_of(luma), team))
    assert lead.counts.results == {"unreadable": 1}
    assert lead.counts.samples["a"] == 32 * 32 and "b" not in lead.counts.samples


def test_where_nothing_is_propagated_results_are_pasted_over_bicubic() -> None:
    cache = ModelCache(make_engine("openvino", threads=1))
    cache.load(MODEL, WIDTH, HEIGHT)
    lead = FrameCounters()
    stage = UpscaleStage(cache, lead, SharedScheduler().handle(), UpscaleConfig(MODEL, 30.0))
    stage.made.want(now=time.monotonic())
    luma = still()
    enlarged = np.full((2 * HEIGHT, 2 * WIDTH), 77, np.uint8)
    team = team_frame(alone(luma))
    team.add(results(enlarged, plain_of(luma), [Region(32, 32, 32, 32)]))
    (made,) = stage.step(TeamTask.of(task_of(luma), team))
    assert made.picture is not None
    assert (made.picture.y[64:128, 64:128] == 77).all()
    assert not (made.picture.y[:64] == 77).all()
    counts = lead.read()
    assert list(counts.levels) == ["team"] and counts.samples == {"a": 32 * 32}
    found = stage.made.read("w1", now=time.monotonic())
    assert found is not None and found.devices == ["w1", "a"]
    assert (found.cells.count("1"), found.cells.count(".")) == (16, 20 * 12 - 16)
    cache.close()
