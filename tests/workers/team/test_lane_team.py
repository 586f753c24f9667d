from __future__ import annotations

import time

from tests.workers.clips import Clip, picture, units
from wire.jobs import Job
from workers.media.frame_task import FrameTask
from workers.media.route import Route
from workers.runtime.frame_counters import FrameCounters
from workers.scheduling.scheduler import Standing
from workers.team.lane_team import NoTeams, TeamGoal

GOAL = TeamGoal("live-s", 0.0, 30.0, (64, 48), Standing("full", 100.0, 5.0, 5.0), expected_ms=5.0)


async def test_a_worker_that_asks_nobody_makes_all_frames_alone() -> None:
    team = NoTeams().team(Job("1-0", "cam1", "enhanced", 1), 7, FrameCounters())
    (unit,) = units(Clip(width=64, height=48, frames=1))
    task = FrameTask(unit, Route.WORK, arrived=time.monotonic(), picture=picture(0, 64, 48))
    team.follow(GOAL)
    assert team.offer(task) is task
    assert team.part() == 0.0
    await team.run()
    work = team.work()
    assert (work.mode, work.devices, work.invited) == ("alone", [], 0)
    assert work.reason.endswith(".")
