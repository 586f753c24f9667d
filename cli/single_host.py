"""Runs all parts on one host: the app in this process, the worker and Redis as its children; where
there are several app processes, they are children too.

Children have sessions of their own, so that Ctrl-C in a terminal reaches this process alone. The
kernel kills them when this process is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

from cli import banner
from cli.key_keeping import keep_keys
from cli.loading import loading
from cli.processes import keep_redis, keep_worker
from wire import stop_signals, trace_export
from wire.embedded import EmbeddedServer
from wire.errors import WireError
from wire.settings import Settings

log = logging.getLogger(__name__)

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(settings: Settings) -> None:
    """Runs until SIGINT, SIGTERM or SIGHUP. Raises BadSettings or NoRedisServer."""
    early: list[int] = []
    for number in _SIGNALS:
        # A signal that comes before the loop listens must not leave a half started server behind.
        signal.signal(number, lambda number, frame: early.append(number))
    # With several app processes each traces for itself; none of this one's parts does then.
    with trace_export.running(settings, "sharpcast-app"):
        if settings.redis_url:
            asyncio.run(_run(settings, settings.redis_url, None, early))
            return
        with EmbeddedServer() as server, _folder_removed(server):
            asyncio.run(_run(settings, server.url, server, early))


@contextlib.contextmanager
def _folder_removed(server: EmbeddedServer) -> Iterator[None]:
    """Removes the server's folder at the end, even if this process is killed.

    A shell waits on a pipe whose other end only this process has; it removes the folder when the
    pipe closes.
    """
    folder = str(Path(server.url.removeprefix("unix://")).parent)
    with subprocess.Popen(
        ["/bin/sh", "-c", 'read -r _; rm -rf -- "$FOLDER"'],
        # A variable, since the shell would interpret a path that is a part of its script.
        env={"FOLDER": folder, "PATH": os.defpath},
        stdin=subprocess.PIPE,
        # Ctrl-C must not end the shell: it would remove the folder while the server is in use.
        start_new_session=True,
    ):
        try:
            yield
        finally:
            # First the server, then the end of the pipe: it writes to the folder until it has
            # stopped.
            server.stop()


async def _run(
    settings: Settings, redis_url: str, server: EmbeddedServer | None, early: list[int]
) -> None:
    """Runs until a signal comes; one may have come before the loop began."""
    stop = asyncio.Event()
    with stop_signals.heard(_SIGNALS, stop_signals.StopRequest(stop).repeat_to_end):
        if not early:
            await _run_until(stop, settings, redis_url, server)


async def _run_until(
    stop: asyncio.Event, settings: Settings, redis_url: str, server: EmbeddedServer | None
) -> None:
    """Runs all parts until one ends or ``stop`` is set.

    App and worker stop side by side, within 5 s; the caller stops Redis after them.
    """
    works = {
        "worker": keep_worker(settings, redis_url, stop),
        "app": _app(stop, settings, redis_url),
    }
    if server is not None:
        works["redis"] = keep_redis(server, stop)
        # Before the app serves: a publisher that comes again at once must find its key.
        works["keys"] = await keep_keys(settings, redis_url, stop)
    # A task group wraps errors in a group; the command line shows one sentence.
    failures: list[WireError] = []
    async with asyncio.TaskGroup() as group:
        for name, work in works.items():
            group.create_task(_stop_after(work, stop, failures), name=name)
    if failures:
        raise failures[0]


async def _app(stop: asyncio.Event, settings: Settings, redis_url: str) -> None:
    # The app takes a second to load, as the worker's process does: they load side by side.
    run = await asyncio.to_thread(_load_app, settings, redis_url)
    if not stop.is_set():
        await run(stop, lambda url: banner.show(url, settings))


_RunApp = Callable[[asyncio.Event, Callable[[str], None]], Coroutine[Any, Any, None]]


def _load_app(settings: Settings, redis_url: str) -> _RunApp:
    """Imports the app, and returns what runs it until a stop; its second argument gets the address
    of the web server.
    """
    if settings.app_processes > 1:
        with loading():
            from cli.app_processes import AppProcesses

        return lambda stop, on_ready: AppProcesses(settings, redis_url).run(stop, on_ready=on_ready)
    with loading():
        from app.main import serve

    return lambda stop, on_ready: serve(settings, redis_url=redis_url, stop=stop, on_ready=on_ready)


async def _stop_after(
    work: Coroutine[Any, Any, None], stop: asyncio.Event, failures: list[WireError]
) -> None:
    """Awaits one part, then stops the others: no part goes on alone."""
    try:
        await work
    except WireError as error:
        failures.append(error)
    finally:
        stop.set()
