"""The lines of the log of every process: plain ones for people, JSON for collectors."""

from __future__ import annotations

import datetime
import json
import logging
import sys
import threading
import time
from types import TracebackType
from typing import Any

from wire.stream_logger import prefix_of

log = logging.getLogger(__name__)

JSON = "json"
"""The form of one JSON object a line; any other is plain text."""

_NAMES = ("action", "stream", "session", "rendition")
"""Attributes of a record that become fields of their own. No others do, so that nothing gets into
the log that nobody meant for it."""


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object on one line.

    Fields: ``time`` (RFC 3339, UTC), ``level``, ``logger``, ``message``, ``process`` (its id), and
    where the record has them ``action``, ``stream``, ``session``, ``rendition``, ``exception``.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line, without its end; all of it is ASCII."""
        names = {name: str(value) for name in _NAMES if (value := getattr(record, name, ""))}
        at = datetime.datetime.fromtimestamp(record.created, tz=datetime.UTC)
        fields: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            # Stream and session have fields of their own here.
            "message": record.getMessage().removeprefix(prefix_of(names)),
            "process": record.process,
            **names,
        }
        if exception := self._exception(record):
            fields["exception"] = exception
        return json.dumps(fields)

    def _exception(self, record: logging.LogRecord) -> str:
        if record.exc_info and record.exc_info[0] is not None:
            return self.formatException(record.exc_info)
        return record.exc_text or ""


def plain_lines() -> logging.Formatter:
    """Returns the formatter for people: time (UTC), level, logger, message."""
    formatter = logging.Formatter(
        "{asctime}.{msecs:03.0f} {levelname:7} {name}: {message}", "%Y-%m-%dT%H:%M:%S", style="{"
    )
    # UTC, so that lines of several machines can be put in order.
    formatter.converter = time.gmtime
    return formatter


def lines(form: str) -> logging.Formatter:
    """Returns the formatter of a form."""
    return JsonLines() if form == JSON else plain_lines()


def is_json() -> bool:
    """True once this process logs JSON."""
    return any(isinstance(each.formatter, JsonLines) for each in logging.getLogger().handlers)


def log_what_is_uncaught() -> None:
    """Logs what would else be printed as it is: uncaught exceptions and warnings."""
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    logging.captureWarnings(True)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical(
        "uncaught %s", kind.__name__, exc_info=(kind, error, trace), extra={"action": "uncaught"}
    )


def _uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
    # What a thread raises to end itself is no fault.
    if told.exc_value is not None and told.exc_type is not SystemExit:
        _uncaught(told.exc_type, told.exc_value, told.exc_traceback)
