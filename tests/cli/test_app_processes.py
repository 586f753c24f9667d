"""Several app processes behind one port, as ``up`` and ``serve`` run them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks.server import free_port
from benchmarks.waiting import until
from cli.app_processes import AppProcesses
from tests.cli.command import SHARPCAST, Process, Up, environment, get, is_listening, is_running
from wire.embedded import EmbeddedServer
from wire.errors import BadSettings, NoRedisServer
from wire.settings import PREFIX, load_settings


async def test_a_setting_that_is_wrong_ends_all_with_one_reason(
    redis_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = load_settings({f"{PREFIX}HTTP_PORT": "0", f"{PREFIX}APP_PROCESSES": "3"})
    monkeypatch.setenv(f"{PREFIX}TLS_CERT", "/nonexistent.pem")
    stop, ready = asyncio.Event(), list[str]()
    words = r"^An app process ended before it served \(exit status 2\)\.$"
    async with asyncio.timeout(30):
        with pytest.raises(BadSettings, match=words):
            await AppProcesses(settings, redis_server.url).run(stop, on_ready=ready.append)
    assert stop.is_set()
    assert ready == []
    assert capfd.readouterr().err.count("\n") == 1, "the reason, once"


async def test_without_redis_none_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.gateway.process.REDIS_START_S", 0.1)
    settings = load_settings({f"{PREFIX}HTTP_PORT": "0", f"{PREFIX}APP_PROCESSES": "2"})
    processes = AppProcesses(settings, "unix:///nonexistent/redis.sock")
    with pytest.raises(NoRedisServer):
        await processes.run(asyncio.Event(), on_ready=lambda _: None)
    assert not [each for each in psutil.Process().children() if "cli.main" in each.cmdline()]


def apps(process: Process) -> list[psutil.Process]:
    """The app processes, by number."""
    found = []
    for child in process.descendants():
        with_words = child.cmdline()
        if "app-process" in with_words:
            found.append((with_words[with_words.index("app-process") + 1], child))
    return [child for _, child in sorted(found, key=lambda each: each[0])]


@pytest.fixture
def serving(
    tmp_path: Path, redis_server: EmbeddedServer
) -> Iterator[Callable[..., tuple[Process, str]]]:
    """Starts ``sharpcast serve`` with two processes; gives it and its address."""
    made: list[Process] = []

    def start(**settings: str) -> tuple[Process, str]:
        port = free_port()
        given = {
            "redis_url": redis_server.url,
            "http_port": str(port),
            "redis_prefix": f"p{len(made)}:",
            "app_processes": "2",
            **settings,
        }
        made.append(Process(tmp_path, "serve", [*SHARPCAST, "serve"], environment(**given)))
        until("the banner", lambda: "Sharpcast is ready." in made[-1].text)
        return made[-1], f"http://127.0.0.1:{port}"

    yield start
    for each in made:
        each.kill()


def nodes(url: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = get(f"{url}/api/v1/nodes")["nodes"]
    return listed


@pytest.mark.e2e
def test_connections_are_spread_and_all_answer_as_one_server(
    serving: Callable[..., tuple[Process, str]],
) -> None:
    process, url = serving(node_name="paris")
    assert len(apps(process)) == 2
    until("both nodes", lambda: len(nodes(url)) == 2)
    # Each question has a connection of its own.
    asked = [nodes(url) for _ in range(60)]
    assert {each["name"] for each in asked[0]} == {"paris-1", "paris-2"}
    answered = Counter(each["name"] for listed in asked for each in listed if each["answers"])
    assert min(answered["paris-1"], answered["paris-2"]) >= 10, "30 on average"
    assert len({get(f"{url}/api/v1/server")["instance"] for _ in range(20)}) == 1
    assert process.end(signal.SIGTERM) == 0
    assert (
        not any(is_running(each.pid) for each in apps(process)) if process.popen is None else True
    )
    assert "Traceback" not in process.text


@pytest.mark.e2e
def test_one_that_dies_is_begun_anew_and_no_connection_is_refused(
    serving: Callable[..., tuple[Process, str]],
) -> None:
    process, url = serving()
    one, other = apps(process)
    os.kill(one.pid, signal.SIGKILL)
    # Some of these are given to the dead one's socket, and wait there for the next one.
    assert all(get(f"{url}/healthz")["status"] == "ok" for _ in range(12))
    until("another one", lambda: len(apps(process)) == 2)
    assert one.pid not in {each.pid for each in apps(process)}
    assert other.pid in {each.pid for each in apps(process)}
    assert "app process 0 ended (SIGKILL); a new one starts at once" in process.text


@pytest.mark.e2e
def test_a_second_server_is_refused(
    serving: Callable[..., tuple[Process, str]], tmp_path: Path, redis_server: EmbeddedServer
) -> None:
    _, url = serving()
    port = url.rpartition(":")[2]
    for count in ("1", "2"):
        given = {"redis_url": redis_server.url, "http_port": port, "app_processes": count}
        second = Process(tmp_path, "second", [*SHARPCAST, "serve"], environment(**given))
        assert second.popen.wait(20) == 2
        assert "cannot be listened on" in second.text


@pytest.mark.e2e
def test_up_runs_them_too_and_leaves_nothing(start_up: Callable[..., Up]) -> None:
    up = start_up(app_processes="2")
    until("the banner", lambda: "Sharpcast is ready." in up.text)
    up.until_ready()
    left = [each.pid for each in up.descendants()]
    assert len(apps(up)) == 2
    assert up.end(signal.SIGINT) == 0
    assert not any(is_running(pid) for pid in left)
    assert not is_listening(up.port)
    assert "Traceback" not in up.text


@pytest.mark.e2e
def test_kill_9_of_the_parent_leaves_nothing(serving: Callable[..., tuple[Process, str]]) -> None:
    process, url = serving()
    left = [each.pid for each in process.descendants()]
    process.kill()
    until("the end of its children", lambda: not any(is_running(pid) for pid in left), 5.0)
    assert not is_listening(int(url.rpartition(":")[2]))
