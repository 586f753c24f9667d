"""Questions of a publisher to the server that it sends to."""

from __future__ import annotations

import dataclasses
import http.client
import json
import ssl
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from cli.printable import printable

_MAX_ANSWER_S = 2.0
"""Time limit of an answer in seconds; a slower one counts as none."""

_MAX_ANSWER_BYTES = 64 * 1024
"""Limit of an answer, which has some hundred bytes; what else listens there may send anything."""

_MAX_SENTENCE = 300
"""Characters of a reason that are shown; the server's own have at most half as many."""

_MEMBERS = ("title", "detail")
"""Members of a problem document (RFC 9457, section 3.1) that are for people."""


@dataclasses.dataclass(frozen=True, slots=True)
class ServerReason:
    """A server's reason not to take a stream; empty where it gives none."""

    status: int = 0
    title: str = ""
    detail: str = ""
    "A sentence for people, safe to print."


def refusal(url: str, token: str) -> ServerReason:
    """Asks a WHIP address why it refuses a stream: FFmpeg does not keep the answer's body.

    No session comes of it, as the request has no offer.
    """
    # Nor does FFmpeg, which has sent the token there already, check the certificate.
    context = ssl._create_unverified_context() if url.startswith("https") else None
    headers = {"Content-Type": "application/sdp"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    asked = urllib.request.Request(url, b"", headers, method="POST")
    try:
        urllib.request.urlopen(asked, timeout=_MAX_ANSWER_S, context=context).close()
    except urllib.error.HTTPError as error:
        with error:
            return _read_refusal(error)
    except (OSError, http.client.HTTPException, ValueError):
        return ServerReason()
    return ServerReason()


def _read_refusal(error: urllib.error.HTTPError) -> ServerReason:
    try:
        found = json.loads(error.read(_MAX_ANSWER_BYTES))
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        found = None
    told = found if isinstance(found, dict) else {}
    title, detail = (printable(str(told.get(name, "")))[:_MAX_SENTENCE] for name in _MEMBERS)
    return ServerReason(error.code, title, detail or title)


def server_address(url: str) -> str:
    """Returns the address that tells about the server; "" for servers of other makes."""
    parts = urlsplit(url)
    above, _, last = parts.path.rstrip("/").rpartition("/")
    if parts.scheme not in ("http", "https") or not above.endswith("/whip") or not last:
        return ""
    return f"{parts.scheme}://{parts.netloc}{above.removesuffix('/whip')}/api/v1/server"


def query(address: str) -> dict[str, Any]:
    """Asks a server about itself; returns nothing without an answer of the right form."""
    if not address:
        return {}
    # No secret is sent and no answer is trusted, so a self-signed certificate is accepted, as by
    # FFmpeg.
    context = ssl._create_unverified_context() if address.startswith("https") else None
    try:
        with urllib.request.urlopen(address, timeout=_MAX_ANSWER_S, context=context) as answer:
            found = json.loads(answer.read(_MAX_ANSWER_BYTES))
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
