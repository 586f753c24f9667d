"""HTTP requests to servers that the operator names: bounded in size, and never redirected."""

from __future__ import annotations

from collections.abc import Mapping

import httpx


class UnusableAnswer(Exception):
    """The server answered, and not with what it should."""


FAILURES = (httpx.HTTPError, httpx.InvalidURL, OSError)
"""Errors of a server that does not answer; a timeout is among them."""


def make_client(timeout_s: float, *, connections: int) -> httpx.AsyncClient:
    """Returns a client that follows no redirect and asks no proxy of the environment."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    # A server that redirects could send a token, and its signature, anywhere.
    return httpx.AsyncClient(
        timeout=timeout_s, follow_redirects=False, trust_env=False, limits=limits
    )


async def fetch(
    client: httpx.AsyncClient,
    url: str,
    *,
    max_bytes: int,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Sends a GET, or a POST with ``body``; returns status and body of the answer.

    Raises one of ``FAILURES``, or UnusableAnswer for more than ``max_bytes``.
    """
    # What is compressed could become any size.
    sent = {**(headers or {}), "accept": "application/json", "accept-encoding": "identity"}
    method = "GET" if body is None else "POST"
    async with client.stream(method, url, content=body, headers=sent) as answer:
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise UnusableAnswer("its answer is compressed, which it was not asked for")
        found = bytearray()
        async for part in answer.aiter_raw():
            found += part
            if len(found) > max_bytes:
                raise UnusableAnswer(f"its answer is larger than {max_bytes >> 10} KiB")
        return answer.status_code, bytes(found)
