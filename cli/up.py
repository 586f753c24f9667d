"""``sharpcast up``: Redis, the app and a worker, as one thing that starts and stops together."""

from __future__ import annotations

from cli import logs


def up() -> None:
    """Run everything on this machine: Redis, web server and one worker."""
    from cli.installation import run
    from wire.settings import load_settings

    settings = load_settings()
    logs.set_up(settings.log_level)
    run(settings)
