"""What a sender learns from reports, in virtual time."""

from __future__ import annotations

import pytest

from wire.link.arrivals import Arrivals
from wire.link.datagram import Report
from wire.link.path_report import MAX_IN_FLIGHT, LossMeter, SentPackets

SKEW_S = 1000.0
"""The receiver's clock is so far ahead."""


def exchange(sent: SentPackets, numbers: list[int], *, at: dict[int, float], now: float) -> Report:
    """The report of a receiver to which the packets arrived at these times."""
    arrivals = Arrivals()
    for number in numbers:
        arrivals.add(number % (1 << 32), int(at[number] * 1e6) % (1 << 32), now=at[number] + SKEW_S)
    report = arrivals.report(control=0, requests=(), now=now + SKEW_S)
    assert report is not None
    return report


def test_arrivals_come_back_with_both_times() -> None:
    sent = SentPackets()
    numbers = [sent.add(1000 + each, now=10.0 + each / 100) for each in range(3)]
    at = {number: 10.02 + number / 100 for number in numbers}
    found = sent.read(exchange(sent, numbers, at=at, now=10.06), now=10.08)
    assert [each.size for each in found.arrivals] == [1000, 1001, 1002]
    for each in found.arrivals:
        assert each.arrived_at - each.sent_at == pytest.approx(0.02 + SKEW_S, abs=0.0003)
    assert found.lost == 0
    assert sent.in_flight == 0


def test_the_round_trip_leaves_out_the_time_at_the_receiver() -> None:
    sent = SentPackets()
    number = sent.add(100, now=10.0)
    arrivals = Arrivals()
    arrivals.add(number, 10_000_000, now=10.02 + SKEW_S)
    report = arrivals.report(control=0, requests=(), now=10.045 + SKEW_S)
    assert report is not None
    assert sent.read(report, now=10.065).rtt_s == pytest.approx(0.04, abs=1e-5)


def test_a_repeated_report_tells_nothing_new() -> None:
    sent = SentPackets()
    numbers = [sent.add(100, now=10.0)]
    report = exchange(sent, numbers, at={0: 10.02}, now=10.03)
    assert len(sent.read(report, now=10.05).arrivals) == 1
    assert sent.read(report, now=10.05).arrivals == ()


def test_a_packet_is_lost_once_later_ones_arrived_and_time_passed() -> None:
    sent = SentPackets()
    for each in range(6):
        sent.add(100, now=10.0 + each * 0.01)
    at = {number: 10.02 + number * 0.01 for number in range(6)}
    # Two later packets are not enough: the path may have changed their order.
    assert sent.read(exchange(sent, [0, 2, 3], at=at, now=10.05), now=10.07).lost == 0
    found = sent.read(exchange(sent, [4, 5], at=at, now=10.07), now=10.09)
    assert (found.lost, found.lost_bytes) == (1, 100)


def test_packets_of_one_moment_are_not_given_up_for_their_order() -> None:
    sent = SentPackets()
    for _ in range(6):
        sent.add(100, now=10.0)
    assert (
        sent.read(exchange(sent, [4, 5], at={4: 10.02, 5: 10.02}, now=10.03), now=10.05).lost == 0
    )


def test_what_is_never_reported_is_forgotten() -> None:
    sent = SentPackets()
    for _ in range(MAX_IN_FLIGHT + 7):
        sent.add(100, now=10.0)
    assert sent.in_flight == MAX_IN_FLIGHT
    assert sent.forgotten == 7


def test_a_report_about_packets_that_were_never_sent_has_no_effect() -> None:
    sent = SentPackets()
    sent.add(100, now=10.0)
    found = sent.read(Report(0, 0, 0, 77, 0, (1, 1, 1, 1, 1), ()), now=10.1)
    assert found.arrivals == ()
    assert sent.in_flight == 1


def test_numbers_and_clocks_wrap() -> None:
    sent = SentPackets()
    sent._next = (1 << 32) - 2
    base_s = ((1 << 32) - 20_000) / 1e6
    numbers = [sent.add(100, now=base_s + each / 100) for each in range(4)]
    at = {number: base_s + each / 100 for each, number in enumerate(numbers)}
    found = sent.read(exchange(sent, numbers, at=at, now=base_s + 0.05), now=base_s + 0.05)
    delays = [each.arrived_at - each.sent_at for each in found.arrivals]
    assert len(delays) == 4
    assert max(delays) - min(delays) < 0.001
    assert found.rtt_s == pytest.approx(0.0, abs=0.001)


@pytest.mark.parametrize("loss", [0.0, 0.02, 0.1, 0.6])
def test_the_meter_finds_the_loss(loss: float) -> None:
    meter = LossMeter()
    lost = 0.0
    for _ in range(1500):
        lost += loss
        whole = int(lost)
        lost -= whole
        meter.add(1 - min(1, whole), whole)
    assert meter.loss == pytest.approx(loss, abs=0.004 + loss / 10)


def test_the_start_value_is_soon_forgotten() -> None:
    meter = LossMeter()
    meter.add(100, 0)
    assert meter.loss < 0.01
    meter.add(0, 0)
    assert meter.loss < 0.01


def test_what_is_shown_is_measured_and_nothing_else() -> None:
    meter = LossMeter()
    assert meter.measured == 0.0
    meter.add(3, 0)
    # A link that carries little would show the start value for minutes.
    assert meter.measured == 0.0 < meter.loss
    meter.add(0, 1)
    assert meter.measured == pytest.approx(1 / 4)
    for _ in range(50):
        meter.add(99, 1)
    assert meter.measured == pytest.approx(0.01, abs=0.002)
