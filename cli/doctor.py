"""``sharpcast doctor``: names what is wrong on this machine, or at a server, and the cure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

# For types alone: `sharpcast --help` must be quick.
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.diagnostics.finding import Finding


def doctor(
    url: Annotated[
        str, typer.Argument(help="A running server to look at from here: https://HOST[:PORT].")
    ] = "",
    token: Annotated[
        str, typer.Option(envvar="SHARPCAST_PUBLISH_TOKEN", help="Its publish token, with URL.")
    ] = "",
    only: Annotated[str, typer.Option(help="Check these subjects alone, by comma.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Name faults and their cures: on this machine by its settings, or at a running server."""
    from cli.diagnostics.finding import Status

    found = []
    for finding in _findings(url, token, [word.strip() for word in only.split(",") if word]):
        found.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        import json

        print(json.dumps([finding.as_dict() for finding in found], indent=1))
    if any(finding.status is Status.FAULT for finding in found):
        raise typer.Exit(1)


def _findings(url: str, token: str, only: list[str]) -> Iterator[Finding]:
    if url:
        from cli.diagnostics import outside

        yield from outside.check(url, token)
        return
    from cli.diagnostics import setting_names, table
    from cli.errors import CliError

    unknown = set(only) - {check.name for check in table.CHECKS}
    if unknown:
        names = ", ".join(check.name for check in table.CHECKS)
        raise CliError(f"There is no check {', '.join(sorted(unknown))}; there are {names}.")
    settings, finding = setting_names.load()
    yield finding
    if settings is not None:
        yield from table.run_checks(settings, only)


def _print(finding: Finding) -> None:
    print(f"{finding.status.value:5} {finding.what}: {finding.detail}", flush=True)
    if finding.cure:
        print(f"      -> {finding.cure}", flush=True)
