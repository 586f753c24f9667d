"""``sharpcast join``: a worker that joins a gateway at another site."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from cli import work as worker


def join(
    gateway: Annotated[str, typer.Argument(metavar="HOST:PORT", help="The gateway.")],
    token: Annotated[
        str,
        typer.Option(
            "--token",
            help="Token of the gateway; SHARPCAST_JOIN_TOKEN without it, which other users of this "
            "machine do not see in the list of processes.",
        ),
    ] = "",
    name: Annotated[
        str, typer.Option("--name", help="Name in the list of devices; the first join keeps it.")
    ] = "",
) -> None:
    """Work for a server at another site: `sharpcast work` with SHARPCAST_JOIN."""
    # As settings, so that whatever they may be is checked in one place.
    os.environ["SHARPCAST_JOIN"] = gateway
    if token:
        os.environ["SHARPCAST_JOIN_TOKEN"] = token
    if name:
        os.environ["SHARPCAST_WORKER_NAME"] = name
    worker.work(check=False)
