"""Messages leave in the order of their deadlines, whole and in time, and once more on request."""

from __future__ import annotations

import random

from wire.link.datagram import Request
from wire.link.message import Message, parse_body
from wire.link.outgoing import MAX_KEPT, MAX_QUEUED, MAX_QUEUED_BYTES, Block, Outgoing
from wire.link.parity import restore

FAST_BPS = 1e9


def message(serial: int, size: int = 3000) -> Message:
    return Message(1, 0, serial, random.Random(serial).randbytes(size))


def take(
    out: Outgoing, *, now: float, loss: float = 0.0, rate_bps: float = FAST_BPS
) -> list[Block]:
    """All blocks that leave now, on a path of 20 ms."""
    found = []
    while (
        block := out.next_block(loss=loss, rate_bps=rate_bps, one_way_s=0.02, now=now)
    ) is not None:
        found.append(block)
    return found


def serials(blocks: list[Block]) -> list[int]:
    """The serials of the messages that the blocks restore."""
    by_message: dict[int, dict[int, bytes]] = {}
    for block in blocks:
        by_message.setdefault(block.message, {})[block.index] = block.data
    needed = {block.message: block.needed for block in blocks}
    return [
        parse_body(restore(parts, needed[number])).serial for number, parts in by_message.items()
    ]


def test_the_earliest_deadline_leaves_first_and_numbers_follow() -> None:
    out = Outgoing()
    for serial, deadline in enumerate((1.3, 1.1, 1.2, 1.1)):
        assert out.add(message(serial), deadline=deadline, now=1.0)
    blocks = take(out, now=1.0)
    assert serials(blocks) == [1, 3, 2, 0]
    assert sorted({block.message for block in blocks}) == [0, 1, 2, 3]
    assert not out.has_more
    assert out.queued_bytes == 0


def test_what_is_late_is_neither_queued_nor_sent() -> None:
    out = Outgoing()
    assert not out.add(message(0), deadline=1.0, now=1.0)
    assert out.add(message(1), deadline=1.05, now=1.0)
    assert out.add(message(2), deadline=2.0, now=1.0)
    assert serials(take(out, now=1.04)) == [2]
    assert out.counters.late == 2


def test_a_message_that_cannot_leave_whole_does_not_begin() -> None:
    out = Outgoing()
    out.add(message(0, 30_000), deadline=1.2, now=1.0)
    out.add(message(1, 1_000), deadline=1.25, now=1.0)
    # 30 kB take 0.24 s at 1 Mbit/s and 0.18 s are left; 1 kB takes 8 ms.
    assert serials(take(out, now=1.0, rate_bps=1e6)) == [1]
    assert out.counters.late == 1
    assert {block.message for block in take(out, now=1.0)} <= {0}


def test_the_rest_of_a_message_is_dropped_at_its_deadline() -> None:
    out = Outgoing()
    out.add(message(0, 10_000), deadline=1.1, now=1.0)
    assert out.next_block(loss=0.0, rate_bps=FAST_BPS, one_way_s=0.02, now=1.0) is not None
    assert take(out, now=1.09) == []
    assert out.counters.late == 1


def test_the_queue_is_bounded_by_number_and_by_bytes() -> None:
    out = Outgoing()
    for serial in range(MAX_QUEUED):
        assert out.add(message(serial, 10), deadline=9.0, now=1.0)
    assert not out.add(message(0, 10), deadline=9.0, now=1.0)
    big = Outgoing()
    taken = [big.add(message(0, 200_000), deadline=9.0, now=1.0) for _ in range(20)]
    assert sum(taken) == MAX_QUEUED_BYTES // 200_009
    assert big.queued_bytes <= MAX_QUEUED_BYTES
    assert big.counters.refused == 20 - sum(taken)


def test_parity_follows_when_the_path_loses() -> None:
    out = Outgoing()
    out.add(message(0, 14_000), deadline=2.0, now=1.0)
    blocks = take(out, now=1.0, loss=0.1)
    needed = blocks[0].needed
    assert len(blocks) > needed
    assert all(block.total == len(blocks) for block in blocks)
    assert serials(blocks[len(blocks) - needed :]) == [0]
    assert out.counters.parity_bytes == (len(blocks) - needed) * len(blocks[0].data)


def test_stripes_are_sent_again_before_all_others_once_and_only_in_time() -> None:
    out = Outgoing()
    out.add(message(0), deadline=1.2, now=1.0)
    sent = take(out, now=1.0)
    out.add(message(1), deadline=1.1, now=1.04)
    out.repeat(Request(0, (1, 200)), loss=0.0, one_way_s=0.02, now=1.05)
    blocks = take(out, now=1.05)
    assert blocks[0] == sent[1]
    assert serials(blocks[1:]) == [1]
    out.repeat(Request(0, (1,)), loss=0.0, one_way_s=0.02, now=1.06)
    assert take(out, now=1.06) == []
    assert (out.counters.repeated, out.counters.repeated_bytes) == (1, len(sent[1].data))


def test_a_whole_message_is_repeated_if_nothing_of_it_arrived() -> None:
    out = Outgoing()
    out.add(message(7), deadline=1.2, now=1.0)
    take(out, now=1.0)
    out.repeat(Request(0, ()), loss=0.0, one_way_s=0.02, now=1.1)
    assert serials(take(out, now=1.1)) == [7]


def test_what_would_arrive_late_or_was_forgotten_is_not_repeated() -> None:
    out = Outgoing()
    out.add(message(0), deadline=1.1, now=1.0)
    take(out, now=1.0)
    out.repeat(Request(0, ()), loss=0.0, one_way_s=0.02, now=1.085)
    out.repeat(Request(99, ()), loss=0.0, one_way_s=0.02, now=1.0)
    assert take(out, now=1.085) == []
    for serial in range(MAX_KEPT + 1):
        out.add(message(serial, 10), deadline=9.0, now=1.2)
        take(out, now=1.2)
    out.repeat(Request(1, ()), loss=0.0, one_way_s=0.02, now=1.2)
    assert out.counters.repeated == 0


def test_a_repetition_that_waited_too_long_is_left_out() -> None:
    out = Outgoing()
    out.add(message(0), deadline=1.2, now=1.0)
    take(out, now=1.0)
    out.repeat(Request(0, (0,)), loss=0.0, one_way_s=0.02, now=1.1)
    assert take(out, now=1.19) == []


def test_new_parity_goes_with_an_answer_where_the_path_loses() -> None:
    out = Outgoing()
    out.add(message(0), deadline=1.3, now=1.0)
    sent = take(out, now=1.0)
    out.repeat(Request(0, (2,)), loss=0.05, one_way_s=0.02, now=1.05)
    answer = take(out, now=1.05)
    assert answer[0].index == 2
    assert len(answer) > 1
    assert all(block.index >= len(sent) for block in answer[1:])
    assert all(block.total == len(sent) + len(answer) - 1 for block in answer)
    assert serials([*sent[:2], answer[1]]) == [0]
    assert out.counters.repeated_bytes == sum(len(block.data) for block in answer)
