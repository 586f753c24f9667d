"""Key frames: asked for where none comes, never of who sends them at a pace of its own."""

from __future__ import annotations

from app.hls.key_frame_need import KeyFrameNeed

SLOT_US = 2_000_000


def run(need: KeyFrameNeed, keys: set[int], end_ms: int, *, begin_ms: int = 0) -> list[int]:
    """Times in ms at which a key frame is asked for; pictures come every 100 ms."""
    asked, begun = [], begin_ms // 2000 - 1
    for at in range(begin_ms, end_ms, 100):
        slot, is_key = at // 2000, at in keys
        begun = slot if is_key else begun
        was_due = need.is_due
        need.take(at * 1000, is_key=is_key, has_begun=slot <= begun)
        if need.is_due and not was_due:
            asked.append(at)
    return asked


def test_a_key_frame_is_asked_for_as_soon_as_a_slot_begins_without_one() -> None:
    assert run(KeyFrameNeed(SLOT_US), {0}, 3000) == [2000]


def test_it_is_not_asked_for_again_once_it_came() -> None:
    assert run(KeyFrameNeed(SLOT_US), {0, 2200, 4200}, 6000) == [2000, 4000]


def test_a_publisher_with_a_pace_of_its_own_is_left_alone() -> None:
    own = set(range(1500, 40_000, 2000))
    asked = run(KeyFrameNeed(SLOT_US), own, 40_000)
    # Before its pace is known it may be asked.
    assert all(at < 6000 for at in asked)


def test_a_publisher_that_gives_its_pace_up_is_asked_again() -> None:
    own = set(range(500, 20_000, 2000))
    asked = run(KeyFrameNeed(SLOT_US), own, 30_000)
    assert [at for at in asked if at >= 20_000] != []


def test_nothing_is_due_within_a_segment_that_has_begun() -> None:
    need = KeyFrameNeed(SLOT_US)
    run(need, {0}, 2000)
    assert not need.is_due
