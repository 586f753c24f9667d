"""One request's token at the limit on wrong tokens."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from app.errors import TooMany
from app.http.edge.wrong_tokens import TokenVerdict, WrongTokens
from app.http.token_check import TokenCheck, token_check


def wrong(tokens: WrongTokens, count: int) -> int:
    """How many of so many requests with a wrong token each are looked at."""
    looked_at = 0
    for n in range(count):
        check = TokenCheck(tokens, "a")
        try:
            check.begin(f"guess{n}")
        except TooMany:
            continue
        check.judge(TokenVerdict.WRONG)
        check.close(401)
        looked_at += 1
    return looked_at


def test_a_wrong_token_counts_once_in_a_request() -> None:
    tokens = WrongTokens()
    for n in range(10):
        check = TokenCheck(tokens, "a")
        for _ in range(5):  # two guards of one route look up the same token
            check.begin(f"guess{n}")
            check.judge(TokenVerdict.WRONG)
        check.close(401)
    with pytest.raises(TooMany) as raised:
        TokenCheck(tokens, "a").begin("more")
    assert raised.value.retry_after_s == 3


def test_the_first_verdict_holds() -> None:
    tokens = WrongTokens()
    check = TokenCheck(tokens, "a")
    check.begin("word")
    check.judge(TokenVerdict.RIGHT)
    check.judge(TokenVerdict.WRONG)
    check.close(401)
    assert wrong(tokens, 12) == 10


def test_what_nobody_judged_was_not_wrong_and_takes_no_place_any_more() -> None:
    tokens = WrongTokens()
    for n in range(100):
        check = TokenCheck(tokens, "a")
        check.begin(f"word{n}")
        check.close(503)
    assert wrong(tokens, 12) == 10


@pytest.mark.parametrize(("status", "counts"), [(200, 0), (204, 0), (404, 1), (415, 1), (0, 1)])
def test_a_token_may_be_judged_by_the_answer(status: int, counts: int) -> None:
    tokens = WrongTokens()
    check = TokenCheck(tokens, "a")
    check.begin("word")
    check.judge_by_answer()
    check.close(status)
    check.close(status)
    assert wrong(tokens, 12) == 10 - counts


def test_a_request_without_a_token_is_never_limited() -> None:
    tokens = WrongTokens()
    assert wrong(tokens, 12) == 10
    check = TokenCheck(tokens, "a")
    check.begin("")
    check.judge_by_answer()
    check.judge(TokenVerdict.WRONG)
    check.close(401)
    assert not tokens._looked_up


def test_another_token_of_a_request_counts_too() -> None:
    tokens = WrongTokens()
    check = TokenCheck(tokens, "a")
    for n in range(10):
        check.begin(f"guess{n}")
        check.judge(TokenVerdict.WRONG)
    with pytest.raises(TooMany):
        check.begin("more")


def test_a_request_past_the_edge_has_a_check_of_its_own() -> None:
    request = Request({"type": "http", "headers": [], "query_string": b""})
    for n in range(20):
        check = token_check(request)
        check.begin(f"guess{n}")
        check.judge(TokenVerdict.WRONG)
    own = TokenCheck(WrongTokens(), "a")
    request.state.token_check = own
    assert token_check(request) is own
