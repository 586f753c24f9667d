"""Asking a TURN server for a relay: a real coturn, and servers that are none."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.webrtc.turn import make_login
from benchmarks.waiting import until
from cli.diagnostics.turn_client import TurnResult, TurnServer, try_login
from tests.cli.diagnostics.seeds import needs
from tests.cli.diagnostics.test_stun_client import stun_server
from tests.redis_servers import free_ports

SECRET = "the-shared-secret"


@contextlib.contextmanager
def coturn(folder: Path) -> Iterator[int]:
    """Debian's coturn on loopback; its port."""
    program = needs("turnserver")
    port, relay = free_ports(2)
    process = subprocess.Popen(
        [program, "-n", f"--listening-port={port}", "--listening-ip=127.0.0.1"]
        + ["--relay-ip=127.0.0.1", f"--min-port={relay}", f"--max-port={relay + 9}"]
        + ["--use-auth-secret", f"--static-auth-secret={SECRET}", "--realm=sharpcast"]
        + ["--no-cli", "--no-tls", "--no-dtls", "--allow-loopback-peers", "--simple-log"]
        + [f"--log-file={folder}/turn.log", f"--pidfile={folder}/turn.pid"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def listens() -> bool:
        assert process.poll() is None
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        until("coturn", listens, 30.0)
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with coturn(tmp_path_factory.mktemp("turn")) as found:
        yield found


@pytest.mark.parametrize("is_tcp", [False, True])
def test_the_right_secret_gets_a_relay(port: int, is_tcp: bool) -> None:
    user, password = make_login(SECRET, now_s=time.time(), name="doctor")
    server = TurnServer("127.0.0.1", port, user, password, is_tcp)
    assert try_login(server) == (TurnResult.RELAYS, 0)


def test_the_wrong_secret_is_refused(port: int) -> None:
    user, password = make_login("another-secret", now_s=time.time(), name="doctor")
    result, code = try_login(TurnServer("127.0.0.1", port, user, password))
    assert (result, code) == (TurnResult.REFUSES, 401)


def test_a_login_that_has_expired_is_refused(port: int) -> None:
    user, password = make_login(SECRET, now_s=time.time() - 86_400, name="doctor")
    assert try_login(TurnServer("127.0.0.1", port, user, password))[0] is TurnResult.REFUSES


def test_a_server_that_is_silent_or_gone_is_told() -> None:
    with stun_server(lambda data, sender: [b"x" * 40]) as (host, silent):
        assert try_login(TurnServer(host, silent, "u", "p")) == (TurnResult.SILENT, 0)
    assert try_login(TurnServer("127.0.0.1", silent, "u", "p")) == (TurnResult.SILENT, 0)
    with pytest.raises(OSError):
        try_login(TurnServer("127.0.0.1", silent, "u", "p", is_tcp=True))
