"""Messages are put together from stripes in any order, asked for once, and dropped when late."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.link.datagram import MAX_REQUESTS, Request, Stripe
from wire.link.incoming import (
    ASK_AGAIN_S,
    MAX_DONE,
    MAX_OPEN,
    MIN_QUIET_S,
    PEAK_S,
    UNKNOWN_LEFT_S,
    Incoming,
    Peak,
)
from wire.link.message import Message, encode_body
from wire.link.parity import make_parity, split

RTT_S = 0.04


def stripes(number: int, size: int = 3000, parity: int = 1, left_ms: int = 250) -> list[Stripe]:
    """The stripes of a message whose content tells its number, as if all left at one moment."""
    content = random.Random(number).randbytes(size)
    blocks = split(encode_body(Message(1, 0, number % 65536, content)))
    made = [*blocks, *(make_parity(blocks, parity) if parity else [])]
    return [
        Stripe(
            (number * 300 + index) % (1 << 32),
            0,
            number % (1 << 32),
            len(blocks),
            len(made),
            index,
            left_ms,
            block,
        )
        for index, block in enumerate(made)
    ]


def answer(stripe: Stripe, packet: int, sent_ms: int) -> Stripe:
    """The stripe as it is sent again."""
    return msgspec.structs.replace(stripe, packet=packet, sent_us=sent_ms * 1000)


def feed(incoming: Incoming, parts: list[Stripe], *, now: float) -> list[int]:
    """The serials of the messages that became whole."""
    found = [incoming.read(part, rtt_s=RTT_S, now=now) for part in parts]
    return [message.serial for message in found if message is not None]


def asked(incoming: Incoming, *, now: float) -> tuple[Request, ...]:
    return incoming.requests(rtt_s=RTT_S, now=now)


@given(st.permutations(range(12)), st.integers(0, 3))
def test_messages_become_whole_once_in_any_order(order: list[int], lost: int) -> None:
    incoming = Incoming()
    # What lies before the first message that is seen is no gap: the link may just have begun.
    assert feed(incoming, stripes(0), now=1.0) == [0]
    parts = [part for number in (1, 2, 3) for part in stripes(number)]
    dropped = {number * 4 + lost for number in range(3)}
    kept = [parts[at] for at in order if at not in dropped]
    assert sorted(feed(incoming, kept, now=1.0)) == [1, 2, 3]
    assert feed(incoming, kept, now=1.0) == []
    assert incoming.next_deadline(rtt_s=RTT_S) is None


def test_parity_restores_what_was_lost_and_is_counted() -> None:
    incoming = Incoming()
    assert feed(incoming, stripes(0)[1:], now=1.0) == [0]
    assert feed(incoming, stripes(1)[:3], now=1.0) == [1]
    assert (incoming.counters.whole, incoming.counters.restored) == (2, 1)


def test_what_is_missing_is_asked_for_after_a_quiet_moment_and_once_more() -> None:
    incoming = Incoming()
    parts = stripes(0, parity=1)
    feed(incoming, [parts[0], parts[2]], now=1.0)
    assert asked(incoming, now=1.0 + MIN_QUIET_S / 2) == ()
    due = incoming.next_deadline(rtt_s=RTT_S)
    assert due is not None
    assert due == pytest.approx(1.0 + MIN_QUIET_S)
    assert asked(incoming, now=due) == (Request(0, (1,)),)
    assert asked(incoming, now=due + 0.005) == ()
    # The question may be lost as any packet.
    assert incoming.next_deadline(rtt_s=RTT_S) == pytest.approx(due + ASK_AGAIN_S)
    assert asked(incoming, now=due + ASK_AGAIN_S) == (Request(0, (1,)),)
    assert asked(incoming, now=due + 0.04) == ()
    assert feed(incoming, [parts[1]], now=1.06) == [0]
    assert incoming.counters.asked == 1


def test_what_was_passed_by_later_stripes_is_asked_for_at_once() -> None:
    incoming = Incoming()
    parts = stripes(0, parity=0)
    feed(incoming, [parts[0], parts[2]], now=1.0)
    assert incoming.next_deadline(rtt_s=RTT_S) == 1.0
    assert asked(incoming, now=1.0) == (Request(0, (1,)),)
    assert feed(incoming, [answer(parts[1], 3, 40)], now=1.04) == [0]
    # The end of a message is known to be lost when the next one begins.
    feed(incoming, stripes(1, parity=0)[:2], now=1.1)
    feed(incoming, stripes(2, parity=0)[:1], now=1.102)
    assert asked(incoming, now=1.102) == (Request(1, (2,)),)


def test_an_answer_is_not_taken_for_a_stripe_that_was_overtaken_or_held_up() -> None:
    incoming = Incoming()
    parts = stripes(0, parity=0)
    feed(incoming, [parts[0], parts[2]], now=1.0)
    assert asked(incoming, now=1.0) == (Request(0, (1,)),)
    assert feed(incoming, [answer(parts[1], 3, 40)], now=1.04) == [0]
    later = stripes(1, parity=0)
    feed(incoming, later[:2], now=1.1)
    assert asked(incoming, now=1.1 + MIN_QUIET_S) == (Request(1, (2,)),)


def test_a_path_that_changes_the_order_is_given_the_time_for_it() -> None:
    incoming = Incoming()
    parts = stripes(0, parity=0)
    feed(incoming, [parts[0], parts[2]], now=1.0)
    feed(incoming, [parts[1]], now=1.004)
    later = stripes(1, parity=0)
    feed(incoming, [later[0], later[2]], now=1.1)
    assert asked(incoming, now=1.1035) == ()
    assert asked(incoming, now=1.1 + 1.25 * 0.004) == (Request(1, (1,)),)


def test_a_peak_is_forgotten_after_a_while() -> None:
    peak = Peak()
    assert peak.value == 0.0
    peak.add(3.0, now=100.0)
    peak.add(1.0, now=100.0 + PEAK_S)
    assert peak.value == 3.0
    peak.add(1.0, now=100.0 + 2 * PEAK_S)
    assert peak.value == 1.0
    peak.add(0.5, now=100.0 + 9 * PEAK_S)
    assert peak.value == 0.5


def test_no_more_stripes_are_asked_for_than_are_needed() -> None:
    incoming = Incoming()
    feed(incoming, stripes(0, parity=2)[:2], now=1.0)
    assert asked(incoming, now=1.1) == (Request(0, (2,)),)


def test_a_message_of_which_nothing_arrived_is_asked_for_whole() -> None:
    incoming = Incoming()
    feed(incoming, stripes(0), now=1.0)
    feed(incoming, stripes(3), now=1.1)
    assert asked(incoming, now=1.11) == (Request(1, ()), Request(2, ()))
    assert feed(incoming, stripes(2), now=1.15) == [2]
    assert asked(incoming, now=1.1 + UNKNOWN_LEFT_S) == ()
    assert incoming.counters.late == 1


def test_nothing_is_asked_for_that_would_come_too_late() -> None:
    incoming = Incoming()
    feed(incoming, stripes(0, parity=0, left_ms=50)[:2], now=1.0)
    # The deadline is 50 ms after it was sent, 30 ms from now; an answer takes 40 ms.
    assert asked(incoming, now=1.01) == ()
    assert asked(incoming, now=1.031) == ()
    assert incoming.counters.late == 1
    assert feed(incoming, stripes(0, parity=0)[2:], now=1.04) == []
    assert incoming.counters.duplicates == 1


def test_a_path_that_spreads_stripes_is_given_more_time() -> None:
    incoming = Incoming()
    now = 1.0
    for number in range(5):
        for part in stripes(number, parity=0):
            feed(incoming, [part], now=now)
            now += 0.012
    feed(incoming, stripes(5, parity=0)[:2], now=now)
    assert asked(incoming, now=now + 0.012) == ()
    assert asked(incoming, now=now + 0.016) == (Request(5, (2,)),)


def test_a_stripe_that_was_late_and_not_lost_teaches_patience() -> None:
    incoming = Incoming()
    parts = stripes(0, parity=0)
    feed(incoming, parts[:2], now=1.0)
    assert asked(incoming, now=1.006) == (Request(0, (2,)),)
    feed(incoming, parts[2:], now=1.02)
    feed(incoming, stripes(1, parity=0)[:2], now=1.1)
    assert asked(incoming, now=1.12) == ()


def test_the_oldest_are_dropped_when_too_many_are_open() -> None:
    incoming = Incoming()
    for number in range(MAX_OPEN + 3):
        feed(incoming, stripes(number, left_ms=60_000)[:1], now=1.0)
    assert incoming.counters.crowded_out == 3
    assert feed(incoming, stripes(2), now=1.0) == []
    assert feed(incoming, stripes(3), now=1.0) == [3]


def test_a_great_leap_of_numbers_opens_no_more_than_may_be_open() -> None:
    incoming = Incoming()
    feed(incoming, stripes(0), now=1.0)
    assert feed(incoming, stripes(1_000_000), now=1.0) == [1_000_000 % 65536]
    assert len(asked(incoming, now=1.1)) == MAX_REQUESTS
    assert feed(incoming, stripes(1_000_000 - MAX_DONE - 1), now=1.2) == []


def test_numbers_wrap() -> None:
    incoming = Incoming()
    numbers = [(1 << 32) - 2, (1 << 32) - 1, 0, 1]
    assert feed(incoming, [part for n in numbers for part in stripes(n)], now=1.0) == [
        65534,
        65535,
        0,
        1,
    ]


def test_a_stripe_that_contradicts_its_message_is_refused() -> None:
    incoming = Incoming()
    part = stripes(0)[0]
    feed(incoming, [part], now=1.0)
    others = (
        Stripe(0, 0, 0, part.needed + 1, 9, 1, 250, part.block),
        Stripe(0, 0, 0, part.needed, 9, 1, 250, part.block + b"x"),
    )
    assert feed(incoming, list(others), now=1.0) == []
    assert incoming.counters.refused == 2
    assert feed(incoming, stripes(0)[1:], now=1.0) == [0]


def test_a_message_that_cannot_be_read_is_refused() -> None:
    incoming = Incoming()
    assert incoming.read(Stripe(0, 0, 0, 1, 1, 0, 250, b"ab"), rtt_s=RTT_S, now=1.0) is None
    assert incoming.counters.refused == 1
    assert incoming.next_deadline(rtt_s=RTT_S) is None
