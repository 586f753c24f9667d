"""Redis that is away, refuses us, evicts keys or has too little memory: real servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.diagnostics import redis_server
from cli.diagnostics.finding import Status
from cli.diagnostics.redis_server import RedisFacts
from tests.cli.diagnostics.seeds import assert_fault, settings
from tests.redis_servers import Server, free_ports, running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    (port,) = free_ports(1)
    started = Server(tmp_path, port)
    with running(started):
        yield started, f"redis://127.0.0.1:{port}"


def test_the_embedded_server_is_looked_for_where_none_is_named() -> None:
    (found,) = redis_server.check(settings())
    assert found.status is Status.GOOD and found.detail.startswith("embedded, ")
    assert Path(found.values["binary"]).exists()


def test_a_server_that_refuses_writes_when_it_is_full_is_good(server: tuple[Server, str]) -> None:
    each, url = server
    each.ask("CONFIG", "SET", "maxmemory", "300mb")
    each.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
    (found,) = redis_server.check(settings(redis_url=url))
    assert found.status is Status.GOOD, found
    assert "300 MiB, noeviction" in found.detail


def test_a_server_that_removes_keys_is_a_fault(server: tuple[Server, str]) -> None:
    each, url = server
    each.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    (found,) = redis_server.check(settings(redis_url=url))
    assert_fault(found, "allkeys-lru", "maxmemory-policy noeviction")


def test_a_server_with_little_memory_is_a_fault(server: tuple[Server, str]) -> None:
    each, url = server
    each.ask("CONFIG", "SET", "maxmemory", "64mb")
    (found,) = redis_server.check(settings(redis_url=url))
    assert_fault(found, "only 64 MiB", "Raise `maxmemory`")


def test_a_wrong_password_is_a_fault_that_does_not_show_it(server: tuple[Server, str]) -> None:
    each, url = server
    each.ask("CONFIG", "SET", "requirepass", "right-word")
    wrong = url.replace("redis://", "redis://:wrong-word@")
    (found,) = redis_server.check(settings(redis_url=wrong))
    assert_fault(found, "refuses us", "SHARPCAST_REDIS_URL")
    assert "wrong-word" not in str(found.as_dict())


def test_a_server_that_is_away_is_a_fault() -> None:
    (port,) = free_ports(1)
    (found,) = redis_server.check(settings(redis_url=f"redis://127.0.0.1:{port}"))
    assert_fault(found, "no server answers", "SHARPCAST_REDIS_URL")


def test_a_user_who_may_not_ask_is_a_note() -> None:
    (found,) = redis_server.judge("redis://h", RedisFacts(0.0))
    assert found.status is Status.NOTE
