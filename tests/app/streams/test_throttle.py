"""At most one of something per interval."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.streams.throttle import Throttle


def test_the_first_is_allowed_whenever_it_comes() -> None:
    for now in (0.0, -5.0, 1e9):
        assert Throttle(1.0).allow(now=now)


def test_the_interval_is_counted_from_what_was_allowed() -> None:
    throttle = Throttle(1.0)
    assert [throttle.allow(now=now) for now in (0.0, 0.5, 0.99, 1.0, 1.9, 2.0)] == [
        True, False, False, True, False, True,
    ]  # fmt: skip


@given(st.lists(st.floats(0, 10), min_size=1), st.floats(0.1, 5))
def test_two_that_are_allowed_lie_an_interval_apart(times: list[float], interval_s: float) -> None:
    throttle = Throttle(interval_s)
    allowed = [now for now in sorted(times) if throttle.allow(now=now)]
    assert allowed[0] == min(times)
    assert all(b - a >= interval_s for a, b in zip(allowed, allowed[1:], strict=False))
