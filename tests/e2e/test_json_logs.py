"""Every line of every process is one JSON object, and none has a secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.server import publishing, running
from tests.e2e.conftest import SETTINGS, SMALL

pytestmark = pytest.mark.e2e

TOKENS: dict[str, Any] = {
    "publish_token": "a-long-publish-word",
    "admin_token": "a-long-admin-word",
}


def parsed(text: str) -> list[dict[str, Any]]:
    """The lines of a log; the failure shows all of them."""
    try:
        return [json.loads(line) for line in text.splitlines()]
    except ValueError:
        raise AssertionError(text) from None


def test_app_and_worker_write_json_alone() -> None:
    with running(**SETTINGS, log_format="json") as server:
        with publishing(f"{server.url}/whip/json", *SMALL):
            server.until_enhancing("json", 60)
            text = server.log.read_text()
        server.stop()
        text = server.log.read_text()
    found = parsed(text)
    assert all({"time", "level", "logger", "message", "process"} <= each.keys() for each in found)
    # The app and its worker are processes of their own.
    assert len({each["process"] for each in found}) >= 2
    assert "ready" in {each.get("action") for each in found}
    streams = [each for each in found if each.get("stream") == "json"]
    assert {each["logger"].partition(".")[0] for each in streams} >= {"app", "workers"}
    assert all("[stream" not in each["message"] for each in streams)


def test_tokens_are_in_no_line() -> None:
    with running(**SETTINGS, **TOKENS, log_format="json") as server:
        assert server.request("POST", "/whip/json?token=a-long-publish-word") in (400, 401, 415)
        server.stop()
        text = server.log.read_text()
    assert parsed(text)
    assert not any(word in text for word in TOKENS.values())
