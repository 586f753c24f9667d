"""A core that is too slow for the whole net on every frame: what a part of it can enhance is
enhanced, what nothing can is copied, and nothing goes back and forth.
"""

from __future__ import annotations

import dataclasses

import pytest

from workers.scheduling.admission import AdmissionPolicy, Needs, StreamInput
from workers.scheduling.resource_budget import CPU_FRACTION

from .levels import FULL
from .simulation import percentile
from .worker_simulation import Camera, Prices, WorkerSimulation, cameras

SECONDS, SETTLED_S = 60.0, 10.0
SOURCE = StreamInput(480, 270, 30)
SLOW = Prices(loop=0.0009, decode=0.002, plan=0.004, finish=0.0024, resize=0.002, encode=0.009)
"""A core that takes three times as long as others for all but the net."""

FIXED_S = SLOW.others + SLOW.plan + SLOW.finish


def net_of(part: float) -> float:
    """The time of a net of which a frame has that part, after all else that it needs."""
    return (CPU_FRACTION / 30 - FIXED_S) / part


class Admitted:
    """One camera on a slow core, judged twice a second as its lane does."""

    def __init__(self, net_s: float, *, cold: float = 1.0) -> None:
        """``cold``: how many times as long planning takes in the first two seconds."""
        self.camera = cameras(1)[0]
        prices = dataclasses.replace(SLOW, net=net_s)
        self.simulation = WorkerSimulation([self.camera], prices=prices, cold=cold)
        self.verdicts: list[tuple[float, bool]] = []
        self._policy = AdmissionPolicy()

    def run(self, seconds: float = SECONDS) -> None:
        for half in range(1, int(2 * seconds)):
            self.simulation.machine.at(half / 2, self._judge)
        self.simulation.run(seconds)

    def _judge(self) -> None:
        standing = self.simulation.budget.standing(self.camera.name)
        verdict = self._policy.judge(
            SOURCE,
            Needs(
                standing.full_ms or 0.0,
                standing.least_ms or 0.0,
                standing.partial_ms,
                standing.unserved,
            ),
            now=self.simulation.machine.now,
        )
        self.verdicts.append((self.simulation.machine.now, verdict.accepted))


@pytest.mark.parametrize("part", [0.4, 0.2, 0.1])
def test_a_core_with_time_for_a_tenth_of_the_net_enhances_every_frame(part: float) -> None:
    world = Admitted(net_of(part))
    world.run()
    assert all(accepted for _, accepted in world.verdicts)
    assert world.camera.net_share(SETTLED_S) > 0.97
    # Once in a while the whole net is tried, and a frame behind it is late.
    assert world.camera.changes(SETTLED_S) <= 6
    assert world.camera.done / len(world.camera.choices) > 0.6 * min(part, 0.3)
    assert percentile(world.camera.ages, 0.95) < 0.1
    # The whole net is left to key frames at most.
    assert world.camera.count(SETTLED_S)[FULL] < 60


@pytest.mark.parametrize("cold", [1.5, 3.0])
def test_a_costly_first_second_does_not_shut_a_stream_out(cold: float) -> None:
    world = Admitted(net_of(0.2), cold=cold)
    world.run()
    assert all(accepted for _, accepted in world.verdicts)
    assert world.camera.net_share(30.0) > 0.97


def test_a_core_that_cannot_even_plan_has_its_stream_copied_for_long() -> None:
    world = Admitted(net_of(0.1))
    world.simulation.prices = dataclasses.replace(world.simulation.prices, plan=0.025, net=0.4)
    world.run()
    refused = [at for at, accepted in world.verdicts if not accepted]
    assert refused and refused[0] < 40.0
    assert all(at in refused for at, _ in world.verdicts if refused[0] <= at < refused[0] + 30.0)
    assert world.camera.changes(SETTLED_S) <= 12


def test_two_streams_of_which_one_fits_take_turns_and_none_is_given_up() -> None:
    crowd: list[Camera] = cameras(2)
    prices = dataclasses.replace(SLOW, loop=0.0004, decode=0.001, encode=0.004, net=0.05)
    simulation = WorkerSimulation(crowd, prices=prices)
    simulation.run(SECONDS)
    for camera in crowd:
        assert camera.net_share(SETTLED_S) > 0.2
        assert not simulation.budget.standing(camera.name).unserved.is_hopeless
        assert camera.changes(SETTLED_S) <= 30
