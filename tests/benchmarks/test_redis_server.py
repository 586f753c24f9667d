"""A redis-server that is killed and started again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.redis_server import RedisServer
from benchmarks.server import free_port

pytestmark = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="redis-server is not installed"
)


def test_it_is_empty_after_it_was_killed(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, free_port())
    assert server.ask("PING") is None
    try:
        for _ in range(2):
            server.start()
            server.until_up()
            assert server.tell("GET", "a key") == "$-1\r\n"
            assert server.tell("SET", "a key", "ä") == "+OK\r\n"
            server.kill()
            assert server.ask("PING") is None
    finally:
        server.kill()
