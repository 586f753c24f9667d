"""``python -m workers``: one worker process, with settings from the environment."""

from __future__ import annotations

import logging
import sys

from wire.errors import BadSettings
from wire.log_limit import limit_logs
from wire.log_lines import JSON, lines, log_what_is_uncaught
from wire.settings import load_settings
from workers.process.main import run


def main() -> int:
    """Runs the worker until it is told to stop; returns the exit status."""
    # Settings come first: without them the level of the log is not known, so a fault in them is
    # printed and not logged.
    try:
        settings = load_settings()
    except BadSettings as error:
        print(error, file=sys.stderr)
        return 2
    handler = logging.StreamHandler()
    handler.setFormatter(lines(settings.log_format))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])
    limit_logs()
    if settings.log_format == JSON:
        log_what_is_uncaught()
    return run(settings)


if __name__ == "__main__":
    sys.exit(main())
