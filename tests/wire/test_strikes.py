from __future__ import annotations

import pytest

from wire.strikes import MAX_STRIKES, backoff_s, is_set_aside, rest_s, sentence

S = 1_000_000


def test_one_strike_changes_nothing_and_the_second_sets_aside() -> None:
    assert not is_set_aside(0, 0, now_us=0)
    assert not is_set_aside(1, 100 * S, now_us=100 * S)
    assert is_set_aside(MAX_STRIKES, 100 * S, now_us=100 * S)
    assert is_set_aside(MAX_STRIKES, 100 * S, now_us=159 * S)
    assert not is_set_aside(MAX_STRIKES, 100 * S, now_us=161 * S)


def test_each_further_strike_sets_aside_for_longer_up_to_an_hour() -> None:
    rests = [rest_s(strikes) for strikes in range(10)]
    assert rests[:5] == [0, 0, 60, 600, 3600]
    assert set(rests[5:]) == {3600}


@pytest.mark.parametrize("strikes,seconds", [(0, 0), (2, 0), (3, 2), (4, 4), (5, 8), (1000, 30)])
def test_what_fails_although_it_is_only_copied_comes_back_ever_later(
    strikes: int, seconds: int
) -> None:
    assert backoff_s(strikes) == seconds


def test_the_reason_says_how_often_and_until_when() -> None:
    assert sentence(2) == (
        "2 times the worker that decoded this stream ended or failed, so it is only copied; "
        "it is tried again after 1 min."
    )
    assert len(sentence(1_000_000)) < 256
