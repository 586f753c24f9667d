"""``sharpcast conformance``: tests a WHIP and WHEP server against the standards."""

from __future__ import annotations

from typing import Annotated

import typer


def conformance(
    url: Annotated[
        str, typer.Argument(help="The server: its root, or the address of a WHIP endpoint.")
    ] = "",
    token: Annotated[
        str, typer.Option(envvar="SHARPCAST_PUBLISH_TOKEN", help="Bearer token.")
    ] = "",
    whip: Annotated[str, typer.Option(help="Address of the WHIP endpoint.")] = "",
    whep: Annotated[str, typer.Option(help="Address of the WHEP endpoint.")] = "",
    only: Annotated[str, typer.Option(help="Run rules with this in their names.")] = "",
    slow: Annotated[
        bool, typer.Option("--slow", help="Run rules that take up to 90 s too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Test any WHIP and WHEP server against RFC 9725 and draft-ietf-wish-whep-04."""
    from cli.conformance.command import ConformanceOptions, run

    if not run(ConformanceOptions(url, token, whip, whep, only, as_json, slow)):
        raise typer.Exit(1)
