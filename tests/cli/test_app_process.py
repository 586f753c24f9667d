"""``sharpcast app-process``: what ``up`` and ``serve`` start."""

from __future__ import annotations

import secrets
import signal
import socket
from pathlib import Path

import pytest

from app.siblings import AppProcess
from benchmarks.waiting import until
from cli.app_processes import READY, arguments_of
from tests.cli.command import SHARPCAST, Process, environment, get, sharpcast
from wire.embedded import EmbeddedServer


def test_users_are_not_told_of_it() -> None:
    assert "app-process" not in sharpcast("--help").stdout
    assert sharpcast("app-process").returncode == 2


@pytest.mark.e2e
def test_it_serves_on_the_socket_that_it_is_given(
    tmp_path: Path, redis_server: EmbeddedServer
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # As the program that starts it: under any number, and inherited.
        listener.set_inheritable(True)
        place = AppProcess(1, 2, listener.fileno(), secrets.token_hex(8))
        settings = {"redis_url": redis_server.url, "redis_prefix": "heir:"}
        command = [*SHARPCAST, "app-process", *arguments_of(place)]
        process = Process(
            tmp_path, "app", command, environment(**settings), files=(listener.fileno(),)
        )
        try:
            until("readiness", lambda: READY in process.text)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            assert get(f"{url}/readyz")["status"] == "ready"
            assert get(f"{url}/api/v1/server")["instance"] == place.run
            assert process.end(signal.SIGTERM) == 0
            assert process.text == f"{READY}\n"
        finally:
            process.kill()
