"""``sharpcast monitoring``: writes files for Prometheus and Grafana."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def monitoring(
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("monitoring"),
    target: Annotated[
        str, typer.Option(help="Address of the server to watch, HOST:PORT.")
    ] = "127.0.0.1:8080",
    prometheus: Annotated[
        str, typer.Option(help="Address at which Grafana finds Prometheus.")
    ] = "http://127.0.0.1:9090",
) -> None:
    """Write a scrape configuration, alert rules and a Grafana dashboard."""
    from cli.monitoring import files

    written = files.filled_in(target, prometheus, out)
    files.write(written, out)
    for path in written:
        print(out / path)
