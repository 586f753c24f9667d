"""Refused packets are counted for a peer and for all: ``refusals.py``."""

from __future__ import annotations

from app.ice.refusals import PacketRefusals, Refusals


def test_each_peer_is_counted_and_all_together() -> None:
    totals = Refusals()
    one, two = PacketRefusals(totals), PacketRefusals(totals)
    one.refuse("empty")
    two.refuse("empty")
    two.refuse("srtp")
    assert one.refused == {"empty": 1}
    assert two.refused == {"empty": 1, "srtp": 1}
    assert totals == {"empty": 2, "srtp": 1}
