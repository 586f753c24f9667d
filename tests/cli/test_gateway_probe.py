"""The probe of a gateway, over real sockets."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from cli import gateway_probe
from cli.errors import CliError
from cli.gateway_probe import probe_gateway
from tests.app.gateway.joining import new_identity
from wire.link.endpoint import Endpoint


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a gateway in a loop of its own, as of another process."""
    ready: list[int] = []
    started, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        endpoint = Endpoint(new_identity(), is_server=True)
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: endpoint, local_addr=("127.0.0.1", 0))
        ready.append(endpoint.port)
        started.set()
        await loop.run_in_executor(None, stop.wait)
        endpoint.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="gateway")
    thread.start()
    started.wait(10.0)
    yield ready[0]
    stop.set()
    thread.join()


def test_a_gateway_answers_without_a_token(port: int) -> None:
    assert 0.0 < probe_gateway("127.0.0.1", port) < gateway_probe.ANSWER_S


def test_silence_is_said_with_what_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_probe, "ANSWER_S", 0.2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        port = mute.getsockname()[1]
        with pytest.raises(CliError, match=f"UDP port {port}: .*firewall"):
            probe_gateway("127.0.0.1", port)


def test_a_name_that_nobody_knows_is_told() -> None:
    with pytest.raises(CliError, match="no.such.host.invalid is no name of a host"):
        probe_gateway("no.such.host.invalid", 9443)
