"""``sharpcast``: the table of subcommands, and exit codes for their failures."""

from __future__ import annotations

import logging
import sys

import typer

from cli import (
    app_process,
    bench,
    conform,
    doctor,
    enhance,
    gateway,
    join,
    keys,
    monitor,
    publish,
    push,
    serve,
    systemd_unit,
    up,
    work,
)
from cli.errors import CliError, WrongUse
from wire.errors import BadSettings, NoRedisServer, ServerRefuses
from wire.log_lines import is_json

log = logging.getLogger(__name__)

BAD_SETTINGS = 2
"""Exit status for a setting or an option that must be changed."""

FAILED = 1
"""Exit status for a command that failed."""

app = typer.Typer(
    name="sharpcast",
    help="Live-streaming server that makes a stream look better than it was sent.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("up")(up.up)
app.command("systemd")(systemd_unit.systemd)
app.command("serve")(serve.serve)
app.command("app-process", hidden=True)(app_process.app_process)
app.command("work")(work.work)
app.command("gateway")(gateway.gateway)
app.command("join")(join.join)
app.command("publish")(publish.publish)
app.command("conformance")(conform.conformance)
app.command("push")(push.push)
app.command("enhance")(enhance.enhance)
app.command("monitoring")(monitor.monitoring)
app.add_typer(keys.app, name="keys")
app.command("doctor")(doctor.doctor)
app.command("bench", context_settings=bench.PASS_ON)(bench.bench)


def main() -> None:
    """Runs one subcommand. Exit status 2: a setting is wrong; 1: it failed; each in a sentence."""
    try:
        app()
    except (WrongUse, BadSettings, NoRedisServer, ServerRefuses) as error:
        _say(error)
        sys.exit(BAD_SETTINGS)
    except CliError as error:
        _say(error)
        sys.exit(FAILED)


def _say(error: Exception) -> None:
    if is_json():
        log.critical("%s", error, extra={"action": "failed"})
    else:
        print(f"sharpcast: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
