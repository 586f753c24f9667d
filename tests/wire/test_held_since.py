"""A mark stays while what it is about holds."""

from __future__ import annotations

from wire.held_since import held_since


def test_the_mark_is_the_beginning_and_goes_with_the_first_break() -> None:
    mark = held_since(None, False, now=1.0)
    assert mark is None
    mark = held_since(mark, True, now=2.0)
    assert mark == 2.0
    mark = held_since(mark, True, now=9.0)
    assert mark == 2.0
    assert held_since(mark, False, now=10.0) is None


def test_time_zero_is_a_mark_too() -> None:
    assert held_since(held_since(None, True, now=0.0), True, now=5.0) == 0.0
