"""Health check of a worker: finds a heartbeat of this machine in Redis."""

from __future__ import annotations

import asyncio
import socket

import psutil

from cli.errors import CliError
from wire.connection import REDIS_DOWN, connect
from wire.errors import ServerRefuses
from wire.heartbeat import Heartbeats, WorkerBeat


def check_worker(redis_url: str, prefix: str = "") -> None:
    """Prints the workers that run on this machine and have a heartbeat.

    Raises CliError if there is none, ServerRefuses if Redis refuses the login.
    """
    names = [beat.name for beat in asyncio.run(_beats(redis_url, prefix)) if _is_here(beat)]
    if not names:
        raise CliError("No worker of this machine has a heartbeat.")
    print(", ".join(names))


def _is_here(beat: WorkerBeat) -> bool:
    # A heartbeat outlives its worker for some seconds, so the process is looked for too.
    return beat.host == socket.gethostname() and psutil.pid_exists(beat.pid)


async def _beats(redis_url: str, prefix: str) -> list[WorkerBeat]:
    client = connect(redis_url, prefix=prefix)
    try:
        return await Heartbeats(client).list()
    except ServerRefuses:
        raise  # its message names the setting to change
    except REDIS_DOWN as error:
        raise CliError("Redis does not answer.") from error
    finally:
        await client.aclose()
