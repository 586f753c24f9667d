"""The composers of a gateway's site, as child processes of the server."""

from __future__ import annotations

import asyncio

from cli.processes import keep_composer
from wire.settings import Settings
from wire.supervisor import Beside


def composers_of(settings: Settings) -> Beside | None:
    """Returns what keeps the composers running; None where there is no gateway, or are none."""
    if not settings.gateway_host or not settings.gateway_composers:
        return None

    async def keep(stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(settings.gateway_composers):
                name = f"composer {number + 1}"
                group.create_task(keep_composer(settings, stop), name=name)

    return keep
