"""Log lines that name their stream and session: ``[stream cam1] [session 1a2b] it ended``."""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from typing import Any

SESSION_CHARACTERS = 4
"""Enough to tell the sessions of one log apart, and too few to guess the rest of a secret."""


_KINDS = ("stream", "session", "rendition")


def prefix_of(names: Mapping[str, str]) -> str:
    """Returns what stands before the message of a line with these names; the empty ones are left
    out.
    """
    return "".join(f"[{kind} {name}] " for kind in _KINDS if (name := names.get(kind, "")))


class StreamLogger(logging.LoggerAdapter[logging.Logger]):
    """Adds stream, session and rendition to each message, and to the record as attributes."""

    def __init__(
        self, logger: logging.Logger, *, stream: str = "", session: str = "", rendition: str = ""
    ) -> None:
        """Names that are empty are left out. Of ``session`` only the first characters are shown."""
        names = {
            "stream": stream,
            "session": session[:SESSION_CHARACTERS],
            "rendition": rendition,
        }
        super().__init__(logger, names)
        # A message is a %-template; no name has a % (wire.keys).
        self._prefix = prefix_of(names)

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        """Returns the message with its prefix, and the caller's ``extra`` beside ours."""
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return f"{self._prefix}{msg}", kwargs


def session_name(epoch: int) -> str:
    """Returns the short name of a publisher's or a lead's epoch in logs: its last 16 bits."""
    return f"{epoch & 0xFFFF:04x}"
