"""A lead's frames and its helpers' results in virtual time."""

from __future__ import annotations

import numpy as np
import pytest

from tests.workers.team.virtual_team import NET, Device, VirtualTeam, answer, ready, scene
from tests.workers.temporal.scenes import texture
from workers.runtime.frame_counters import FrameCounters
from workers.team.coordinator import PRIOR_WANTED, TeamCoordinator, TeamNet
from workers.team.device_model import Offer
from workers.team.playout_delay import MAX_DELAY_S
from workers.upscale.release_pacing import ReleasePacing


def held(team: VirtualTeam, first: int = 0) -> list[float]:
    """For how long each frame was held, from the first one on."""
    pacing = ReleasePacing()
    found = []
    for at, given in team.frames[first:]:
        frame = given.frame
        frame.wait(now=frame.until)
        leaves = pacing.release(queued=at, ready=frame.released_at, until=frame.until)
        found.append(leaves - at)
    return found


def test_a_frame_with_nothing_to_do_goes_on_at_once() -> None:
    coordinator = TeamCoordinator(NET, FrameCounters())
    coordinator.ready("a", ready(200.0), now=0.0)
    still = texture(96, 160)
    for index in range(20):
        given = coordinator.give_out(index, still, None, now=index / 30)
    assert given.tasks == () and given.frame.released_at == pytest.approx(19 / 30)


def test_helpers_make_what_was_planned_in_time() -> None:
    team = VirtualTeam(Device("a"), Device("b"))
    team.run(3.0)
    assert team.results["in_time"] > 80 and team.results.get("late", 0) <= 1
    assert set(team.results) <= {"in_time", "late"}
    # Two ways of 20 ms, and the work.
    assert 0.04 < float(np.median(held(team, 45))) < 0.1
    given = sum(bool(given.tasks) for _, given in team.frames[30:])
    assert given == len(team.frames[30:])


def test_the_delay_grows_by_a_little_with_each_frame_and_frames_keep_to_it() -> None:
    team = VirtualTeam(Device("a", path_s=0.05))
    team.run(2.0)
    times = [at + wait for (at, _), wait in zip(team.frames, held(team), strict=True)]
    del times[-4:]  # which still wait for results
    assert np.diff(times).max() < 1.6 / 30 + 0.001
    assert max(held(team)) <= MAX_DELAY_S


def test_a_result_completes_its_frame_and_nothing_more_is_waited_for() -> None:
    team = VirtualTeam(Device("a"), Device("b"))
    team.run(2.0)
    at, given = team.frames[-20]
    assert given.frame.released_at < given.frame.until
    assert not any(frame is given.frame for frame in team.coordinator._open.values())


def test_a_helper_that_vanishes_costs_no_frame_more_than_its_deadline() -> None:
    team = VirtualTeam(Device("a"), Device("b"))
    team.run(2.0)
    team.devices["a"].is_dead = True
    team.run(5.0)
    for at, given in team.frames:
        given.frame.wait(now=given.frame.until)
        assert given.frame.released_at <= at + MAX_DELAY_S + 1e-9
    assert team.coordinator.helpers == ["b"]
    # The one that is left does what it can.
    assert all(order.to == "b" for _, given in team.frames[-30:] for order in given.tasks)


def test_without_any_helper_held_frames_go_on_at_once() -> None:
    team = VirtualTeam(Device("a", path_s=0.08))
    team.run(2.0)
    waiting = list(team.coordinator._open.values())
    assert waiting
    team.coordinator.leave("a", now=team.now)
    assert not team.coordinator.has_helpers and not team.coordinator.is_waiting
    assert all(frame.released_at <= team.now for frame in waiting)


def test_what_is_lost_is_not_waited_for_and_what_comes_twice_is_thrown_away() -> None:
    lossy = Device("a", path_s=0.03, loses=lambda order: order.sequence % 12 == 0)
    team = VirtualTeam(lossy, Device("b", path_s=0.01, copies=2))
    team.run(6.0)
    assert team.results["unknown"] > 10  # the second copy of a task that has its result
    assert team.results["in_time"] > 0.9 * 6 * 30


def test_a_late_result_is_counted_and_changes_nothing() -> None:
    team = VirtualTeam(Device("a"))
    team.run(1.5)
    at, given = team.frames[-1]
    (order,) = given.tasks
    late = given.frame.until + 0.05
    given.frame.wait(now=late)  # the upscaler went on without it
    before = dict(team.results)
    team.coordinator.result("a", answer(order), now=late)
    assert team.results["late"] == before.get("late", 0) + 1
    assert not given.frame._results


def test_results_that_nobody_asked_for_are_counted_and_thrown_away() -> None:
    team = VirtualTeam(Device("a"), Device("b"))
    team.run(1.5)
    order = team.frames[-1][1].tasks[0]
    other = "b" if order.to == "a" else "a"
    team.coordinator.result(other, answer(order), now=team.now)
    team.coordinator.result("nobody", answer(order), now=team.now)
    assert team.results["unknown"] == 2
    # One region more than the task has.
    coded = [b"x"] * (len(order.regions) + 1)
    team.coordinator.result(order.to, answer(order, coded=coded), now=team.now)
    assert team.results["unreadable"] == 1


