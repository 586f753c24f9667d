"""A probe of the gateway that a worker joins: it answers a handshake, or why there is no answer."""

from __future__ import annotations

import asyncio
import datetime
import socket
import time

from cli.errors import CliError
from wire.link.endpoint import Endpoint
from wire.link.secure import make_identity

ANSWER_S = 4.0
"""Time for an answer: the first datagrams of a handshake are sent again within a second."""


def probe_gateway(host: str, port: int) -> float:
    """Returns the seconds that a handshake took. It needs no token and joins nothing.

    Raises CliError with the reason, as the end of a sentence.
    """
    return asyncio.run(_probe(host, port))


async def _probe(host: str, port: int) -> float:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise CliError(f"{host} is no name of a host ({error.strerror})") from error
    family, _, _, _, address = found[0]
    endpoint = Endpoint(make_identity(now=datetime.datetime.now(datetime.UTC)), is_server=False)
    try:
        await loop.create_datagram_endpoint(lambda: endpoint, family=family)
        begun = time.monotonic()
        peer = endpoint.connect((str(address[0]), int(address[1])))
        async with asyncio.timeout(ANSWER_S):
            await peer.opened.wait()
        return time.monotonic() - begun
    except TimeoutError:
        raise CliError(
            f"no answer from {host}, UDP port {port}: is the gateway running, and does its "
            "firewall let that port through?"
        ) from None
    except OSError as error:
        raise CliError(f"{host} cannot be reached ({error.strerror})") from error
    finally:
        endpoint.close()
