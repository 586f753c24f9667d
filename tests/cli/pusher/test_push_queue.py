"""The queue between the log and a slow target."""

from __future__ import annotations

import threading
import time

from cli.pusher.push_queue import PushQueue
from tests.app.fakes import audio, video


def test_units_come_out_in_order_from_the_first_key_frame_on() -> None:
    queue = PushQueue()
    assert queue.put(video(0)), "a key frame must be asked for"
    assert not queue.put(audio(0))
    assert not queue.put(video(1, key=True))
    assert not queue.put(video(2))
    found = [queue.get() for _ in range(3)]
    assert [unit.sequence for unit in found if unit is not None] == [0, 1, 2]
    assert queue.dropped == 1


def test_a_full_queue_loses_what_waits_and_goes_on_at_a_key_frame() -> None:
    queue = PushQueue(most=4)
    for number in range(4):
        queue.put(video(number, key=number == 0))
    assert queue.put(video(4))
    assert queue.dropped == 5
    assert not queue.put(video(5, key=True))
    unit = queue.get()
    assert unit is not None and unit.sequence == 5


def test_a_gap_is_waited_out() -> None:
    queue = PushQueue()
    queue.put(video(0, key=True))
    queue.await_key()
    assert queue.put(video(2))
    assert not queue.put(video(3, key=True))


def test_a_restart_forgets_what_waits() -> None:
    queue = PushQueue()
    queue.put(video(0, key=True))
    queue.restart()
    assert queue.dropped == 1
    assert queue.put(video(1))


def test_closing_ends_whoever_waits() -> None:
    queue = PushQueue()
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(queue.get()))
    thread.start()
    queue.close()
    thread.join(5)
    assert found == [None]
    began = time.monotonic()
    queue.wait_closed(10.0)
    assert time.monotonic() - began < 5
    assert queue.is_closed
