from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from wire import embedded
from wire.connection import command, connect, wait_until_up
from wire.embedded import EmbeddedServer, find_server
from wire.errors import NoRedisServer

_CHILD = """
import sys, time
from pathlib import Path
from wire.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(60)
"""


def is_running(pid: int) -> bool:
    """False also for a process that ended and was not waited for yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def folder_of(server: EmbeddedServer) -> Path:
    return Path(server.url.removeprefix("unix://")).parent


async def test_two_servers_run_side_by_side_and_know_nothing_of_each_other(binary: Path) -> None:
    with EmbeddedServer(binary) as one, EmbeddedServer(binary) as two:
        assert one.url != two.url
        clients = [connect(one.url), connect(two.url)]
        await command(clients[0], "SET", "a", "1")
        assert await command(clients[1], "GET", "a") is None
        for client in clients:
            await client.aclose()


def test_stop_leaves_no_process_and_no_folder(binary: Path) -> None:
    server = EmbeddedServer(binary)
    server.start()
    pid, folder = server.pid, folder_of(server)
    assert is_running(pid)
    assert folder.stat().st_mode & 0o077 == 0
    server.stop()
    assert not is_running(pid)
    assert not folder.exists()
    server.stop()
    with pytest.raises(NoRedisServer, match="is not running"):
        _ = server.url


def test_stop_ends_a_server_that_does_not_listen_any_more(binary: Path) -> None:
    server = EmbeddedServer(binary)
    server.start()
    os.kill(server.pid, signal.SIGKILL)
    folder = folder_of(server)
    server.stop()
    assert not folder.exists()


async def test_restart_keeps_the_address_and_loses_the_data(binary: Path) -> None:
    with EmbeddedServer(binary) as server:
        url, pid = server.url, server.pid
        client = connect(url)
        await command(client, "SET", "a", "1")
        server.restart()
        assert server.url == url
        assert server.pid != pid
        assert await wait_until_up(client, 5.0)
        assert await command(client, "GET", "a") is None
        await client.aclose()


async def test_the_server_writes_nothing_to_disk_and_serves_no_port(binary: Path) -> None:
    with EmbeddedServer(binary) as server:
        client = connect(server.url)
        for name, value in (("save", b""), ("appendonly", b"no"), ("port", b"0")):
            assert (await command(client, "CONFIG", "GET", name))[1] == value
        await client.aclose()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_a_killed_parent_leaves_no_server(binary: Path) -> None:
    # pytest's own folders may be deeper than the path of a socket can say.
    with tempfile.TemporaryDirectory() as folder:
        parent = subprocess.Popen(
            [sys.executable, "-c", _CHILD, binary],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "TMPDIR": folder},
        )
        assert parent.stdout is not None
        with parent, parent.stdout:
            pid = int(parent.stdout.readline())
            assert is_running(pid)
            parent.kill()
        deadline = time.monotonic() + 3.0
        while is_running(pid):
            assert time.monotonic() < deadline
            time.sleep(0.01)


async def test_waiting_for_a_server_that_is_not_there_ends_in_time() -> None:
    client = connect("unix:///nowhere/redis.sock")
    started = time.monotonic()
    assert not await wait_until_up(client, 0.3)
    assert time.monotonic() - started < 1.5
    await client.aclose()


def _no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


def _program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_without_the_wheel_a_server_on_the_path_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _no_wheel(monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    redis_server = _program(tmp_path / "redis-server", "exit 0")
    assert find_server() == redis_server
    valkey_server = _program(tmp_path / "valkey-server", "exit 0")
    assert find_server() == valkey_server


def test_a_wheel_for_another_machine_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(embedded, "_runs", lambda binary: False)
    monkeypatch.setenv("PATH", str(tmp_path))
    redis_server = _program(tmp_path / "redis-server", "exit 0")
    assert find_server() == redis_server


def test_without_any_server_the_error_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _no_wheel(monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoRedisServer) as caught:
        find_server()
    sentence = str(caught.value)
    assert sentence == (
        "No Redis server: install Debian's redis-server (or valkey), or set SHARPCAST_REDIS_URL."
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [("echo 'no such option'; exit 1", "did not start: no such option"), ("exit 1", "no word")],
)
def test_a_server_that_ends_at_once_is_reported_with_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    program = _program(tmp_path / "server", text)
    folders = tmp_path / "folders"
    folders.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folders))
    with pytest.raises(NoRedisServer, match=words):
        EmbeddedServer(program).start()
    assert list(folders.iterdir()) == []


def test_a_program_that_is_not_there_is_reported_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = tmp_path / "folders"
    folders.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folders))
    with pytest.raises(NoRedisServer, match="cannot be started: No such file or directory"):
        EmbeddedServer(tmp_path / "nothing").start()
    assert list(folders.iterdir()) == []
