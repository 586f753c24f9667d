"""A limit of one log line a second of a kind, so that nobody can fill a disk with our log."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

INTERVAL_S = 1.0

MAX_KINDS = 512
"""Kinds remembered; beyond that a logger's further ones count as one."""

FORGET_S = 60.0
"""Time without a further line after which a kind's held-back lines are told by nobody any more."""

_Key = tuple[str, object]


class LogLimit(logging.Filter):
    """Lets one line a second through for each logger and message template.

    The next line of the kind says how many were held back. Lines with an ``action`` (``extra``)
    below a warning tell what somebody with a token did; of those each different one is a kind. A
    warning may hold what came from outside, and no two need be alike; so its template is its kind,
    for each stream that ``StreamLogger`` names. A message without arguments may have been put
    together before, so its place in the source is its kind.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._kinds: dict[_Key, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """True if the line may be written; called from any thread."""
        with self._lock:
            held = self._take(self._kind(record), self._clock())
        if held < 0:
            return False
        if held:
            record.msg = f"{record.msg} ({held} more like it held back)"
        return True

    def _kind(self, record: logging.LogRecord) -> _Key:
        has_action = hasattr(record, "action")
        if has_action and record.levelno < logging.WARNING:
            return record.name, (record.msg, str(record.args))
        if record.args:
            # The prefix of StreamLogger is a part of the message: each stream is a kind.
            return record.name, record.msg
        stream = getattr(record, "stream", "")
        return record.name, (record.pathname, record.lineno, stream)

    def _take(self, kind: _Key, now: float) -> int:
        """Returns how many lines of the kind were held back, -1 to hold this one back too."""
        if kind not in self._kinds and len(self._kinds) >= MAX_KINDS:
            self._forget(now)
            if len(self._kinds) >= MAX_KINDS:
                # The table is full, so all further kinds of this logger have one place: memory
                # stays bounded whatever is logged.
                kind = (kind[0], "")
        last, held = self._kinds.get(kind, (now - INTERVAL_S, 0))
        if now - last < INTERVAL_S:
            self._kinds[kind] = (last, held + 1)
            return -1
        self._kinds[kind] = (now, 0)
        return held

    def _forget(self, now: float) -> None:
        """Forgets kinds of which nothing is held back and whose second is over, and those of which
        something is but nothing more came: names of streams would fill the table for good.
        """
        for kind, (last, held) in list(self._kinds.items()):
            if now - last >= (FORGET_S if held else INTERVAL_S):
                del self._kinds[kind]


def limit_logs() -> None:
    """Limits what every handler of the root logger writes; once more is harmless.

    What no task awaited and what callbacks raise comes here too: asyncio logs it.
    """
    for handler in (*logging.getLogger().handlers, logging.lastResort):
        if handler is not None and not any(isinstance(f, LogLimit) for f in handler.filters):
            handler.addFilter(LogLimit())
