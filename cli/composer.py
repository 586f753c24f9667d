"""The composer of a gateway's site, as a child process of the server."""

from __future__ import annotations

from functools import partial

from cli.processes import keep_composer
from wire.settings import Settings
from wire.supervisor import Beside


def composer_of(settings: Settings) -> Beside | None:
    """Returns what keeps a composer running; None where there is no gateway, or it is off."""
    if not settings.gateway_host or not settings.gateway_composer:
        return None
    return partial(keep_composer, settings)
