"""What TensorRT says while it works: to the log, and the last errors into the text of a failure."""

from __future__ import annotations

import logging
import threading
from collections import deque

log = logging.getLogger(__name__)

_KEPT = 3
_LONGEST = 300


class Messages:
    """Used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._errors: deque[str] = deque(maxlen=_KEPT)

    def add(self, level: int, text: str) -> None:
        """One message, with a level of the module logging."""
        line = " ".join(text.split())[:_LONGEST]
        log.log(level, "TensorRT: %s", line, extra={"action": "tensorrt"})
        if level >= logging.ERROR:
            with self._lock:
                self._errors.append(line.rstrip("."))

    def take_errors(self, otherwise: str) -> str:
        """The last errors as a sentence, oldest first, and forgets them."""
        with self._lock:
            found = list(self._errors)
            self._errors.clear()
        return f"{'; '.join(found) or otherwise}."
