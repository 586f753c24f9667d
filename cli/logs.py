"""Set-up of logging, once per process."""

from __future__ import annotations

import logging
import time

from wire.log_limit import limit_logs


def set_up(level: str) -> None:
    """Logs plain lines to stderr: time (UTC), level, logger, message."""
    formatter = logging.Formatter(
        "{asctime}.{msecs:03.0f} {levelname:7} {name}: {message}", "%Y-%m-%dT%H:%M:%S", style="{"
    )
    # UTC, so that lines of several machines can be put in order.
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    limit_logs()
    # Its lower levels tell nothing that an operator could act on.
    logging.getLogger("aiortc").setLevel(max(logging.WARNING, logging.getLogger().level))
