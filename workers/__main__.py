"""``python -m workers``: one worker process, with settings from the environment."""

from __future__ import annotations

import logging
import sys

from wire.errors import BadSettings
from wire.log_limit import limit_logs
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
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    limit_logs()
    return run(settings)


if __name__ == "__main__":
    sys.exit(main())