def test_a_helper_for_another_net_is_none() -> None:
    coordinator = TeamCoordinator(NET, FrameCounters())
    coordinator.ready("a", ready(200.0, model="live-l"), now=0.0)
    assert not coordinator.has_helpers


def test_what_nobody_has_time_for_stays_to_be_done() -> None:
    team = VirtualTeam(Device("a", ms_per_megasample=20_000.0))
    team.run(2.0, lambda number: texture(96, 160, number))
    planner = team.coordinator._planner
    assert planner is not None
    step = planner._steps[-1]
    assert sum(each.height * each.width for each in step.ordered) < 0.5 * 160 * 96


def test_the_lead_keeps_what_it_has_time_for_itself() -> None:
    team = VirtualTeam(Device("a"))
    team.run(1.0)
    own = Offer("", 0.0, 0.0, 0.5, 200.0, max_work_ms=30.0)
    given = team.coordinator.give_out(1000, scene(1000), None, now=team.now, own=own)
    planner = team.coordinator._planner
    assert planner is not None
    asked = {one.region for order in given.tasks for one in order.regions}
    assert set(planner._steps[-1].ordered) >= asked


def test_after_frames_without_a_team_the_next_one_follows_none() -> None:
    team = VirtualTeam(Device("a"))
    team.run(1.0)
    first = team.coordinator._planner
    team.coordinator.pause()
    team.run(0.1)
    assert team.coordinator._planner is not first


def test_another_size_begins_anew() -> None:
    team = VirtualTeam(Device("a"))
    team.run(0.5)
    given = team.coordinator.give_out(99, texture(48, 64), None, now=team.now)
    assert given.frame.number == 1


def test_what_frames_want_is_learnt() -> None:
    coordinator = TeamCoordinator(NET, FrameCounters())
    assert coordinator.wanted == PRIOR_WANTED
    still = texture(96, 160)
    for index in range(100):
        coordinator.give_out(index, still, None, now=index / 30)
    # Nobody makes it, so it stays to be done.
    assert coordinator.wanted > 0.5
    team = VirtualTeam(Device("a"))
    team.run(6.0, lambda number: still)
    assert team.coordinator.wanted < 0.1
    whole = TeamCoordinator(TeamNet("live-s", 7, propagates=False), FrameCounters())
    assert whole.wanted == 1.0


def test_its_figures_tell_who_did_what() -> None:
    team = VirtualTeam(Device("a"), Device("b", path_s=0.06))
    for _ in range(8):
        team.run(0.5)
        team.counters.count_samples({"a": 3000, "b": 1000, "": 4000})
        work = team.coordinator.work("Two help.", 2, now=team.now)
    assert (work.mode, work.invited) == ("regions", 2)
    assert work.reason.startswith("Two help. Regions of 3 devices cost ")
    one, other = work.devices
    assert (one.name, other.name) == ("a", "b")
    assert one.round_trip_ms == pytest.approx(40.0, abs=5.0)
    assert other.round_trip_ms == pytest.approx(120.0, abs=5.0)
    assert one.tasks > 10 and one.in_time > 10
    assert one.samples == pytest.approx(6000, rel=0.01)
    assert (one.fraction, other.fraction) == (0.375, 0.125)
    assert 40.0 < work.turn_around_p50_ms <= work.turn_around_p95_ms < 300.0
    assert 0.0 < work.playout_delay_ms <= 1000 * MAX_DELAY_S
    assert work.wanted > 0.0


def test_speeds_are_told_of_those_that_have_done_something() -> None:
    team = VirtualTeam(Device("a", ms_per_megasample=200.0), Device("b", ms_per_megasample=800.0))
    assert team.coordinator.speeds(400.0) == {}
    team.run(4.0)
    speeds = team.coordinator.speeds(400.0)
    assert speeds["a"] == pytest.approx(2.0, rel=0.35)
    assert speeds["b"] == pytest.approx(0.5, rel=0.35)


def test_alone_it_says_so() -> None:
    work = TeamCoordinator(NET, FrameCounters()).work("Nobody can.", 0, now=1.0)
    assert (work.mode, work.devices, work.playout_delay_ms) == ("alone", [], 0.0)


def test_a_lead_whose_threads_fall_behind_gives_out_less() -> None:
    team = VirtualTeam(Device("a"))

    def other(number: int) -> np.ndarray:
        return texture(96, 160, number)

    team.run(2.0, other)
    before = sum(one.region.height for order in team.frames[-1][1].tasks for one in order.regions)
    for _ in range(40):
        team.run(0.1, other)
        for _, given in team.frames:
            given.frame.late_s = 0.2
    after = sum(one.region.height for order in team.frames[-1][1].tasks for one in order.regions)
    assert after < before
    team.run(0.1, other)
    while not team.coordinator.is_resting(now=team.now):
        team.run(0.1, other)
        for _, given in team.frames:
            given.frame.late_s = 0.2
    assert team.now < 20.0
