"""A rendition gets what team messages and the others leave."""

from __future__ import annotations

import pytest

from wire.remote.uplink_parts import MEDIA_PART, WINDOW_S, UplinkParts

RATE_BPS = 3e6
ALL_KBPS = MEDIA_PART * RATE_BPS / 1000


def kbit(kbps: float) -> int:
    """Bytes of a second."""
    return int(kbps * 1000 / 8)


def test_one_rendition_gets_all_that_is_not_parity() -> None:
    parts = UplinkParts()
    assert parts.granted_kbps("1-0", RATE_BPS, now=0.0) == pytest.approx(ALL_KBPS)
    parts.note_media("1-0", kbit(2000), now=0.0)
    assert parts.granted_kbps("1-0", RATE_BPS, now=0.1) == pytest.approx(ALL_KBPS)


def test_team_messages_come_first_for_as_long_as_they_are_sent() -> None:
    parts = UplinkParts()
    parts.note_team(kbit(1000), now=0.0)
    assert parts.granted_kbps("1-0", RATE_BPS, now=0.5) == pytest.approx(ALL_KBPS - 1000)
    assert parts.granted_kbps("1-0", 1e5, now=0.5) == 0.0
    assert parts.granted_kbps("1-0", RATE_BPS, now=WINDOW_S) == pytest.approx(ALL_KBPS)


def test_one_gets_what_the_others_leave_and_an_equal_part_at_least() -> None:
    parts = UplinkParts()
    parts.note_media("1-0", kbit(400), now=0.0)
    parts.note_media("2-0", kbit(1600), now=0.0)
    assert parts.granted_kbps("1-0", RATE_BPS, now=0.1) == pytest.approx(ALL_KBPS / 2)
    assert parts.granted_kbps("2-0", RATE_BPS, now=0.1) == pytest.approx(ALL_KBPS - 400)
    assert parts.granted_kbps("3-0", RATE_BPS, now=0.1) == pytest.approx(ALL_KBPS / 3)
