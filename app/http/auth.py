"""Bearer tokens (RFC 6750): compared in constant time, never logged, never in a URL."""

from __future__ import annotations

import hmac

from pydantic import SecretStr
from starlette.requests import Request

from app.errors import NotAuthorized


class Guard:
    """A dependency that lets a request pass with the right token, or all when there is none."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    @property
    def is_on(self) -> bool:
        """True if a token is needed."""
        return bool(self._token.get_secret_value())

    def __call__(self, request: Request) -> None:
        """Lets the request pass. Raises NotAuthorized."""
        expected = self._token.get_secret_value()
        if not expected:
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        # Header values are bytes that Starlette reads as Latin-1; clients send UTF-8. Only what is
        # white space to HTTP is stripped: Latin-1 has more, in which letters of UTF-8 may end.
        # Compared in any case, and before the scheme is looked at: the time that a refusal takes
        # tells nothing of the token.
        matches = hmac.compare_digest(given.strip(" \t").encode("latin-1"), expected.encode())
        if scheme.lower() != "bearer" or not matches:
            raise NotAuthorized
