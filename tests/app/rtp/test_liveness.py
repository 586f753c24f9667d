from __future__ import annotations

import pytest

from app.rtp.liveness import MEDIA_TIMES, PAUSED_S, Liveness


def there(*, timeout_s: float = 4.0) -> Liveness:
    made = Liveness(connect_s=10.0, timeout_s=timeout_s, now=0.0)
    made.on_connected(now=0.0)
    return made


def run(liveness: Liveness, until: float, *, since: float = 0.0) -> str:
    """The first judgement against it, asked twice a second."""
    steps = round((until - since) * 2)
    found = (liveness.judge(now=since + step / 2, every_s=0.5) for step in range(1, steps + 1))
    return next((reason for reason in found if reason), "")


def test_who_never_connects_has_ten_seconds() -> None:
    liveness = Liveness(connect_s=10.0, timeout_s=4.0, now=0.0)
    assert run(liveness, 10.0) == ""
    assert run(liveness, 11.0, since=10.0) == "nothing arrived for 10 s"


def test_who_gives_no_sign_of_life_is_gone_after_the_timeout() -> None:
    liveness = there()
    liveness.on_media(is_picture=True, now=1.0)
    assert run(liveness, 5.0) == ""
    assert run(liveness, 6.0, since=5.0) == "nothing arrived for 4 s"


@pytest.mark.parametrize("gap_s", [1.0, 2.5, 3.5])
def test_a_publisher_that_pauses_stays_while_it_gives_signs(gap_s: float) -> None:
    liveness = there()
    liveness.on_media(is_picture=True, now=0.0)
    now = 0.0
    while now + gap_s < MEDIA_TIMES * 4.0:
        assert run(liveness, now + gap_s, since=now) == ""
        now += gap_s
        liveness.on_sign(now=now)
    assert liveness.is_paused(now=now)
    assert run(liveness, 130.0, since=now) in (
        "no sound and no picture arrived for 120 s",
        "nothing arrived for 4 s",
    )


def test_sound_alone_keeps_it_for_ever() -> None:
    liveness = there()
    liveness.on_media(is_picture=True, now=0.0)
    for second in range(1000):
        liveness.on_media(is_picture=False, now=float(second))
        assert run(liveness, second + 1.0, since=float(second)) == ""
    assert liveness.is_paused(now=1000.0)


def test_a_picture_a_second_is_no_pause_and_a_publisher_without_one_does_not_pause() -> None:
    liveness = there()
    assert not liveness.is_paused(now=100.0)
    liveness.on_media(is_picture=True, now=0.0)
    assert not liveness.is_paused(now=PAUSED_S - 0.1)
    assert liveness.is_paused(now=PAUSED_S + 0.1)
    liveness.on_media(is_picture=True, now=2.0)
    assert not liveness.is_paused(now=2.5)


def test_our_own_stall_ends_nobody() -> None:
    liveness = there()
    liveness.on_media(is_picture=True, now=1.0)
    assert run(liveness, 1.0) == ""
    assert liveness.judge(now=21.0, every_s=0.5) == ""
    assert run(liveness, 24.0, since=21.0) == ""
    assert run(liveness, 27.0, since=24.0) == "nothing arrived for 4 s"


def test_who_connects_and_never_sends_holds_no_name_for_long() -> None:
    liveness = there()
    for second in range(10):
        liveness.on_sign(now=float(second))
        assert run(liveness, second + 1.0, since=float(second)) == ""
    liveness.on_sign(now=10.0)
    assert run(liveness, 11.0, since=10.0) == "no sound and no picture arrived for 10 s"
