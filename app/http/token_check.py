"""One request's token at the limit on wrong tokens: the adapter with the clock."""

from __future__ import annotations

import math
import time

from starlette.requests import Request

from app.errors import TooMany
from app.http.edge.wrong_tokens import TokenVerdict, WrongTokens


class TokenCheck:
    """Counts the token of one request, wherever and however often it is looked up.

    The edge makes it and calls ``close`` when the request is answered; whoever looks the token up
    calls the rest. What is not judged by then was not wrong.
    """

    def __init__(self, tokens: WrongTokens, address: str) -> None:
        self._tokens = tokens
        self._address = address
        self._token = ""
        self._is_open = False
        self._is_wrong_unless_served = False

    def begin(self, token: str, *, may_be_hooks: bool = False) -> None:
        """Says that a token is looked up; "" is none. Raises TooMany if it must not be."""
        if not token or token == self._token:
            return  # it counts once in a request
        self.close()
        now = time.monotonic()
        wait = self._tokens.begin(self._address, token, now=now, may_be_hooks=may_be_hooks)
        if wait:
            # Retry-After has whole seconds; rounded down, the next try would come too early.
            raise TooMany(retry_after_s=math.ceil(wait))
        self._token, self._is_open = token, True

    def judge(self, verdict: TokenVerdict) -> None:
        """Says what came of it; the first verdict holds."""
        if self._is_open:
            self._is_open = False
            self._tokens.end(self._address, self._token, verdict, now=time.monotonic())

    def judge_by_answer(self) -> None:
        """Takes the token for wrong unless the request is served: something else let it pass."""
        self._is_wrong_unless_served = True

    def close(self, status: int = 0) -> None:
        """Ends the request; ``status`` is that of its answer."""
        wrong = self._is_wrong_unless_served and not 200 <= status < 300
        self.judge(TokenVerdict.WRONG if wrong else TokenVerdict.RIGHT)


def token_check(request: Request) -> TokenCheck:
    """Returns the check of a request; one that came past the edge has no address to limit."""
    found = getattr(request.state, "token_check", None)
    return found if isinstance(found, TokenCheck) else TokenCheck(WrongTokens(), "")
