"""The queue in front of the disk is bounded, and drops whole groups of pictures."""

from __future__ import annotations

import dataclasses

from app.recording.unit_queue import UnitQueue
from media.access_unit import AccessUnit
from tests.app import fakes


def large(number: int, *, key: bool = False) -> AccessUnit:
    return dataclasses.replace(fakes.video(number, key=key), payload=bytes(1000))


def numbers(units: list[AccessUnit]) -> list[int]:
    return [unit.sequence for unit in units]


def test_units_come_out_in_order_once() -> None:
    queue = UnitQueue()
    for unit in fakes.group(0, 5):
        queue.push(unit)
    queue.push(fakes.audio(3))
    assert len(queue) == 6
    assert numbers(queue.pop()) == [0, 1, 2, 3, 4, 3]
    assert (len(queue), queue.pop()) == (0, [])


def test_a_full_queue_drops_up_to_the_next_key_frame() -> None:
    queue = UnitQueue(max_bytes=3000)
    for number in range(5):
        queue.push(large(number, key=number == 0))
    assert queue.needs_key
    assert numbers(queue.pop()) == [0, 1, 2]
    # There is space again, and nothing could be decoded.
    queue.push(large(5))
    queue.push(large(6, key=True))
    queue.push(large(7))
    assert numbers(queue.pop()) == [6, 7]
    assert queue.dropped == {"behind": 3}


def test_sound_is_dropped_while_pictures_are() -> None:
    queue = UnitQueue(max_bytes=1500)
    queue.push(large(0, key=True))
    queue.push(large(1))
    queue.push(fakes.audio(1))
    assert numbers(queue.pop()) == [0]
    queue.push(fakes.audio(2))
    assert queue.pop() == []
    assert queue.dropped == {"behind": 3}


def test_sound_alone_that_does_not_fit_costs_no_picture() -> None:
    queue = UnitQueue(max_units=2)
    queue.push(fakes.video(0, key=True))
    queue.push(fakes.video(1))
    queue.push(fakes.audio(1))
    assert not queue.needs_key
    queue.pop()
    queue.push(fakes.video(2))
    assert numbers(queue.pop()) == [2]


def test_a_key_frame_that_does_not_fit_is_dropped_too() -> None:
    queue = UnitQueue(max_bytes=2500)
    for number in range(3):
        queue.push(large(number, key=True))
    assert numbers(queue.pop()) == [0, 1]
    assert queue.needs_key


def test_what_is_discarded_is_counted() -> None:
    queue = UnitQueue()
    for unit in fakes.group(0, 3):
        queue.push(unit)
    queue.discard("held")
    queue.discard("held")
    assert queue.dropped == {"held": 3}
    assert queue.pop() == []


def test_memory_is_bounded_whatever_comes() -> None:
    queue = UnitQueue(max_bytes=10_000, max_units=50)
    for number in range(10_000):
        queue.push(large(number, key=number % 7 == 0))
        queue.push(fakes.audio(number))
    waiting = queue.pop()
    assert len(waiting) <= 50
    assert sum(len(unit.payload) for unit in waiting) <= 10_000
    assert len(waiting) + queue.dropped.total() == 20_000
