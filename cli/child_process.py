"""One child process that runs a subcommand: started, watched until it ends, stopped in time."""

from __future__ import annotations

import asyncio
import asyncio.subprocess
import logging
import signal
import sys
from collections.abc import Mapping, Sequence

from wire.parent_death import die_with_parent

log = logging.getLogger(__name__)

STOP_TIMEOUT_S = 4.0
"""Time for a child to stop after SIGTERM; all of ``sharpcast up`` has 5 s."""


async def start(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    files: Sequence[int] = (),
    is_read: bool = False,
) -> asyncio.subprocess.Process:
    """Starts ``sharpcast`` with these arguments. Call it on the main thread.

    ``files`` are descriptors that the child inherits under the same numbers. ``is_read``: its
    standard output is a pipe to this process.
    """
    return await asyncio.create_subprocess_exec(
        sys.executable,
        # Modules in the folder where the command was started must not take the place of ours.
        "-P",
        "-m",
        "cli.main",
        *arguments,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE if is_read else None,
        pass_fds=files,
        # Ctrl-C reaches a whole process group at once, but the child is stopped by this process.
        start_new_session=True,
        preexec_fn=die_with_parent(),
    )


async def status_or_stop(process: asyncio.subprocess.Process, stop: asyncio.Event) -> int | None:
    """Waits for the exit status; returns None as soon as ``stop`` is set."""
    loop = asyncio.get_running_loop()
    waits = [
        loop.create_task(process.wait(), name="child ends"),
        loop.create_task(stop.wait(), name="child stops"),
    ]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    # Both may have happened: a child that ended while we stop is not started again.
    return None if stop.is_set() else process.returncode


async def end(process: asyncio.subprocess.Process, name: str) -> None:
    """Stops a child by SIGTERM, and by SIGKILL if it does not end in time."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        log.warning("the %s did not stop in time", name, extra={"action": "child_killed"})
        process.kill()
        await process.wait()


async def is_set_within(event: asyncio.Event, timeout_s: float) -> bool:
    """Waits for the event; returns False after ``timeout_s`` seconds without it."""
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return False
    return True


def describe(status: int) -> str:
    """Returns an exit status in words: a negative one is the signal that ended the child."""
    return f"exit status {status}" if status >= 0 else signal.Signals(-status).name
