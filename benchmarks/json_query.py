"""Asks a server's API once, from whichever network a bench puts the asker in."""

from __future__ import annotations

import json
import urllib.request
from typing import Any


def ask(url: str, *, token: str = "") -> dict[str, Any] | None:
    """Returns the JSON object at an address; None where nobody answers or the answer is an error,
    and nothing in it where the answer is no JSON.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            text = answer.read()
    except OSError:  # an error of HTTP is one too
        return None
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        return {}
    return found
