"""The thread that reads a source."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from benchmarks.waiting import until
from cli.errors import NotPublished
from cli.publisher.packet_reader import PacketReader

SOON_S, LONG_S = 0.01, 20.0


def started(packets: Iterator[object], *, is_real_time: bool = True, most: int = 5) -> PacketReader:
    reader = PacketReader(is_real_time=is_real_time, most=most)
    reader.start(lambda: packets)
    return reader


def rest(reader: PacketReader) -> list[object]:
    """All packets up to the end."""
    found: list[object] = []
    with pytest.raises(EOFError):
        while True:
            arrival = reader.get(LONG_S)
            assert arrival is not None
            found.append(arrival.packet)
    return found


def test_packets_come_in_order_and_then_the_end() -> None:
    assert rest(started(iter("abc"))) == ["a", "b", "c"]


def test_a_source_that_hangs_is_none_and_holds_up_nobody() -> None:
    hang = threading.Event()

    def hanging() -> Iterator[object]:
        yield "a"
        hang.wait(LONG_S)

    reader = started(hanging())
    first = reader.get(LONG_S)
    assert first is not None and first.packet == "a"
    assert reader.get(SOON_S) is None
    reader.close()
    hang.set()


def test_a_loss_comes_out_behind_what_was_read() -> None:
    def lost() -> Iterator[object]:
        yield "a"
        raise NotPublished("gone", is_passing=True)

    reader = started(lost())
    assert reader.get(LONG_S) is not None
    for _ in range(2):
        with pytest.raises(NotPublished, match="gone"):
            reader.get(LONG_S)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_ends_it_too_and_is_named() -> None:
    """The thread's own traceback is written as any other."""

    def faulty() -> Iterator[object]:
        yield "a"
        raise IndexError("list index out of range")

    threads = set(threading.enumerate())
    reader = started(faulty())
    assert reader.get(LONG_S) is not None
    for _ in range(2):
        with pytest.raises(NotPublished, match=r"IndexError: list index out of range\.") as caught:
            reader.get(LONG_S)
        assert not caught.value.is_passing, "the same would happen again"
    until("the thread's end", lambda: not set(threading.enumerate()) - threads)


def test_a_camera_never_waits_and_loses_what_nobody_took() -> None:
    reader = started(iter(range(12)))
    until("the end of reading", lambda: reader._is_over)
    found = []
    with pytest.raises(EOFError):
        while arrival := reader.get(LONG_S):
            found.append((arrival.packet, arrival.after_loss))
    assert found == [(10, True), (11, False)]
    assert reader.dropped == 10


def test_a_file_is_read_no_further_than_the_queue_is_long() -> None:
    read: list[int] = []

    def counting() -> Iterator[object]:
        for index in range(12):
            read.append(index)
            yield index

    reader = started(counting(), is_real_time=False)
    until("a full queue", lambda: len(read) == 6)
    assert rest(reader) == list(range(12))
    assert reader.dropped == 0


def test_a_reader_that_is_closed_ends_its_thread() -> None:
    threads = set(threading.enumerate())
    reader = started(iter(range(1000)), is_real_time=False)
    reader.close()
    until("the end", lambda: not set(threading.enumerate()) - threads)


def test_arrivals_have_a_time_that_grows() -> None:
    reader = started(iter("abc"))
    times = [arrival.at_s for _ in range(3) if (arrival := reader.get(LONG_S)) is not None]
    assert len(times) == 3 and times == sorted(times)
