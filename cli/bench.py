"""``sharpcast bench``: passes its arguments to the benchmarks."""

from __future__ import annotations

import typer

from cli.errors import NotInstalled

PASS_ON = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "help_option_names": [],
}
"""Settings of the command that leave all options, also ``--help``, to the benchmarks."""


def bench(context: typer.Context) -> None:
    """Measure this machine: quality, speed, latency (`sharpcast bench --help` lists the jobs)."""
    try:
        from benchmarks.__main__ import main
    except ImportError as error:
        raise NotInstalled(
            f"The benchmarks need {error.name}; `make bench` installs what is missing."
        ) from error
    raise typer.Exit(main(context.args))
