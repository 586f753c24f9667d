"""One bounded HTTP request to a server, as the checks make it."""

from __future__ import annotations

import dataclasses
import email.utils
import http.client
import json
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

ASK_S = 5.0
"""Time limit of one request in seconds."""

MAX_ANSWER_BYTES = 1 << 16
DATE_STEP_S = 1.0
"""A Date header has whole seconds."""


@dataclasses.dataclass(frozen=True, slots=True)
class WebAnswer:
    """An answer of a web server."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    "The headers by name in lower case."
    clock_offset_s: float | None
    "Seconds by which the server's clock is ahead of ours by its Date, None without one."

    @property
    def content(self) -> dict[str, Any]:
        """The JSON object of the body, empty if it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def is_ours(self) -> bool:
        """True for the description of a Sharpcast server, ``/api/v1/server``."""
        return "instance" in self.content


def request(
    method: str,
    url: str,
    *,
    body: str = "",
    headers: Mapping[str, str] | None = None,
    verifies: bool = False,
    timeout_s: float = ASK_S,
) -> WebAnswer:
    """Makes one request and follows no redirect.

    Raises OSError where nothing answers (a certificate that is none of the host's, with
    ``verifies``, as ssl.SSLCertVerificationError), HTTPException for what is not HTTP.
    """
    parts = urlsplit(url)
    connection = _connection(parts.scheme, parts.netloc, verifies, timeout_s)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        before = time.time()
        connection.request(method, path, body.encode() or None, dict(headers or {}))
        answer = connection.getresponse()
        middle = (before + time.time()) / 2
        found = {name.lower(): value for name, value in answer.getheaders()}
        told = _seconds(found.get("date", ""))
        # Whole seconds are cut: the clock is on average half of one further.
        offset = None if told is None else told + DATE_STEP_S / 2 - middle
        return WebAnswer(answer.status, answer.read(MAX_ANSWER_BYTES), found, offset)
    finally:
        connection.close()


def _connection(
    scheme: str, place: str, verifies: bool, timeout_s: float
) -> http.client.HTTPConnection:
    if scheme != "https":
        return http.client.HTTPConnection(place, timeout=timeout_s)
    context = ssl.create_default_context()
    if not verifies:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(place, timeout=timeout_s, context=context)


def _seconds(date: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
