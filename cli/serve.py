"""``sharpcast serve``: runs the app alone."""

from __future__ import annotations

from cli import banner, logs
from cli.loading import loading


def serve() -> None:
    """Run the web server alone; workers run elsewhere (needs SHARPCAST_REDIS_URL)."""
    with loading():
        from app import main
        from cli import app_processes
        from cli.composer import composers_of
        from wire.errors import NoRedisServer
        from wire.settings import load_settings

    settings = load_settings()
    if not settings.redis_url:
        raise NoRedisServer(
            "`sharpcast serve` needs SHARPCAST_REDIS_URL; `sharpcast up` brings its own server."
        )
    logs.set_up(settings.log_level, settings.log_format)
    run = app_processes.run if settings.app_processes > 1 else main.run
    run(
        settings,
        redis_url=settings.redis_url,
        on_ready=lambda url: banner.show(url, settings),
        beside=composers_of(settings),
    )
