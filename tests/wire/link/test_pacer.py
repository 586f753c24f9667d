"""Packets leave at the rate, together where they can, and a late process makes up for it."""

from __future__ import annotations

import pytest

from wire.link.datagram import MAX_DATAGRAM_BYTES
from wire.link.pacer import BURST_BYTES, MAX_LATE_S, LinkPacer

RATE_BPS = 8e6
"""A megabyte a second."""

PACKET = 1000


def drain(pacer: LinkPacer, queued: int, *, now: float, rate_bps: float = RATE_BPS) -> int:
    """Sends what may leave now; returns the packets."""
    sent = 0
    while queued > 0 and pacer.may_send(queued, rate_bps=rate_bps, now=now):
        pacer.spend(PACKET)
        queued -= PACKET
        sent += 1
    return sent


def leave(size: int, *, rate_bps: float = RATE_BPS) -> list[tuple[float, int]]:
    """Sends ``size`` bytes by a process that wakes in time; returns times and numbers."""
    pacer, now, found = LinkPacer(), 1.0, []
    while size > 0:
        sent = drain(pacer, size, now=now, rate_bps=rate_bps)
        found.append((now, sent))
        size -= sent * PACKET
        if size > 0:
            following = pacer.next_at(size, rate_bps=rate_bps)
            assert following > now, "it would be asked again and again"
            now = following
    return found


def test_a_burst_leaves_at_once_and_the_rest_at_the_rate() -> None:
    found = leave(40 * PACKET)
    assert found[0] == (1.0, BURST_BYTES // PACKET + 1)
    seconds = found[-1][0] - 1.0
    assert seconds == pytest.approx((39 * PACKET - BURST_BYTES) * 8 / RATE_BPS, abs=1e-4)


@pytest.mark.parametrize("rate_bps", [150e3, 1e6, 3e6, 20e6, 200e6])
@pytest.mark.parametrize("packets", [1, 2, 7, 13, 40])
def test_the_last_packet_leaves_as_if_each_had_its_own_time(packets: int, rate_bps: float) -> None:
    found = leave(packets * PACKET, rate_bps=rate_bps)
    assert sum(sent for _, sent in found) == packets
    owed = max(0, (packets - 1) * PACKET - BURST_BYTES)
    assert found[-1][0] - 1.0 <= owed * 8 / rate_bps + 1e-4


def test_packets_leave_together() -> None:
    # Eight milliseconds of this rate are more than a burst.
    assert {sent for _, sent in leave(40 * PACKET)[1:-2]} == {5}
    # At a slow rate each waits for itself alone.
    assert {sent for _, sent in leave(20 * PACKET, rate_bps=500e3)[1:]} == {1}


def test_a_late_process_makes_up_for_what_was_due() -> None:
    pacer = LinkPacer()
    drain(pacer, 100 * PACKET, now=1.0)
    assert drain(pacer, 100 * PACKET, now=1.02) == pytest.approx(20, abs=2)
    # But not for more than the path may hold at once.
    most = MAX_LATE_S * RATE_BPS / 8 / PACKET
    assert drain(pacer, 100 * PACKET, now=5.0) == pytest.approx(most, abs=2)


def test_time_without_anything_to_send_is_not_made_up_for() -> None:
    pacer = LinkPacer()
    drain(pacer, 100 * PACKET, now=1.0)
    pacer.idle()
    assert drain(pacer, 100 * PACKET, now=2.0) == BURST_BYTES // PACKET + 1


def test_a_small_message_waits_for_no_others() -> None:
    pacer = LinkPacer()
    drain(pacer, 100 * PACKET, now=1.0)
    at = pacer.next_at(PACKET // 5, rate_bps=RATE_BPS)
    assert at - 1.0 <= MAX_DATAGRAM_BYTES * 8 / RATE_BPS + 1e-5
    assert pacer.may_send(PACKET // 5, rate_bps=RATE_BPS, now=at)
