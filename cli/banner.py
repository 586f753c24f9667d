"""Message of the terminal once the web server answers: addresses of the pages, and tokens."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from wire.log_lines import is_json

# For types alone: loading the settings' library would slow `sharpcast --help`.
if TYPE_CHECKING:
    from wire.settings import Settings


log = logging.getLogger(__name__)


def show(address: str, settings: Settings) -> None:
    """Prints the addresses of the pages, which tokens are set, and how to stop; logs them as one
    line where the log is JSON.
    """
    base = settings.public_url or address
    if is_json():
        log.info("ready at %s/: %s", base, _guards(settings), extra={"action": "ready"})
        return
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
