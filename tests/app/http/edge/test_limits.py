"""Rate limits on requests."""

from __future__ import annotations

import pytest

from app.http.edge.areas import Area
from app.http.edge.limits import FILES, READS, SESSIONS, Asked, RequestLimits
from app.http.edge.wrong_tokens import TokenVerdict


def asked(area: Area, method: str = "GET", *, key: str = "a", token: bool = False) -> Asked:
    return Asked(key, area, method, token)


def guess(limits: RequestLimits, count: int) -> None:
    """Has so many wrong tokens of one address looked up."""
    for n in range(count):
        assert limits.tokens.begin("a", f"guess{n}", now=0.0) == 0.0
        limits.tokens.end("a", f"guess{n}", TokenVerdict.WRONG, now=0.0)


def test_a_house_full_of_viewers_behind_one_address_is_not_hindered() -> None:
    limits = RequestLimits()
    for _ in range(200):  # all of them open the page and join at the same moment
        assert limits.wait_s(asked(Area.WATCH, "POST"), now=0.0) == 0.0
        for _ in range(40):
            assert limits.wait_s(asked(Area.PAGE), now=0.0) == 0.0
    for second in range(1, 60):  # and look at the stream's state once a second
        for viewer in range(200):
            assert limits.wait_s(asked(Area.READ), now=second + viewer / 200) == 0.0


def test_a_flood_gets_the_rate_and_hurts_no_other_address() -> None:
    limits = RequestLimits()
    asks = [limits.wait_s(asked(Area.WATCH, "POST"), now=n / 1000) for n in range(10_000)]
    passed = asks.count(0.0)
    assert 250 <= passed <= 250 + 50 * 10 + 1
    assert limits.refused["sessions"] == 10_000 - passed
    assert limits.wait_s(asked(Area.WATCH, "POST", key="b"), now=10.0) == 0.0
    assert limits.wait_s(asked(Area.READ), now=10.0) == 0.0


def test_after_ten_wrong_tokens_no_token_is_looked_at_for_a_while() -> None:
    limits = RequestLimits()
    assert limits.wait_s(asked(Area.PUBLISH, "POST", token=True), now=0.0) == 0.0
    guess(limits, 10)
    assert limits.wait_s(asked(Area.PUBLISH, "POST", token=True), now=0.0) == pytest.approx(3.0)
    assert limits.wait_s(asked(Area.CHANGE, "PATCH", token=True), now=1.0) > 0
    assert limits.wait_s(asked(Area.WATCH, "POST"), now=1.0) == 0.0
    assert limits.wait_s(asked(Area.PUBLISH, "POST", key="b", token=True), now=1.0) == 0.0
    assert limits.wait_s(asked(Area.PUBLISH, "POST", token=True), now=3.1) == 0.0


@pytest.mark.parametrize(
    ("area", "method", "table"),
    [
        (Area.PUBLISH, "POST", "sessions"),
        (Area.WATCH, "DELETE", "sessions"),
        (Area.WATCH, "GET", "reads"),
        (Area.CHANGE, "PATCH", "sessions"),
        (Area.CHANGE, "OPTIONS", "reads"),
        (Area.READ, "HEAD", "reads"),
        (Area.PAGE, "POST", "files"),
        (Area.HEALTH, "GET", "files"),
    ],
)
def test_a_request_counts_where_it_belongs(area: Area, method: str, table: str) -> None:
    limits = RequestLimits()
    rates = {"sessions": SESSIONS, "reads": READS, "files": FILES}
    for _ in range(int(rates[table].burst)):
        assert limits.wait_s(asked(area, method), now=0.0) == 0.0
    assert limits.wait_s(asked(area, method), now=0.0) == pytest.approx(1 / rates[table].per_s)
    assert limits.refused == {**dict.fromkeys(limits.refused, 0), table: 1}


def test_a_request_refused_for_its_token_takes_nothing_of_another_limit() -> None:
    limits = RequestLimits()
    guess(limits, 10)
    for _ in range(1000):
        assert limits.wait_s(asked(Area.CHANGE, "PATCH", token=True), now=0.0) > 0
    assert limits.refused["wrong_tokens"] == 1000
    assert limits.refused["sessions"] == 0
    assert limits.wait_s(asked(Area.CHANGE, "PATCH"), now=0.0) == 0.0


def test_right_tokens_are_never_limited_by_their_number() -> None:
    limits = RequestLimits()
    for n in range(2000):
        assert limits.wait_s(asked(Area.READ, token=True), now=n / 300) == 0.0


def test_the_rates_are_those_that_a_house_of_200_viewers_needs() -> None:
    assert SESSIONS.burst >= 200
    assert READS.per_s >= 200
    assert FILES.burst >= 200 * 40
