from __future__ import annotations

from app.rtp.key_frame_pace import INTERVAL_S, KeyFramePace


def test_the_first_wish_goes_out_at_once() -> None:
    asks = KeyFramePace()
    assert asks.ask(now=5.0)
    assert asks.next_deadline() is None


def test_a_wish_that_comes_too_early_goes_out_later_and_once() -> None:
    asks = KeyFramePace()
    asks.ask(now=5.0)
    assert not asks.ask(now=5.1)
    assert not asks.ask(now=5.2)
    assert asks.next_deadline() == 5.0 + INTERVAL_S
    assert not asks.on_time(now=5.4)
    assert asks.on_time(now=5.5)
    assert asks.next_deadline() is None
    assert not asks.on_time(now=9.0)


def test_a_key_frame_that_came_fulfils_the_wish_that_waits() -> None:
    asks = KeyFramePace()
    asks.ask(now=5.0)
    asks.ask(now=5.1)
    asks.fulfil()
    assert asks.next_deadline() is None
    assert not asks.on_time(now=5.5)
    assert not asks.ask(now=5.3), "the pace stays"
    assert asks.on_time(now=5.5)


def test_however_many_want_one_two_a_second_go_out() -> None:
    asks = KeyFramePace()
    sent = sum(asks.ask(now=n / 1000) or asks.on_time(now=n / 1000) for n in range(10_000))
    assert sent == 10 / INTERVAL_S
