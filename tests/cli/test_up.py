"""``sharpcast up``: starts quickly, repairs itself, leaves nothing."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from benchmarks.server import free_port
from benchmarks.waiting import until
from tests.cli.command import SHARPCAST, Up, environment, get, is_listening, is_running
from tests.redis_servers import Server, free_ports, running

pytestmark = pytest.mark.e2e


def children(up: Up) -> dict[str, int]:
    """Process ids by role."""
    found = {}
    for process in up.descendants():
        try:
            words = " ".join(process.cmdline())
        except psutil.Error:  # it ended just now
            continue
        if "workers.process.jit_warmup" in words:
            continue  # compiles beside the worker for a while
        role = "redis" if "redis.sock" in words else "worker" if " work" in words else "guard"
        found[role] = process.pid
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_starts_in_five_seconds_and_ends_in_five_without_a_trace(
    start_up: Callable[..., Up], number: int
) -> None:
    began = time.monotonic()
    up = start_up()
    until("the address", lambda: is_listening(up.port))
    assert time.monotonic() - began < 5.0
    up.until_ready()
    left = children(up)
    assert set(left) == {"redis", "worker", "guard"}
    for page in ("/", "/broadcast", "/admin"):
        assert f"{up.url}{page}\n" in up.text
    assert "Listening on loopback only, no token set." in up.text
    began = time.monotonic()
    assert up.end(number) == 0
    assert time.monotonic() - began < 5.0
    assert not any(is_running(pid) for pid in left.values())
    assert not is_listening(up.port)
    assert list(up.temp.iterdir()) == []
    assert "Traceback" not in up.text


def test_ctrl_c_before_it_is_ready_ends_it(start_up: Callable[..., Up]) -> None:
    up = start_up()
    until("a child", lambda: "redis" in children(up))
    left = children(up)
    up.end(signal.SIGTERM)
    until("the end of its children", lambda: not any(is_running(p) for p in left.values()))
    assert list(up.temp.iterdir()) == []


def test_ctrl_c_in_a_terminal_reaches_it_alone(start_up: Callable[..., Up]) -> None:
    up = start_up()
    up.until_ready()
    group = os.getpgid(up.popen.pid)
    assert all(os.getpgid(pid) != group for pid in children(up).values())


def test_kill_9_leaves_nothing(start_up: Callable[..., Up]) -> None:
    up = start_up()
    up.until_ready()
    left = children(up)
    up.kill()
    until("the end of its children", lambda: not any(is_running(p) for p in left.values()), 5.0)
    assert not is_listening(up.port)
    assert list(up.temp.iterdir()) == []


def test_what_dies_is_started_again(start_up: Callable[..., Up]) -> None:
    up = start_up()
    up.until_ready()
    before = children(up)
    os.kill(before["worker"], signal.SIGKILL)
    os.kill(before["redis"], signal.SIGKILL)
    until("a new worker", lambda: children(up).get("worker", before["worker"]) != before["worker"])
    until("a new Redis", lambda: children(up).get("redis", before["redis"]) != before["redis"])
    up.until_ready()
    assert "the worker ended (SIGKILL); a new one starts at once" in up.text
    assert "the embedded Redis server ended; a new one runs, empty" in up.text
    assert up.end() == 0
    assert list(up.temp.iterdir()) == []


def test_a_worker_that_redis_refuses_later_ends_nobody_else(
    start_up: Callable[..., Up], tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    server = Server(tmp_path, port)
    with running(server):
        up = start_up(redis_url=f"redis://127.0.0.1:{port}")
        up.until_ready()
        before = children(up)["worker"]
        server.ask("CONFIG", "SET", "requirepass", "secret")
        os.kill(before, signal.SIGKILL)
        until("a refusal", lambda: "the worker ended (exit status 2)" in up.text)
        assert up.popen.poll() is None
        with socket.create_connection(("127.0.0.1", port)) as link:
            link.sendall(b'AUTH secret\r\nCONFIG SET requirepass ""\r\n')
            link.recv(100)

        def works() -> bool:
            pids = {worker["pid"] for worker in get(f"{up.url}/api/v1/workers")["workers"]}
            return children(up).get("worker") in pids

        until("a worker again", works, 40.0)
        assert up.end() == 0


def test_a_public_address_without_a_terminal_names_all_that_is_missing(tmp_path: Path) -> None:
    command = [*SHARPCAST, "up", "--public", "https://live.example.org"]
    done = subprocess.run(
        command,
        env=environment() | {"HOME": str(tmp_path), "XDG_CONFIG_HOME": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("sharpcast: To serve https://live.example.org, this is missing:")
    assert "SHARPCAST_ADMIN_TOKEN" in done.stderr and "certbot" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_public_address_is_asked_for_at_a_terminal_and_served(tmp_path: Path) -> None:
    port = free_port()
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*SHARPCAST, "up", "--public", f"https://127.0.0.1:{port}"],
        env=environment() | {"HOME": str(tmp_path), "XDG_CONFIG_HOME": ""},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    try:
        os.write(master, b"y\n3\n")
        context = ssl._create_unverified_context()

        def answers() -> bool:
            assert process.poll() is None, os.read(master, 65536).decode(errors="replace")
            with contextlib.suppress(OSError):
                url = f"https://127.0.0.1:{port}/healthz"
                with urllib.request.urlopen(url, timeout=5, context=context) as answer:
                    return bool(answer.status == 200)
            return False

        until("the public address", answers, 90.0)
        said = os.read(master, 65536).decode(errors="replace")
        assert f"watch      https://127.0.0.1:{port}/" in said
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(master)
