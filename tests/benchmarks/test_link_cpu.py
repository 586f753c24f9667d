"""Both ends of a link tell what they took and did."""

from __future__ import annotations

from benchmarks.link_cpu import FPS, RESULTS_PER_S, TEAM_PER_S, measure


def test_both_ends_carry_what_the_other_sends() -> None:
    gateway, device = measure(0.5)
    assert (gateway.end, device.end) == ("gateway", "device")
    for cost, per_s in ((gateway, RESULTS_PER_S + TEAM_PER_S), (device, FPS + TEAM_PER_S)):
        # Half of it, since a machine may be busy.
        assert cost.messages > 0.5 * per_s * cost.seconds
        assert cost.datagrams > cost.messages
        assert cost.cpu_s > 0.0 < cost.frame_ms
        assert cost.datagram_us > 0.0
