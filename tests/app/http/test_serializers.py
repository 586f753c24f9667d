"""``serializers.py``: what a record with any numbers becomes."""

from __future__ import annotations

import pytest

from app.http.serializers import iso


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_700_000_000_000_000, "2023-11-14T22:13:20Z"),
        (-1, "1970-01-01T00:00:00Z"),
        (-(10**30), "1970-01-01T00:00:00Z"),
        (10**30, "9999-12-31T23:59:59Z"),
        (2**63, "9999-12-31T23:59:59Z"),
    ],
)
def test_a_time_that_no_calendar_holds_is_its_nearest_end(us: int, text: str) -> None:
    assert iso(us) == text
