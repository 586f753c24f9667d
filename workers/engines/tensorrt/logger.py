"""Collector of TensorRT's messages: all go to the log, the last errors into a failure's text."""

from __future__ import annotations

import logging
import threading
from collections import deque

log = logging.getLogger(__name__)

_MAX_ERRORS = 3  # kept for the text of a failure; earlier ones are in the log
_MAX_MESSAGE_LENGTH = 300  # characters; TensorRT prints whole graphs


class MessageLog:
    """Log of TensorRT's messages; may be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._errors: deque[str] = deque(maxlen=_MAX_ERRORS)

    def add(self, level: int, text: str) -> None:
        """Logs one message with a level of the module logging."""
        line = " ".join(text.split())[:_MAX_MESSAGE_LENGTH]
        log.log(level, "TensorRT: %s", line, extra={"action": "tensorrt"})
        if level >= logging.ERROR:
            with self._lock:
                self._errors.append(line.rstrip("."))

    def take_errors(self, otherwise: str) -> str:
        """Returns the last errors as a sentence, oldest first, and forgets them."""
        with self._lock:
            found = list(self._errors)
            self._errors.clear()
        return f"{'; '.join(found) or otherwise}."
