"""``sharpcast up``: runs Redis, the app and one worker, which start and stop together."""

from __future__ import annotations

from cli import logs


def up() -> None:
    """Run everything on this machine: Redis, web server and one worker."""
    from cli.single_host import run
    from wire.settings import load_settings

    settings = load_settings()
    logs.set_up(settings.log_level)
    run(settings)
