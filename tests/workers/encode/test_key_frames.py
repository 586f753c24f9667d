from __future__ import annotations

from workers.encode.key_frames import KeyFramePolicy


def due(policy: KeyFramePolicy, index: int, *, now: float | None = None) -> bool:
    """At 30 frames per second, in time."""
    now = index / 30 if now is None else now
    return policy.is_due(pts=index * 3000, clock_rate=90_000, now=now)


def test_the_first_frame_and_one_every_four_seconds_are_key_frames() -> None:
    policy = KeyFramePolicy()
    assert [index for index in range(400) if due(policy, index)] == [0, 120, 240, 360]


def test_a_request_is_met_at_the_next_frame() -> None:
    policy = KeyFramePolicy()
    due(policy, 0)
    policy.ask()
    policy.ask()
    assert [index for index in range(30, 200) if due(policy, index)] == [30, 150]


def test_requests_are_met_at_most_twice_a_second_and_none_is_lost() -> None:
    policy, keys = KeyFramePolicy(), []
    for index in range(90):
        policy.ask()
        if due(policy, index):
            keys.append(index)
    assert keys == [0, 15, 30, 45, 60, 75]


def test_a_new_sequence_begins_with_a_key_frame() -> None:
    policy = KeyFramePolicy()
    due(policy, 0)
    policy.restart()
    assert due(policy, 1)
    assert not due(policy, 2)


def test_time_that_runs_backwards_is_a_new_beginning() -> None:
    policy = KeyFramePolicy()
    due(policy, 100)
    assert due(policy, 10)
    assert not due(policy, 11)
