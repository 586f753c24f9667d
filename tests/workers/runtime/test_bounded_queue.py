from __future__ import annotations

import threading

from workers.runtime.bounded_queue import BoundedQueue


def test_items_come_out_in_order_and_finish_hands_out_the_rest() -> None:
    channel: BoundedQueue[int] = BoundedQueue(3)
    assert all(channel.put(number) for number in range(3))
    channel.finish()
    assert not channel.put(9)
    assert [channel.get() for _ in range(4)] == [0, 1, 2, None]


def test_a_full_channel_makes_the_putter_wait() -> None:
    channel: BoundedQueue[int] = BoundedQueue(1)
    taken: list[int | None] = []
    thread = threading.Thread(target=lambda: [channel.put(number) for number in range(50)])
    thread.start()
    while len(taken) < 50:
        assert len(channel) <= 1
        taken.append(channel.get())
    thread.join(5)
    assert taken == list(range(50))


def test_close_frees_both_sides_at_once() -> None:
    full: BoundedQueue[int] = BoundedQueue(1)
    empty: BoundedQueue[int] = BoundedQueue(1)
    full.put(1)
    results: list[object] = []
    threads = [
        threading.Thread(target=lambda: results.append(full.put(2))),
        threading.Thread(target=lambda: results.append(empty.get())),
    ]
    for thread in threads:
        thread.start()
    full.close()
    empty.close()
    for thread in threads:
        thread.join(5)
    assert sorted(results, key=str) == [False, None]
    assert full.get() is None and not full.put(3) and full.is_closed


def test_a_fast_side_never_outruns_the_limit_nor_misses_a_place() -> None:
    channel: BoundedQueue[int] = BoundedQueue(2)
    taken: list[int] = []

    def take() -> None:
        while (item := channel.get()) is not None:
            taken.append(item)

    thread = threading.Thread(target=take)
    thread.start()
    for number in range(20_000):
        assert channel.put(number)
        assert len(channel) <= 2
    channel.finish()
    thread.join(10)
    assert taken == list(range(20_000))


def test_an_end_is_seen_as_often_as_it_is_asked_for() -> None:
    channel: BoundedQueue[int] = BoundedQueue(2)
    channel.put(1)
    channel.finish()
    assert [channel.get() for _ in range(5)] == [1, None, None, None, None]
    assert not channel.is_closed
    channel.close()
    assert channel.is_closed and channel.get() is None


def test_closing_loses_what_is_inside_and_finishing_does_not() -> None:
    closed: BoundedQueue[int] = BoundedQueue(3)
    finished: BoundedQueue[int] = BoundedQueue(3)
    for channel in (closed, finished):
        channel.put(1)
        channel.put(2)
    closed.close()
    finished.finish()
    assert closed.get() is None
    assert [finished.get() for _ in range(3)] == [1, 2, None]


def test_a_limit_that_grows_frees_the_putter_at_the_next_item_taken() -> None:
    channel: BoundedQueue[int] = BoundedQueue(1)
    channel.put(0)
    thread = threading.Thread(target=lambda: [channel.put(number) for number in (1, 2, 3)])
    thread.start()
    thread.join(0.1)
    assert thread.is_alive() and len(channel) == 1
    channel.limit = 8
    assert channel.get() == 0
    thread.join(5)
    assert not thread.is_alive()
    assert [channel.get() for _ in range(3)] == [1, 2, 3]


def test_a_limit_that_shrinks_keeps_what_is_inside() -> None:
    channel: BoundedQueue[int] = BoundedQueue(4)
    for number in range(4):
        channel.put(number)
    channel.limit = 1
    channel.finish()
    assert [channel.get() for _ in range(5)] == [0, 1, 2, 3, None]


def test_the_end_frees_a_putter_that_waits() -> None:
    for end in (BoundedQueue.close, BoundedQueue.finish):
        channel: BoundedQueue[int] = BoundedQueue(1)
        channel.put(0)
        results: list[bool] = []
        thread = threading.Thread(target=lambda c=channel, r=results: r.append(c.put(1)))
        thread.start()
        end(channel)
        thread.join(5)
        assert results == [False]
