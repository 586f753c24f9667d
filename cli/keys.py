"""``sharpcast keys``: lists, makes, rotates and revokes the stream keys of a running server."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from cli.errors import WrongUse
from cli.printable import printable

app = typer.Typer(
    no_args_is_help=True, help="Stream keys of a running server (needs its admin token)."
)

LIMITS = ("streams", "kbps", "pixels", "viewers")
"""Names of the limits that a key may have."""

_KEY_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
"""Ids as they may stand in an address: those of the server are ten hexadecimal digits."""

Server = Annotated[
    str,
    typer.Option("--server", metavar="URL", help="Address of the server; this machine's without."),
]
Life = Annotated[
    int, typer.Option("--days", min=0, max=3650, help="Days until it expires; 0: never.")
]


@app.command("list")
def list_keys(server: Server = "") -> None:
    """Show all keys, without their secrets."""
    found = _ask(server, "GET", "")["keys"]
    for key in found:
        # A note is anybody's who knows the admin token, and a terminal obeys control characters.
        print("  ".join(printable(column) for column in _columns(key) if column))
    if not found:
        print("There are no stream keys.")


@app.command("add")
def add(
    streams: Annotated[str, typer.Argument(help="Name of a stream, or a pattern like 'studio-*'.")],
    note: Annotated[str, typer.Option(help="Whose key it is.")] = "",
    days: Life = 0,
    view: Annotated[
        str, typer.Option(help="Who may watch its streams: public, unlisted or token.")
    ] = "public",
    limit: Annotated[
        list[str] | None,
        typer.Option(
            help="Limit of its streams, as NAME=NUMBER: streams, kbps, pixels or viewers; several "
            "times for several."
        ),
    ] = None,
    server: Server = "",
) -> None:
    """Make a key and print its secret, this once."""
    asked = {
        "streams": streams,
        "note": note,
        "life_s": days * 24 * 3600,
        "view": view,
        "limits": _limits(limit or []),
    }
    _show(_ask(server, "POST", "", asked))


@app.command("rotate")
def rotate(
    key: Annotated[str, typer.Argument(help="Id of the key.")],
    grace_minutes: Annotated[
        int, typer.Option(min=0, help="Minutes for which the old secret stays good.")
    ] = 60,
    server: Server = "",
) -> None:
    """Give a key another secret and print it, this once."""
    _show(_ask(server, "POST", f"/{_checked(key)}/rotation", {"grace_s": grace_minutes * 60}))


@app.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(help="Id of the key.")],
    end: Annotated[bool, typer.Option("--end", help="End its live streams too.")] = False,
    server: Server = "",
) -> None:
    """Revoke a key. Its live streams go on without --end."""
    _ask(server, "DELETE", f"/{_checked(key)}?end={str(end).lower()}")
    print(f"The key {key} is revoked.")


def _checked(key: str) -> str:
    """Returns an id. Raises WrongUse for what would lead to another address of the API."""
    if not _KEY_ID.fullmatch(key):
        raise WrongUse(f"{key[:40]!r} is no id of a key: `sharpcast keys list` shows them.")
    return key


def _limits(words: list[str]) -> dict[str, int]:
    """Returns the limits by name. Raises BadParameter for what is none."""
    found = {}
    for word in words:
        name, _, number = word.partition("=")
        if name not in LIMITS or not number.isascii() or not number.isdigit():
            names = ", ".join(LIMITS)
            raise typer.BadParameter(f"{word[:40]!r} is no limit: NAME=NUMBER, of {names}.")
        if not int(number):
            raise typer.BadParameter(f"{word[:40]!r} allows nothing: leave it out for no limit.")
        found[name] = int(number)
    return found


def _columns(key: dict[str, Any]) -> list[str]:
    limits = ", ".join(f"{name} {value}" for name, value in key["limits"].items() if value)
    state = "expired" if key["is_expired"] else ""
    if key["expires_at"] and not key["is_expired"]:
        state = f"until {key['expires_at']}"
    live = f"live: {', '.join(key['live'])}" if key["live"] else ""
    return [key["id"], key["streams"], key["view"], state, limits, live, key["note"]]


def _show(made: dict[str, Any]) -> None:
    # The secret alone on stdout: `KEY=$(sharpcast keys add cam1)` must work.
    key = made["key"]
    typer.echo(f"Key {key['id']} for {key['streams']}; its secret is shown this once:", err=True)
    print(made["secret"])


def _ask(server: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    from cli.admin_client import AdminClient
    from wire.settings import load_settings

    with AdminClient(server, load_settings()) as client:
        return client.ask(method, f"/api/v1/keys{path}", body)
