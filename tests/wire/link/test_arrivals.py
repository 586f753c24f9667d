"""Reports tell each arrival twice, in the time they may take and the space they have."""

from __future__ import annotations

import pytest

from wire.link.arrivals import REPORT_PACKETS, REPORT_S, Arrivals
from wire.link.datagram import MAX_ARRIVALS, TICK_US, Report, Request


def report(arrivals: Arrivals, *, now: float) -> Report:
    found = arrivals.report(control=5, requests=(Request(1, (2,)),), now=now)
    assert found is not None
    return found


def test_there_is_nothing_to_tell_before_the_first_arrival() -> None:
    arrivals = Arrivals()
    assert arrivals.due_at is None
    assert arrivals.report(control=0, requests=(), now=1.0) is None


def test_a_report_is_due_a_moment_after_the_first_arrival() -> None:
    arrivals = Arrivals()
    arrivals.add(7, 123, now=1.0)
    arrivals.add(8, 456, now=1.01)
    assert arrivals.due_at == pytest.approx(1.0 + REPORT_S)
    found = report(arrivals, now=1.02)
    assert arrivals.due_at is None
    assert (found.echo_us, found.held_us) == (456, pytest.approx(10_000, abs=1))
    assert (found.base, found.control, found.requests) == (7, 5, (Request(1, (2,)),))
    assert found.reference_us == 1_000_000
    assert found.arrivals == (1, 1 + 10_000 // TICK_US)


def test_many_arrivals_make_it_due_at_once() -> None:
    arrivals = Arrivals()
    for packet in range(REPORT_PACKETS):
        arrivals.add(packet, 0, now=1.001)
    assert arrivals.due_at == 1.001


def test_each_arrival_is_told_by_two_reports() -> None:
    arrivals = Arrivals()
    told = []
    for packet in range(4):
        arrivals.add(packet, 0, now=1.0 + packet)
        found = report(arrivals, now=1.0 + packet)
        told.append((found.base, len(found.arrivals)))
    assert told == [(0, 1), (0, 2), (1, 2), (2, 2)]


def test_gaps_are_told_as_such() -> None:
    arrivals = Arrivals()
    for packet in (10, 13, 11):
        arrivals.add(packet, 0, now=1.0)
    assert report(arrivals, now=1.0).arrivals == (1, 1, 0, 1)


def test_a_gap_wider_than_a_report_leaves_out_what_lies_before() -> None:
    arrivals = Arrivals()
    arrivals.add(0, 0, now=1.0)
    arrivals.add(100_000, 0, now=2.0)
    found = report(arrivals, now=2.0)
    assert found.base == 100_000 - MAX_ARRIVALS + 1
    assert sum(map(bool, found.arrivals)) == 1
    assert found.reference_us == 2_000_000


def test_numbers_wrap() -> None:
    arrivals = Arrivals()
    for packet in ((1 << 32) - 1, 0, 1):
        arrivals.add(packet, 0, now=1.0)
    found = report(arrivals, now=1.0)
    assert found.base == (1 << 32) - 1
    assert len(found.arrivals) == 3
