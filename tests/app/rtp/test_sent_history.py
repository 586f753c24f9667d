"""Units that may be sent again, by the numbers of their packets."""

from __future__ import annotations

import random

import pytest

from app.rtp.sent_history import MAX_PACKETS, SentHistory, SentUnit

PAYLOADS = tuple(bytes([n]) for n in range(200))


class Sent:
    """A history that is fed with units of given sizes."""

    def __init__(self, first: int = 0) -> None:
        self.history = SentHistory()
        self.next = first
        self.units: list[SentUnit] = []

    def add(self, count: int) -> SentUnit:
        unit = SentUnit(PAYLOADS[:count], 96, 3000 * len(self.units), self.next & 0xFFFF)
        self.history.add(unit)
        self.units.append(unit)
        self.next += count
        return unit

    def payload(self, number: int) -> bytes | None:
        found = self.history.find(number & 0xFFFF)
        return None if found is None else found[0].payloads[found[1]]


def test_nothing_is_found_before_anything_was_sent() -> None:
    assert SentHistory().find(0) is None
    assert SentHistory().find(65_535) is None


@pytest.mark.parametrize("first", [0, 7, 65_530])
def test_every_packet_is_found_with_its_place(first: int) -> None:
    sent = Sent(first)
    one, two = sent.add(3), sent.add(5)
    assert [sent.history.find((first + n) & 0xFFFF) for n in range(8)] == [
        *((one, n) for n in range(3)),
        *((two, n) for n in range(5)),
    ]
    assert sent.payload(first - 1) is None
    assert sent.payload(first + 8) is None
    assert sent.payload(first + 32_768) is None


def test_what_is_too_old_is_not_found_though_it_may_still_be_there() -> None:
    sent = Sent()
    for _ in range(MAX_PACKETS // 100 + 1):
        sent.add(100)
    newest = sent.next - 1
    assert sent.payload(newest - MAX_PACKETS + 1) is not None
    assert sent.payload(newest - MAX_PACKETS) is None


def test_a_unit_of_more_packets_than_are_kept_is_kept_at_its_end() -> None:
    history = SentHistory()
    history.add(SentUnit(PAYLOADS * 6, 96, 0, 0))
    assert history.find(1200 - MAX_PACKETS - 1) is None
    assert history.find(1200 - MAX_PACKETS) is not None
    assert history.find(1199) is not None


def test_it_stays_small_and_right_however_long_it_goes_on() -> None:
    sent, chance = Sent(65_000), random.Random(4)
    payloads: dict[int, bytes] = {}
    for _ in range(3000):
        begin = sent.next
        unit = sent.add(chance.choice((1, 1, 5, 6, 60)))
        payloads.update((begin + n, payload) for n, payload in enumerate(unit.payloads))
        number = sent.next - chance.randrange(1, MAX_PACKETS)
        assert sent.payload(number) == payloads.get(number)
    assert len(sent.history._units) <= MAX_PACKETS + 64
    assert len(sent.history._units) == len(sent.history._places)


def test_payloads_are_those_of_all_viewers() -> None:
    one, two = Sent(), Sent(500)
    first, second = one.add(4), two.add(4)
    assert first.payloads[2] is second.payloads[2]
