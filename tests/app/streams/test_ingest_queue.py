"""The queue between a publisher and the log: ``ingest_queue.py``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.streams import ingest_queue
from app.streams.ingest_queue import IngestQueue
from media.access_unit import Kind
from tests.app import fakes


def test_a_backlog_gives_units_in_order_and_in_bounded_batches() -> None:
    made = IngestQueue()
    units = fakes.group(0, 100)
    assert not any(made.push(unit) for unit in units)
    taken = [made.pop(), made.pop(), made.pop()]
    assert [len(part) for part in taken] == [
        ingest_queue.MAX_BATCH,
        100 - ingest_queue.MAX_BATCH,
        0,
    ]
    assert [unit for part in taken for unit in part] == units


def test_a_full_backlog_goes_and_video_begins_again_at_a_key_frame() -> None:
    made = IngestQueue()
    for unit in fakes.group(0, ingest_queue.MAX_UNITS):
        made.push(unit)
    assert made.push(fakes.video(240))
    assert len(made) == 0
    # Asked for again with each unit that goes: the first request may have been lost.
    assert made.push(fakes.video(241))
    assert not made.push(fakes.audio(0))
    assert not made.push(fakes.video(242, key=True))
    assert not made.push(fakes.video(243))
    assert [unit.sequence for unit in made.pop()] == [0, 242, 243]
    assert made.dropped == {"backlog": ingest_queue.MAX_UNITS, "no_key": 2}


def test_what_could_not_be_written_is_written_later_from_the_last_key_frame_on() -> None:
    made = IngestQueue()
    for unit in fakes.group(0, 5):
        made.push(unit)
    made.put_back(made.pop())
    made.push(fakes.video(5))
    assert [unit.sequence for unit in made.pop()] == [0, 1, 2, 3, 4, 5]
    for unit in fakes.group(6, 3):
        made.push(unit)
    units = made.pop()
    made.put_back(units)
    # While nothing can be written an older group is of no use to anybody.
    made.push(fakes.video(9, key=True))
    made.push(fakes.video(10))
    assert [unit.sequence for unit in made.pop()] == [9, 10]
    assert made.dropped == {"stuck": 3}


def test_sound_alone_is_put_back_too() -> None:
    made = IngestQueue()
    for number in range(3):
        made.push(fakes.audio(number))
    made.put_back(made.pop())
    assert len(made) == 3
    assert [unit.sequence for unit in made.pop()] == [0, 1, 2]


def test_an_empty_log_gets_the_last_group_again() -> None:
    made = IngestQueue()
    assert not made.rewind()
    for unit in [fakes.video(0, key=True), *fakes.group(1, 3)]:
        made.push(unit)
    assert len(made.pop()) == 4
    assert made.rewind()
    assert [unit.sequence for unit in made.pop()] == [1, 2, 3]
    assert [unit.sequence for unit in made.group()] == [1, 2, 3]
    made.lose("replaced")
    assert made.group() == []
    assert not made.rewind()


def test_what_is_kept_is_bounded_in_units_and_bytes() -> None:
    made = IngestQueue()
    made.push(fakes.video(0, key=True))
    for number in range(1, 40):
        made.push(fakes.video(number, size=1024 * 1024))
        made.pop()
        assert made._bytes <= ingest_queue.MAX_BYTES + 1024 * 1024 + 64
    assert made.dropped["no_key"] > 0


def test_what_was_in_flight_counts_as_lost_too() -> None:
    made = IngestQueue()
    made.push(fakes.video(0, key=True))
    made.lose("redis", also=3)
    assert made.dropped == {"redis": 4}
    assert made.pop() == []
    assert made.push(fakes.video(1))


@given(
    st.lists(
        st.sampled_from(["key", "video", "audio", "lose", "pop", "fail", "rewind"]), max_size=600
    )
)
def test_no_reader_of_the_log_meets_video_without_the_video_before_it(events: list[str]) -> None:
    queue = IngestQueue()
    before: dict[int, int | None] = {}
    "The video unit before each, by number."
    last: int | None = None
    log: set[int] = set()
    for number, event in enumerate(events):
        if event == "fail":
            units, size = queue.pop(), queue._bytes
            queue.put_back(units)
            assert queue._bytes <= size + sum(len(unit.payload) for unit in units)
        elif event == "rewind":
            log.clear()
            queue.rewind()
        elif event == "lose":
            queue.lose("redis")
        elif event == "pop":
            for unit in queue.pop():
                if unit.kind is Kind.VIDEO:
                    assert unit.is_key or before[unit.sequence] in {None, *log}
                    log.add(unit.sequence)
        elif event == "audio":
            queue.push(fakes.audio(number))
        else:
            before[number], last = last, number
            queue.push(fakes.video(number, key=event == "key"))
        assert len(queue) <= ingest_queue.MAX_UNITS


def test_video_wakes_the_writer_and_a_key_frame_starts_the_stream() -> None:
    key, other, sound = fakes.video(0, key=True), fakes.video(1), fakes.audio(0)
    assert [ingest_queue.wakes_writer(unit) for unit in (key, other, sound)] == [True, True, False]
    assert [ingest_queue.starts_source(unit) for unit in (key, other, sound)] == [
        True,
        False,
        False,
    ]


def test_no_batch_of_the_backlog_is_larger_than_one_may_be() -> None:
    waiting = ingest_queue.IngestQueue()
    size = ingest_queue.MAX_BATCH_BYTES // 3
    for number in range(5):
        waiting.push(fakes.video(number, key=number == 0, size=size - 100))
    assert [len(waiting.pop()) for _ in range(3)] == [3, 2, 0]


def test_the_newest_key_frame_begins_the_group() -> None:
    queue = IngestQueue()
    assert queue.group() == []
    queue.push(fakes.audio(0))
    for unit in [*fakes.group(0, 3), fakes.audio(1), *fakes.group(3, 2), fakes.audio(2)]:
        queue.push(unit)
    assert [unit.sequence for unit in queue.group()] == [3, 4, 2]
    queue.pop()
    # What is written stays while it is the last group, and goes with the next one.
    assert [unit.sequence for unit in queue.group()] == [3, 4, 2]
    queue.push(fakes.video(5, key=True))
    assert [unit.sequence for unit in queue.group()] == [5]
    assert [unit.sequence for unit in queue.pop()] == [5]


@pytest.mark.parametrize("size", [ingest_queue.MAX_BATCH_BYTES, ingest_queue.MAX_BATCH_BYTES + 1])
def test_a_unit_that_fills_a_batch_leaves_alone(size: int) -> None:
    queue = IngestQueue()
    queue.push(fakes.video(0, key=True, size=size))
    queue.push(fakes.video(1))
    assert [unit.sequence for unit in queue.pop()] == [0]
    assert [unit.sequence for unit in queue.pop()] == [1]


def test_exactly_the_bytes_of_a_batch_leave_together() -> None:
    queue = IngestQueue()
    first = fakes.video(0, key=True, size=1000)
    rest = ingest_queue.MAX_BATCH_BYTES - len(first.payload)
    queue.push(first)
    queue.push(fakes.video(1, size=rest - 5))
    queue.push(fakes.audio(0))
    assert [len(queue.pop()), len(queue.pop())] == [2, 1]


def test_sound_does_not_wait_for_a_key_frame() -> None:
    queue = IngestQueue()
    queue.push(fakes.video(0, key=True))
    queue.lose("log_full")
    assert queue.push(fakes.video(1))
    assert not queue.push(fakes.audio(5))
    assert [unit.kind for unit in queue.pop()] == [Kind.AUDIO]
    assert queue.dropped == {"log_full": 1, "no_key": 1}


def test_a_lost_log_without_a_group_needs_a_key_frame() -> None:
    queue = IngestQueue()
    queue.push(fakes.audio(0))
    assert not queue.rewind()
    assert (len(queue), queue.dropped) == (0, {"record_lost": 1})
    assert queue.push(fakes.video(0))
    assert not queue.push(fakes.video(1, key=True))


def test_what_was_popped_before_a_loss_is_not_put_back_in_front_of_what_follows() -> None:
    queue = IngestQueue()
    for unit in fakes.group(0, 4):
        queue.push(unit)
    units = queue.pop()
    queue.push(fakes.video(4, key=True))  # a newer group, of which nothing is written
    queue.put_back(units)
    assert [unit.sequence for unit in queue.pop()] == [4]
    assert queue.dropped == {"stuck": 4}
