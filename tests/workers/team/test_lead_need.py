from __future__ import annotations

import dataclasses

import pytest

from tests.workers.team.virtual_team import NET, ready
from workers.runtime.frame_counters import FrameCounters
from workers.scheduling.scheduler import Standing
from workers.team.coordinator import TeamCoordinator
from workers.team.lane_team import TeamGoal
from workers.team.lead_need import need_of, own_ms_per_megasample, own_offer, part_of

STANDING = Standing(level="bicubic", ms_per_s=100.0, full_ms=80.0, least_ms=20.0, wanted=0.4)
GOAL = TeamGoal("live-m", 0.0, 30.0, (480, 270), STANDING, expected_ms=50.0)


def with_standing(**fields: float | None) -> TeamGoal:
    return dataclasses.replace(GOAL, standing=dataclasses.replace(STANDING, **fields))  # type: ignore[arg-type]


def test_a_lead_lacks_what_frames_want_and_its_allocation_does_not_pay_for() -> None:
    need = need_of(GOAL, None, 23.0)
    assert (need.model, need.own_ms_per_frame) == ("live-m", 23.0)
    assert need.lacking_ms_per_s == pytest.approx(0.4 * 30 * 80 - 100)


def test_until_it_was_measured_the_expected_time_of_the_net_counts() -> None:
    need = need_of(with_standing(full_ms=None), None, 23.0)
    assert need.lacking_ms_per_s == pytest.approx(0.4 * 30 * 50 - 100)


def test_a_lead_that_can_do_all_of_it_or_nearly_lacks_nothing() -> None:
    assert need_of(with_standing(ms_per_s=2000.0), None, 23.0).lacking_ms_per_s == 0.0
    assert need_of(with_standing(ms_per_s=930.0), None, 23.0).lacking_ms_per_s == 0.0


def test_with_helpers_the_plans_tell_what_frames_want() -> None:
    coordinator = TeamCoordinator(NET, FrameCounters())
    assert need_of(GOAL, coordinator, 23.0).lacking_ms_per_s == pytest.approx(0.4 * 2400 - 100)
    coordinator.ready("a", ready(200.0), now=0.0)
    expected = coordinator.wanted * 2400 - 100
    assert need_of(GOAL, coordinator, 23.0).lacking_ms_per_s == pytest.approx(expected)


def test_the_lead_offers_of_each_frame_what_its_allocation_pays_for() -> None:
    offer = own_offer(GOAL, 7)
    assert offer is not None
    assert offer.name == "" and offer.max_work_ms == pytest.approx(100 / 30)
    # A whole picture takes what was measured.
    assert offer.work_ms(0, 494 * 284) == pytest.approx(80.0)
    assert own_offer(with_standing(ms_per_s=5.0), 7) is None
    assert own_offer(dataclasses.replace(GOAL, size=(0, 0)), 7) is None


def test_the_part_that_helpers_can_make_is_told_by_their_pace() -> None:
    coordinator = TeamCoordinator(NET, FrameCounters())
    assert part_of(coordinator, GOAL) == 0.0
    # A megasample in a second each: together two of the 4.2 that 30 whole pictures have.
    coordinator.ready("a", ready(1000.0), now=0.0)
    coordinator.ready("b", ready(1000.0), now=0.0)
    megasamples = 30 * 494 * 284 / 1e6
    assert part_of(coordinator, GOAL) == pytest.approx(2.0 / (coordinator.wanted * megasamples))
    assert part_of(coordinator, dataclasses.replace(GOAL, size=(0, 0))) == 0.0


def test_the_leads_own_speed_is_that_of_a_whole_picture_with_its_halo() -> None:
    assert own_ms_per_megasample(GOAL, 7) == pytest.approx(80.0 / (494 * 284 / 1e6))
    assert own_ms_per_megasample(with_standing(full_ms=None), 0) == pytest.approx(50 / 0.1296)
    assert own_ms_per_megasample(dataclasses.replace(GOAL, size=(0, 0)), 7) == 0.0
