"""Several app processes that share the port of the web server, as children of this process.

This process serves nobody: it keeps the listening sockets open, so that no connection is refused
while a process is begun anew, and runs the gateway, of which there is one.
"""

from __future__ import annotations

import asyncio
import asyncio.subprocess
import contextlib
import logging
import os
import secrets
import signal
import socket
import time
from collections.abc import Callable

from app.gateway.process import (
    GATEWAY_CONNECTIONS,
    GatewayWork,
    check_redis,
    opened_gateway,
)
from app.http.web_server import bind_shared
from app.main import base_address
from app.open_files import raise_limit
from app.siblings import AppProcess
from cli import child_process
from cli.restart import Backoff
from wire import stop_signals, supervisor
from wire.errors import BadSettings
from wire.settings import PREFIX, Settings

log = logging.getLogger(__name__)

READY = "ready"
"""The line by which a process says that it serves."""

_OTHER_FILES = 88
"""Files that Python itself has open, the sockets and the pipes."""


class AppProcesses:
    """Keeps the processes running; ``run`` is its one task."""

    def __init__(self, settings: Settings, redis_url: str) -> None:
        self._settings = settings
        self._redis_url = redis_url
        self._run_name = secrets.token_hex(8)
        self._running: dict[int, asyncio.subprocess.Process] = {}
        self._ready = [asyncio.Event() for _ in range(settings.app_processes)]

    async def run(self, stop: asyncio.Event, *, on_ready: Callable[[str], None]) -> None:
        """Runs until ``stop``; ``on_ready`` gets the base address once all serve.

        Raises BadSettings or NoRedisServer.
        """
        with (
            opened_gateway(self._settings, redis_url=self._redis_url) as gateway,
            contextlib.ExitStack() as closing,
        ):
            # Before Redis is waited for: who starts a second server is told at once.
            sockets = bind_shared(self._settings, len(self._ready))
            for each in sockets:
                closing.enter_context(contextlib.closing(each))
            await check_redis(self._settings, self._redis_url)
            raise_limit((GATEWAY_CONNECTIONS if gateway else 0) + _OTHER_FILES)
            await self._run(
                sockets, gateway, stop, lambda: on_ready(base_address(self._settings, sockets[0]))
            )

    def reload(self) -> None:
        """Has all processes read the certificate again."""
        for process in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGHUP)

    async def _run(
        self,
        sockets: list[socket.socket],
        gateway: GatewayWork | None,
        stop: asyncio.Event,
        on_ready: Callable[[], None],
    ) -> None:
        """Runs all until one ends that is not begun anew, then ends the others."""
        works = {
            f"app {number}": self._keep(number, each, stop) for number, each in enumerate(sockets)
        }
        loop = asyncio.get_running_loop()
        keeping = [loop.create_task(work, name=name) for name, work in works.items()]
        others = [loop.create_task(self._announce(on_ready), name="ready")]
        if gateway is not None:
            others.append(loop.create_task(gateway(), name="gateway"))
        waited = {*keeping, *others[1:]}
        try:
            done, _ = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                # A task that died must not look like a request to stop.
                task.result()
        finally:
            stop.set()
            for task in others:
                task.cancel()
            # Side by side: each process, and the gateway, may take seconds.
            await asyncio.gather(*keeping, *others, return_exceptions=True)

    async def _announce(self, on_ready: Callable[[], None]) -> None:
        for each in self._ready:
            await each.wait()
        on_ready()

    async def _keep(self, number: int, listener: socket.socket, stop: asyncio.Event) -> None:
        """Keeps one process running until ``stop`` is set.

        Raises BadSettings if it ends before it has ever served.
        """
        if number and not await self._first_serves(stop):
            return
        backoff = Backoff()
        while not stop.is_set():
            began = time.monotonic()
            process = await self._start(number, listener)
            self._running[number] = process
            waiting = asyncio.get_running_loop().create_task(
                _until_ready(process, self._ready[number]), name=f"app {number} begins"
            )
            try:
                status = await child_process.status_or_stop(process, stop)
            finally:
                await child_process.end(process, "app process")
                await waiting
                del self._running[number]
            if status is None:
                return
            if not self._ready[number].is_set():
                # It has printed the reason.
                raise BadSettings(
                    f"An app process ended before it served ({child_process.describe(status)})."
                )
            wait_s = backoff.after(time.monotonic() - began)
            log.warning(
                "app process %d ended (%s); a new one starts %s",
                number,
                child_process.describe(status),
                f"in {wait_s:.0f} s" if wait_s else "at once",
                extra={"action": "app_died"},
            )
            await child_process.is_set_within(stop, wait_s)

    async def _first_serves(self, stop: asyncio.Event) -> bool:
        """Waits for process 0, so that one alone tells what is wrong with a setting; returns False
        where the stop came before.
        """
        loop = asyncio.get_running_loop()
        waits = [loop.create_task(each.wait()) for each in (self._ready[0], stop)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return not stop.is_set()

    async def _start(self, number: int, listener: socket.socket) -> asyncio.subprocess.Process:
        process = AppProcess(number, len(self._ready), listener.fileno(), self._run_name)
        return await child_process.start(
            ["app-process", *arguments_of(process)],
            os.environ | {PREFIX + key: value for key, value in self._changed(number).items()},
            files=(listener.fileno(),),
            is_read=True,
        )

    def _changed(self, number: int) -> dict[str, str]:
        """Returns the settings of a process that differ from this one's; empty: the default."""
        settings = self._settings
        changed = {"REDIS_URL": self._redis_url, "GATEWAY_HOST": ""}
        if settings.node_name:
            changed["NODE_NAME"] = f"{settings.node_name}-{number + 1}"
        return changed


def arguments_of(process: AppProcess) -> list[str]:
    """Returns the arguments of the subcommand ``app-process``."""
    return [str(process.number), str(process.count), str(process.listener), process.run]


async def _until_ready(process: asyncio.subprocess.Process, ready: asyncio.Event) -> None:
    """Reads what a process prints until its end, and notes when it serves."""
    assert process.stdout is not None
    while line := await process.stdout.readline():
        if line.decode("utf-8", "replace").strip() == READY:
            ready.set()


def run(
    settings: Settings,
    *,
    redis_url: str,
    on_ready: Callable[[str], None],
    beside: supervisor.Beside | None = None,
) -> None:
    """Runs the processes until SIGINT or SIGTERM; SIGHUP reads the certificate again.

    ``beside`` runs until their end.
    """

    async def main() -> None:
        stop = asyncio.Event()
        processes = AppProcesses(settings, redis_url)
        request = stop_signals.StopRequest(stop)
        with (
            stop_signals.heard((signal.SIGHUP,), processes.reload),
            stop_signals.heard((signal.SIGINT, signal.SIGTERM), request.repeat_to_end),
        ):
            async with supervisor.running_beside(beside, stop):
                await processes.run(stop, on_ready=on_ready)

    asyncio.run(main())
