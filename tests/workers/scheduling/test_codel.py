from __future__ import annotations

import itertools

from workers.scheduling.codel import INTERVAL_S, TARGET_S, CoDel

FPS = 30


def feed(shedding: CoDel, ages: list[float], *, first: int = 0) -> list[bool]:
    return [shedding.leaves_out(age, now=(first + index) / FPS) for index, age in enumerate(ages)]


def test_young_frames_pass_and_so_do_a_few_old_ones() -> None:
    ages = [0.01, 0.02, *[0.2] * int(INTERVAL_S * FPS), 0.01] * 5
    assert not any(feed(CoDel(), ages))


def test_where_no_frame_is_young_more_and_more_are_left_out_but_never_two_in_a_row() -> None:
    left_out = feed(CoDel(), [TARGET_S + 0.02] * 300)
    counts = [sum(left_out[second * FPS : (second + 1) * FPS]) for second in range(10)]
    assert 2 <= counts[0] < counts[1] <= counts[5] <= FPS / 2
    assert not any(a and b for a, b in itertools.pairwise(left_out))


def test_one_young_frame_ends_it() -> None:
    shedding = CoDel()
    assert any(feed(shedding, [0.1] * 60))
    assert not any(feed(shedding, [0.05] + [0.1] * int(INTERVAL_S * FPS), first=60))


def test_the_delay_of_a_crowd_stays_near_the_target() -> None:
    """Each frame takes a fifth longer to put out than the next one is away."""
    shedding, free_at, ages, out = CoDel(), 0.0, [], []
    for index in range(30 * FPS):
        arrived = index / FPS
        now = max(arrived, free_at)
        ages.append(now - arrived)
        out.append(not shedding.leaves_out(now - arrived, now=now))
        free_at = now + (1.2 / FPS if out[-1] else 0.001)
    assert max(ages) < 0.25 and sorted(ages)[len(ages) // 2] < 2 * TARGET_S
    # Five in six could pass.
    assert 0.7 < sum(out) / len(out) < 0.86
