"""Set-up of logging, once per process."""

from __future__ import annotations

import logging

from wire.log_limit import limit_logs
from wire.log_lines import JSON, lines, log_what_is_uncaught


def set_up(level: str, form: str = "text") -> None:
    """Logs to stderr, plain lines or with ``form`` "json" one JSON object each."""
    handler = logging.StreamHandler()
    handler.setFormatter(lines(form))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    limit_logs()
    # Its lower levels tell nothing that an operator could act on.
    logging.getLogger("aiortc").setLevel(max(logging.WARNING, logging.getLogger().level))
    # These write whole addresses, and that of a webhook or of the access hook may hold a secret.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    if form == JSON:
        log_what_is_uncaught()
