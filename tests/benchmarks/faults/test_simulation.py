"""Five hundred random schedules of faults, in virtual time."""

from __future__ import annotations

import random

from benchmarks.faults.simulation import ENHANCED_LINES, World, schedule

SEEDS = 500
"""Worlds of 7 s; each takes about a hundredth of a second of the processor."""


def test_without_faults_the_viewer_is_shown_every_enhanced_picture() -> None:
    world = World(1)
    world.faults = []
    result = world.run()
    assert result.is_sound
    assert result.lost == 0
    assert world.is_enhanced
    assert {seen.height for seen in world.screen.seen[30:]} == {ENHANCED_LINES}


def test_schedules_are_those_of_their_seed() -> None:
    one, two = (schedule(random.Random(7), 6.0) for _ in range(2))
    assert one == two
    assert one != schedule(random.Random(8), 6.0)


def test_whatever_dies_every_picture_is_shown_at_most_once_and_in_order() -> None:
    wrong = {}
    for seed in range(SEEDS):
        world = World(seed)
        result = world.run()
        if not result.is_sound:
            wrong[seed] = (result, world.faults)
    assert not wrong, f"{len(wrong)} of {SEEDS}, first: {next(iter(wrong.items()))}"


def test_some_time_after_the_last_fault_pictures_are_enhanced_again() -> None:
    late = []
    for seed in range(100):
        world = World(seed, seconds=14.0)
        world.faults = [fault for fault in world.faults if fault.until_s < 8.0]
        world.run()
        if not world.is_enhanced:
            late.append((seed, world.faults))
    assert not late, late[0]
