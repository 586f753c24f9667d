"""Key servers and hooks that are away or wrong, and what the doctor says of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.diagnostics.external_access import check_hook, check_jwt, judge
from cli.diagnostics.finding import Status
from tests.app.external_access.issuer import Answers, jwks
from tests.cli.diagnostics.seeds import assert_fault, settings

SECRET = "a-long-random-word"


@pytest.fixture
def server() -> Iterator[Answers]:
    """A real server on a thread of its own, since the checks wait."""
    made, loop, ready = Answers(), asyncio.new_event_loop(), threading.Event()

    def run() -> None:
        loop.run_until_complete(made.start())
        loop.call_soon(ready.set)
        loop.run_forever()
        loop.run_until_complete(made.stop())
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait(5)
    yield made
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)


def jwt(keys: str) -> str:
    return f"issuer=https://id.example audience=sharpcast keys={keys}"


def test_without_settings_there_is_nothing_to_say() -> None:
    assert [*check_jwt(settings()), *check_hook(settings())] == []


def test_a_key_server_that_answers_is_good(server: Answers) -> None:
    server.body = jwks()
    (found,) = check_jwt(settings(jwt=jwt(server.url)))
    assert (found.status, found.values) == (Status.GOOD, {"keys": 1})


def test_a_key_server_that_is_wrong_is_a_fault(server: Answers) -> None:
    server.body = b"<html>"
    (found,) = check_jwt(settings(jwt=jwt(server.url)))
    assert_fault(found, "not JSON", "SHARPCAST_JWT")
    server.status = b"500 Oops"
    (found,) = check_jwt(settings(jwt=jwt(server.url)))
    assert_fault(found, "answers 500")


def test_keys_that_are_not_there_are_a_fault(tmp_path: Path) -> None:
    for place in ("http://127.0.0.1:9/jwks", str(tmp_path / "gone.json")):
        (found,) = check_jwt(settings(jwt=jwt(place)))
        assert_fault(found, "cannot be read", "keys=")
    path = tmp_path / "jwks.json"
    path.write_bytes(jwks())
    (found,) = check_jwt(settings(jwt=jwt(str(path))))
    assert found.status is Status.GOOD


def test_a_hook_is_asked_with_a_signature(server: Answers) -> None:
    server.status = b"403 Forbidden"
    asked = settings(access_hook=server.url, webhook_secret=SECRET)
    (found,) = check_hook(asked)
    assert found.status is Status.GOOD
    ((headers, body),) = server.got
    assert headers["webhook-signature"].startswith("v1,")
    assert b"token" not in body
    server.status = b"200 OK"
    (found,) = check_hook(asked)
    assert (found.status, "everybody" in found.detail) == (Status.NOTE, True)


def test_a_hook_that_is_away_is_a_fault() -> None:
    (found,) = check_hook(
        settings(access_hook="http://127.0.0.1:9/?key=hidden", webhook_secret=SECRET)
    )
    assert_fault(found, "does not answer", "SHARPCAST_ACCESS_HOOK")
    assert "hidden" not in str(found)


def test_a_hook_that_answers_something_else_is_a_fault() -> None:
    assert_fault(judge(404, b""), "answers 404")
    assert_fault(judge(200, b"<html>"), "not usable")
    assert_fault(judge(200, b'{"ok": true}'), "ok: Extra inputs")
    assert judge(204, b"").status is Status.NOTE
