"""``sharpcast doctor``: tells what this machine can run, how fast, and what is missing."""

from __future__ import annotations

from typing import Annotated

import typer


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what this machine can run, how fast, and what is missing."""
    import json

    from cli.diagnostics import run_checks
    from wire.settings import load_settings

    findings = run_checks(load_settings())
    if as_json:
        print(json.dumps([finding.as_dict() for finding in findings], indent=1))
        return
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        print(f"{finding.status.value:8} {finding.what:{width}}  {finding.detail}")
