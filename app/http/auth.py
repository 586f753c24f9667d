"""Tokens in requests: bearer tokens (RFC 6750), and those of players, which set no headers."""

from __future__ import annotations

from starlette.requests import Request

QUERY = "token"
"""Name of the query parameter in which players may give a token to watch."""


def bearer_token(request: Request) -> str:
    """Returns the token in the ``Authorization`` header, "" without one."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return ""
    # Header values are bytes that Starlette reads as Latin-1; clients send UTF-8. Only what is
    # white space to HTTP is stripped: Latin-1 has more, in which letters of UTF-8 may end.
    return given.strip(" \t").encode("latin-1").decode(errors="replace")


def watch_token(request: Request) -> str:
    """Returns the token with which a request wants to watch: of the header, else of the query."""
    return bearer_token(request) or request.query_params.get(QUERY, "")
