"""Message of the terminal once the web server answers: addresses of the pages, and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

# For types alone: loading the settings' library would slow `sharpcast --help`.
if TYPE_CHECKING:
    from wire.settings import Settings


def show(address: str, settings: Settings) -> None:
    """Prints the addresses of the pages, which tokens are set, and how to stop."""
    base = settings.public_url or address
    print(
        f"Sharpcast is ready.\n"
        f"  watch      {base}/\n"
        f"  broadcast  {base}/broadcast\n"
        f"  admin      {base}/admin\n"
        f"  WHIP       {base}/whip/NAME\n"
        f"{_guards(settings)}\n"
        f"Stop with Ctrl-C.",
        flush=True,
    )


def _guards(settings: Settings) -> str:
    place = "Listening on loopback only" if settings.is_loopback else "Listening to the network"
    missing = [
        word
        for word, is_set in (
            ("publish", settings.has_publish_token),
            ("admin", settings.has_admin_token),
        )
        if not is_set
    ]
    if len(missing) == 2:
        return f"{place}, no token set."
    if missing:
        return f"{place}, no {missing[0]} token set."
    return f"{place}, publish and admin tokens set."
