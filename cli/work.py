"""``sharpcast work``: runs one worker."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import logs
from cli.hugepages import use_large_pages
from cli.loading import loading


def work(
    check: Annotated[
        bool,
        typer.Option("--check", help="Only say whether a worker of this machine is alive."),
    ] = False,
) -> None:
    """Run a worker alone (needs SHARPCAST_REDIS_URL, or SHARPCAST_JOIN and its token)."""
    from wire.errors import BadSettings, NoRedisServer
    from wire.settings import load_settings

    settings = load_settings()
    if not settings.redis_url and not settings.join:
        raise NoRedisServer(
            "`sharpcast work` needs SHARPCAST_REDIS_URL, or SHARPCAST_JOIN for a gateway; "
            "`sharpcast up` brings its own server."
        )
    if check and not settings.redis_url:
        raise BadSettings("`sharpcast work --check` asks Redis, and needs SHARPCAST_REDIS_URL.")
    if check:
        from cli.healthcheck import check_worker

        check_worker(settings.redis_url, settings.redis_prefix)
        return
    # Before the imports of the worker: this process is replaced, and would load all twice.
    use_large_pages()
    with loading():
        from workers.process.main import run

    logs.set_up(settings.log_level, settings.log_format)
    raise typer.Exit(run(settings))
