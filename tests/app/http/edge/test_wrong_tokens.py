"""The limit on wrong tokens, in virtual time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.edge.wrong_tokens import (
    ALL_WRONG_TOKENS,
    LOOKUP_S,
    MAX_REMEMBERED,
    UNDECIDED_TOKENS,
    WRONG_TOKENS,
    TokenVerdict,
    WrongTokens,
)


def shown(
    tokens: WrongTokens,
    token: str,
    verdict: TokenVerdict = TokenVerdict.WRONG,
    *,
    now: float = 0.0,
    address: str = "a",
) -> bool:
    """Shows a token; False if it was not looked up."""
    may_be_hooks = verdict is TokenVerdict.UNDECIDED
    if tokens.begin(address, token, now=now, may_be_hooks=may_be_hooks):
        return False
    tokens.end(address, token, verdict, now=now)
    return True


def test_ten_wrong_ones_are_looked_up_and_then_one_in_three_seconds() -> None:
    tokens = WrongTokens()
    assert [shown(tokens, str(n)) for n in range(12)] == [True] * 10 + [False] * 2
    assert tokens.refused == 2
    assert tokens.begin("a", "right", now=1.0) == pytest.approx(2.0)
    assert tokens.wait_s("a", now=1.0) == pytest.approx(2.0)
    assert shown(tokens, "next", now=3.1)
    assert not shown(tokens, "next but one", now=3.1)
    assert shown(tokens, "another", now=3.1, address="b")


def test_right_ones_take_nothing() -> None:
    tokens = WrongTokens()
    assert all(shown(tokens, f"right{n % 200}", TokenVerdict.RIGHT) for n in range(2000))
    assert sum(shown(tokens, f"wrong{n}") for n in range(20)) == 10


def test_what_is_being_looked_up_counts_until_it_is_judged() -> None:
    tokens = WrongTokens()
    assert [tokens.begin("a", str(n), now=0.0) for n in range(12)] == [0.0] * 10 + [LOOKUP_S] * 2
    assert tokens.begin("b", "0", now=0.0) == 0.0
    # Looking is no matter of theirs: a request without a verdict yet refuses no other early.
    assert tokens.wait_s("a", now=0.0) == 0.0
    tokens.end("a", "0", TokenVerdict.RIGHT, now=1.0)
    assert tokens.begin("a", "10", now=1.0) == 0.0
    for n in range(1, 11):
        tokens.end("a", str(n), TokenVerdict.WRONG, now=1.0)
    assert tokens.begin("a", "12", now=1.0) == pytest.approx(3.0)


def test_one_token_in_many_requests_at_a_time_is_one_guess() -> None:
    tokens = WrongTokens()
    assert [tokens.begin("a", "word", now=0.0) for _ in range(200)] == [0.0] * 200
    assert [tokens.begin("a", str(n), now=0.0) for n in range(10)] == [0.0] * 9 + [LOOKUP_S]
    for _ in range(200):
        tokens.end("a", "word", TokenVerdict.RIGHT, now=0.0)
    assert tokens.begin("a", "9", now=0.0) == 0.0


def test_a_list_counts_a_token_once_and_a_refusal_each_time() -> None:
    tokens = WrongTokens()
    assert all(shown(tokens, "old", TokenVerdict.PASSED_OVER, now=n) for n in range(1000))
    assert all(shown(tokens, "old", TokenVerdict.PASSED_OVER, now=1000.0) for _ in range(50))
    assert sum(shown(tokens, f"{n}", TokenVerdict.PASSED_OVER, now=1000.0) for n in range(20)) == 10
    # Locked is locked, also for what is remembered.
    assert not shown(tokens, "old", TokenVerdict.PASSED_OVER, now=1000.0)
    assert sum(shown(tokens, "old", now=2000.0) for _ in range(20)) == 10


def test_a_token_that_became_right_counts_again_when_it_is_wrong() -> None:
    tokens = WrongTokens()
    for n in range(19):
        verdict = TokenVerdict.RIGHT if n % 2 else TokenVerdict.PASSED_OVER
        assert shown(tokens, "word", verdict) is True
    assert not shown(tokens, "word", TokenVerdict.PASSED_OVER)


def test_each_address_has_its_own_memory() -> None:
    tokens = WrongTokens()
    assert shown(tokens, "old", TokenVerdict.PASSED_OVER)
    for n in range(9):
        assert shown(tokens, str(n), address="b")
    assert shown(tokens, "old", TokenVerdict.PASSED_OVER, address="b")
    assert not shown(tokens, "more", address="b")


def test_tokens_of_the_hook_have_a_limit_of_their_own() -> None:
    tokens, undecided = WrongTokens(), TokenVerdict.UNDECIDED
    burst = int(UNDECIDED_TOKENS.burst)
    assert sum(shown(tokens, str(n), undecided) for n in range(burst + 20)) == burst
    assert tokens.refused == 20
    # Those that were shown may be shown again, and all that is guarded is as before.
    assert shown(tokens, "0", undecided)
    assert sum(shown(tokens, f"wrong{n}") for n in range(20)) == 10
    assert not shown(tokens, "0", undecided)
    assert shown(tokens, "new", undecided, now=5.0)


def test_the_memory_is_bounded_and_keeps_what_is_shown() -> None:
    tokens = WrongTokens()
    for n in range(2 * MAX_REMEMBERED):
        shown(tokens, f"{n}", TokenVerdict.UNDECIDED, now=2.0 * n)
        shown(tokens, "old", TokenVerdict.UNDECIDED, now=2.0 * n)
    assert len(tokens._remembered) == MAX_REMEMBERED
    assert tokens._name("a", "old") in tokens._remembered
    assert tokens._name("a", "0") not in tokens._remembered
    assert {len(name) for name in tokens._remembered} == {16}  # digests, whatever is sent


def test_nothing_is_kept_of_an_address_that_has_been_answered() -> None:
    tokens = WrongTokens()
    for n in range(100):
        shown(tokens, "t", TokenVerdict.RIGHT, address=str(n))
    assert not tokens._looked_up
    assert not tokens._remembered


def test_while_many_addresses_guess_one_wrong_token_is_enough() -> None:
    tokens = WrongTokens()
    tried = sum(shown(tokens, f"{n}", now=1.0, address=f"g{n % 1000}") for n in range(2000))
    assert tried == 1000
    # Right ones pass from elsewhere, and from an address whose wrong one is three seconds old.
    assert tokens.begin("b", "right", now=1.0) == 0.0
    assert tokens.begin("g1", "right", now=1.0) > 0.0
    assert tokens.begin("g1", "right", now=4.1) == 0.0


def test_a_few_wrong_tokens_of_others_cost_nobody_a_try() -> None:
    tokens = WrongTokens()
    for n in range(int(ALL_WRONG_TOKENS.burst) - 1):
        assert shown(tokens, "x", now=1.0, address=f"g{n}")
    assert tokens.wait_s("g1", now=1.0) == 0.0
    assert shown(tokens, "x", now=1.0, address="g1")
    assert tokens.wait_s("g1", now=1.0) > 0.0


@given(
    st.lists(
        st.tuples(st.floats(0.0, 60.0), st.floats(0.0, 5.0), st.sampled_from(TokenVerdict)),
        max_size=80,
    )
)
def test_no_timing_gets_more_guesses_than_burst_and_rate(
    steps: list[tuple[float, float, TokenVerdict]],
) -> None:
    tokens, wrong = WrongTokens(), 0
    events: list[tuple[float, int, int]] = []
    for number, (at, length, _) in enumerate(steps):
        events += [(at, 0, number), (at + length, 1, number)]
    present = set()
    for at, kind, number in sorted(events):
        verdict = steps[number][2]
        if kind == 0 and tokens.begin("a", str(number), now=at) == 0.0:
            present.add(number)
        elif kind == 1 and number in present:
            tokens.end("a", str(number), verdict, now=at)
            wrong += verdict in (TokenVerdict.WRONG, TokenVerdict.PASSED_OVER)
    assert wrong <= WRONG_TOKENS.burst + WRONG_TOKENS.per_s * 65.0 + 1e-6
    assert not tokens._looked_up


def test_the_rates_leave_no_time_to_guess() -> None:
    # 26 letters, 8 of them, half of all to be tried: thousands of years.
    assert 26**8 / 2 / WRONG_TOKENS.per_s > 5_000 * 365 * 86_400
    assert 26**8 / 2 / UNDECIDED_TOKENS.per_s > 3_000 * 365 * 86_400
