"""Child processes of a server: started, restarted when they end, and stopped in time."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import secrets
import time
from collections.abc import Mapping

from cli import child_process
from cli.hugepages import with_large_pages
from cli.restart import Backoff
from wire.connection import REDIS_DOWN
from wire.departed import take_off
from wire.embedded import EmbeddedServer
from wire.errors import BadSettings, WireError
from wire.settings import PREFIX, Settings

log = logging.getLogger(__name__)

_POLL_PERIOD_S = 0.2
"""Period of the check for a dead Redis: viewers notice its absence after about half a second."""

_REFUSED = 2
"""Exit status of a worker that cannot work with its settings; it has printed the reason."""


async def keep_worker(settings: Settings, redis_url: str, stop: asyncio.Event) -> None:
    """Keeps one worker process running until ``stop`` is set.

    Raises BadSettings if the first worker refuses its settings. A later one may do so while a
    password is being changed, and that must not end the broadcast.
    """
    # Named here, so that it is known whose leases are free when the process has died.
    status = await _keep_worker(_Child(settings, redis_url, settings.worker_name), stop)
    # Nothing was served yet, so the sentence that the worker printed is the end of the command.
    if status == _REFUSED:
        raise BadSettings("The worker cannot work with these settings.")


async def keep_composer(settings: Settings, stop: asyncio.Event) -> None:
    """Keeps a worker that composes streams running until ``stop`` is set.

    Where the first one refuses its settings there is none: the server works without it.
    """
    name = f"composer-{secrets.token_hex(3)}"
    # A gateway's site may itself be told to join another; its composers work beside this Redis.
    child = _Child(settings, settings.redis_url, name, {"WORKER_ROLE": "compose", "JOIN": ""})
    if await _keep_worker(child, stop) == _REFUSED:
        log.warning(
            "there is no composer: weak devices lead streams themselves",
            extra={"action": "no_composer"},
        )


@dataclasses.dataclass(frozen=True, slots=True)
class _Child:
    """A worker to run."""

    settings: Settings
    redis_url: str
    name: str
    changed: Mapping[str, str] = dataclasses.field(default_factory=dict)
    "Settings that differ from those of this process."

    @property
    def environment(self) -> dict[str, str]:
        own = {"REDIS_URL": self.redis_url, "WORKER_NAME": self.name, **self.changed}
        return os.environ | {PREFIX + key: value for key, value in own.items()}

    async def take_off(self) -> None:
        """Lets others have at once what the process held that has died."""
        try:
            await take_off(self.redis_url, self.settings.redis_prefix, self.name)
        except (*REDIS_DOWN, WireError) as error:
            log.info("its leases lapse: %s", error, extra={"action": "leases_lapse"})


async def _keep_worker(child: _Child, stop: asyncio.Event) -> int | None:
    """Keeps a worker running until ``stop`` is set; returns ``_REFUSED`` if the first one refuses
    its settings.
    """
    backoff, is_first = Backoff(), True
    while not stop.is_set():
        began = time.monotonic()
        process = await child_process.start(["work"], with_large_pages(child.environment))
        try:
            status = await child_process.status_or_stop(process, stop)
        finally:
            await child_process.end(process, "worker")
        if status is None or (status == _REFUSED and is_first):
            return status
        is_first = False
        # Before its leases are freed, which takes a second where Redis is away too.
        wait_s = backoff.after(time.monotonic() - began)
        await child.take_off()
        log.warning(
            "the worker ended (%s); a new one starts %s",
            child_process.describe(status),
            f"in {wait_s:.0f} s" if wait_s else "at once",
            extra={"action": "worker_died"},
        )
        await child_process.is_set_within(stop, wait_s)
    return None


async def keep_redis(server: EmbeddedServer, stop: asyncio.Event) -> None:
    """Restarts the embedded server, empty, whenever it ends. Raises NoRedisServer if that fails."""
    while not await child_process.is_set_within(stop, _POLL_PERIOD_S):
        if _has_ended(server.pid):
            # Only the main thread may do this: the kernel ends the server with its parent thread.
            server.restart()
            log.warning(
                "the embedded Redis server ended; a new one runs, empty",
                extra={"action": "redis_restarted"},
            )


def _has_ended(pid: int) -> bool:
    """Returns True for a child that has ended, without reaping it."""
    # Not reaped here: the server's owner waits for it when it starts another.
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, pid, flags) is not None
