"""Whether a worker of this machine is alive, cheaply enough for a health check."""

from __future__ import annotations

import asyncio
import socket

import psutil

from cli.errors import CliError
from wire.connection import REDIS_DOWN, connect
from wire.errors import ServerRefuses
from wire.heartbeat import Heartbeats, WorkerBeat


def check_worker(redis_url: str, prefix: str = "") -> None:
    """Prints the workers with a heartbeat whose process runs here. Raises CliError if none does,
    ServerRefuses if Redis does not let us look.
    """
    names = [beat.name for beat in asyncio.run(_beats(redis_url, prefix)) if _is_here(beat)]
    if not names:
        raise CliError("No worker of this machine has a heartbeat.")
    print(", ".join(names))


def _is_here(beat: WorkerBeat) -> bool:
    return beat.host == socket.gethostname() and psutil.pid_exists(beat.pid)


async def _beats(redis_url: str, prefix: str) -> list[WorkerBeat]:
    client = connect(redis_url, prefix=prefix)
    try:
        return await Heartbeats(client).list()
    except ServerRefuses:
        raise  # in words that say what to set
    except REDIS_DOWN as error:
        raise CliError("Redis does not answer.") from error
    finally:
        await client.aclose()
