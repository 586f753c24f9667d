"""Requests of the command line to the admin API of a running server."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx

from cli.errors import NotAnswered
from wire.setting_types import is_loopback
from wire.settings import Settings

TIMEOUT_S = 10.0
"""Seconds to wait for an answer: a server whose Redis is away says so within them."""


def default_server(settings: Settings) -> str:
    """Returns the address of the server that these settings start, as seen from this machine."""
    scheme = "https" if settings.tls_cert else "http"
    host = "127.0.0.1" if settings.http_host in ("0.0.0.0", "::") else settings.http_host
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.http_port}"


class AdminClient:
    """One server's API, asked with the admin token of the settings. A context manager."""

    def __init__(self, server: str, settings: Settings) -> None:
        self._server = (server or default_server(settings)).rstrip("/")
        parts = urlsplit(self._server)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise NotAnswered(f"{server[:80]!r} is no address of a server: http://HOST:PORT.")
        token = settings.admin_token.get_secret_value()
        headers = {b"Authorization": f"Bearer {token}".encode()} if token else {}
        # A certificate for the public name does not fit the loopback address of this machine, to
        # which nobody else can listen.
        self._client = httpx.Client(
            headers=headers,
            timeout=TIMEOUT_S,
            verify=not is_loopback(parts.hostname),
            trust_env=False,
        )

    def __enter__(self) -> AdminClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Returns the JSON of an answer, None where it has none. Raises NotAnswered."""
        try:
            answer = self._client.request(method, f"{self._server}{path}", json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotAnswered(f"{self._server} does not answer: {error}.") from error
        if answer.is_success:
            return answer.json() if answer.content else None
        raise NotAnswered(_reason(answer))


def _reason(answer: httpx.Response) -> str:
    """Returns the sentence of a problem document."""
    if answer.status_code == 401:
        return "The server wants its admin token: set SHARPCAST_ADMIN_TOKEN."
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = ""
    return str(detail) or f"The server answered {answer.status_code}."
