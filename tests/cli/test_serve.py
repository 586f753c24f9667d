"""``sharpcast serve``: the app alone."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from benchmarks.server import free_port
from benchmarks.waiting import until
from tests.cli.command import SHARPCAST, Process, assert_one_sentence, environment, get, sharpcast
from wire.embedded import EmbeddedServer


def test_without_a_redis_it_says_what_to_set() -> None:
    result = sharpcast("serve")
    assert result.returncode == 2
    assert_one_sentence(result.stderr)
    assert "SHARPCAST_REDIS_URL" in result.stderr
    assert "sharpcast up" in result.stderr


def test_a_setting_that_is_wrong_is_named() -> None:
    result = sharpcast("serve", redis_url="unix:///nonexistent/redis.sock", http_port="many")
    assert result.returncode == 2
    assert "SHARPCAST_HTTP_PORT" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.e2e
def test_it_serves_without_a_worker_and_leaves_at_sigterm(
    tmp_path: Path, redis_server: EmbeddedServer
) -> None:
    port = free_port()
    settings = {"redis_url": redis_server.url, "http_port": str(port), "redis_prefix": "alone:"}
    app = Process(tmp_path, "serve", [*SHARPCAST, "serve"], environment(**settings))
    try:
        until("the banner", lambda: "Sharpcast is ready." in app.text)
        assert get(f"http://127.0.0.1:{port}/readyz")["workers"] == 0
        assert f"http://127.0.0.1:{port}/admin" in app.text
        assert app.descendants() == []
        assert app.end(signal.SIGTERM) == 0
        assert "Traceback" not in app.text
    finally:
        app.kill()


@pytest.mark.e2e
def test_with_a_gateway_it_keeps_composers(tmp_path: Path, redis_server: EmbeddedServer) -> None:
    port = free_port()
    settings = {
        "redis_url": redis_server.url,
        "http_port": str(port),
        "redis_prefix": "composed:",
        "gateway_host": "127.0.0.1",
        "gateway_port": "0",
    }
    app = Process(tmp_path, "serve", [*SHARPCAST, "serve"], environment(**settings))
    try:
        until("the banner", lambda: "Sharpcast is ready." in app.text)
        until("composers", lambda: get(f"http://127.0.0.1:{port}/readyz")["workers"] == 2, 60.0)
        workers = get(f"http://127.0.0.1:{port}/api/v1/workers")["workers"]
        assert all(each["composes"] and each["name"].startswith("composer-") for each in workers)
        children = app.descendants()
        assert children
        assert app.end(signal.SIGTERM) == 0
        assert not [child for child in children if child.is_running()]
        assert "Traceback" not in app.text
    finally:
        app.kill()
