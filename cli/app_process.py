"""``sharpcast app-process``: one of several app processes; ``up`` and ``serve`` start it."""

from __future__ import annotations

from cli import logs
from cli.loading import loading


def app_process(number: int, count: int, listener: int, run_name: str) -> None:
    """Run one of several app processes, with a socket of the program that started it."""
    with loading():
        from app.main import run
        from app.siblings import AppProcess
        from cli.app_processes import READY
        from wire.settings import load_settings

    settings = load_settings()
    logs.set_up(settings.log_level, settings.log_format)
    run(
        settings,
        redis_url=settings.redis_url,
        on_ready=lambda _: print(READY, flush=True),
        process=AppProcess(number, count, listener, run_name),
    )
