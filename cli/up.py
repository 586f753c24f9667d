"""``sharpcast up``: runs Redis, the app and one worker, which start and stop together."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import logs
from cli.loading import loading


def up(
    public: Annotated[
        str,
        typer.Option(help="Serve this address, https://HOST, and ask for what is missing."),
    ] = "",
) -> None:
    """Run everything on this machine: Redis, web server and one worker."""
    with loading():
        from wire.settings import load_settings

    if public:
        import os
        import sys

        from cli.public_setup.prepare import prepare

        ask = input if sys.stdin.isatty() and sys.stdout.isatty() else None
        settings = prepare(public, os.environ, ask=ask, say=print)
    else:
        settings = load_settings()
    with loading():
        from cli.single_host import run

    logs.set_up(settings.log_level, settings.log_format)
    run(settings)
