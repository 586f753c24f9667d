"""Questions of a publisher to the server that it sends to."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

_MAX_ANSWER_S = 2.0
"""Time limit of an answer in seconds; a slower one counts as none."""

_MAX_ANSWER_BYTES = 64 * 1024
"""Limit of an answer, which has some hundred bytes; what else listens there may send anything."""


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
