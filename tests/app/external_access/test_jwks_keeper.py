"""The issuer's keys from a real server that is slow, away, wrong, or changes them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.errors import IssuerAway
from app.external_access import jwks_keeper
from app.external_access.jwks_keeper import JwksKeeper
from app.external_access.key_cache import CacheTimes, KeyCache
from tests.app.external_access.issuer import Answers, answers, jwk, jwks, running
from tests.app.peers import until

SOON = CacheTimes(refresh_s=30.0, pause_s=0.05, max_pause_s=0.05)
"""Times for tests that wait for another fetch."""


@pytest.fixture
async def server() -> AsyncIterator[Answers]:
    async with answers(body=jwks(jwk())) as made:
        yield made


def keeper(source: str, times: CacheTimes | None = None) -> JwksKeeper:
    return JwksKeeper(source, KeyCache(times))


async def test_keys_are_fetched_once_and_used_without_waiting(server: Answers) -> None:
    made = keeper(server.url)
    async with running(made.run()):
        for _ in range(3):
            assert [key.id for key in (await made.keys_named("one")).keys] == ["one"]
        # The issuer has no such key, and was asked just now.
        assert (await made.keys_named("other")).keys == ()
    assert len(server.got) == 1
    assert made.fetches == {"ok": 1}


async def test_a_known_key_never_waits_for_a_slow_server(server: Answers) -> None:
    made = keeper(server.url, SOON)
    async with running(made.run()):
        await made.keys_named("one")
        server.delay_s = 60
        await asyncio.sleep(0.1)
        waiting = asyncio.create_task(made.keys_named("other"))
        await until(lambda: len(server.got) == 2)
        began = time.monotonic()
        assert (await made.keys_named("one")).keys
        assert time.monotonic() - began < 0.5
        assert not waiting.done()
        waiting.cancel()


async def test_a_new_key_waits_a_moment_and_is_told_to_come_again(
    server: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks_keeper, "PATIENCE_S", 0.2)
    monkeypatch.setattr(jwks_keeper, "FETCH_S", 0.5)
    server.delay_s = 60
    made = keeper(server.url)
    async with running(made.run()):
        began = time.monotonic()
        with pytest.raises(IssuerAway) as error:
            await made.keys_named("one")
        assert 0.15 < time.monotonic() - began < 2
        assert error.value.retry_after_s
        await until(lambda: bool(made.fetches))
        # The fetch has failed, and the next is not due yet: nobody waits for it.
        began = time.monotonic()
        with pytest.raises(IssuerAway):
            await made.keys_named("one")
        assert time.monotonic() - began < 0.15
    assert made.fetches == {"unreachable": 1}


async def test_a_rotated_key_is_found_with_one_fetch_for_all(server: Answers) -> None:
    made = keeper(server.url, SOON)
    async with running(made.run()):
        await made.keys_named("one")
        server.body = jwks(jwk(key_id="two", number=1))
        server.delay_s = 0.1
        await asyncio.sleep(0.06)
        found = await asyncio.gather(*(made.keys_named("two") for _ in range(20)))
        assert {key.id for each in found for key in each.keys} == {"two"}
        assert len(server.got) == 2
        # What was withdrawn is unknown from now on.
        assert (await made.keys_named("one")).keys == ()


async def test_while_the_server_is_away_known_keys_stay(server: Answers) -> None:
    made = keeper(server.url, CacheTimes(refresh_s=0.05, pause_s=0.05, max_pause_s=0.05))
    async with running(made.run()):
        await made.keys_named("one")
        await server.stop()
        await until(lambda: made.fetches["unreachable"] > 2)
        assert (await made.keys_named("one")).keys
        with pytest.raises(IssuerAway):
            await made.keys_named("two")
        server.body = jwks(jwk(key_id="two"))
        await server.start()
        await until(lambda: bool(made.cache.named("two", now=time.monotonic()).keys))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"body": b"<html>Sign in</html>"}, "not JSON"),
        ({"body": b"[]"}, "no JWKS"),
        ({"body": b" " * 300_000}, "larger than 256 KiB"),
        ({"body": jwks(*[{}] * 10_000)}, "10000 keys"),
        ({"status": b"404 Not Found"}, "answers 404"),
        ({"status": b"302 Found", "headers": b"Location: http://127.0.0.1:1/\r\n"}, "answers 302"),
    ],
)
async def test_a_wrong_answer_changes_nothing_and_is_told_in_the_log(
    server: Answers, settings: dict[str, Any], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = keeper(server.url, CacheTimes(refresh_s=0.05, pause_s=0.05, max_pause_s=0.05))
    async with running(made.run()):
        await made.keys_named("one")
        for name, value in settings.items():
            setattr(server, name, value)
        with caplog.at_level(logging.WARNING):
            await until(lambda: made.fetches["unusable"] > 0)
        assert (await made.keys_named("one")).keys
    assert words in caplog.text
    assert "hidden" not in caplog.text


async def test_only_so_many_wait(server: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks_keeper, "MAX_WAITING", 2)
    monkeypatch.setattr(jwks_keeper, "PATIENCE_S", 0.3)
    server.delay_s = 60
    made = keeper(server.url)
    async with running(made.run()):
        asked = [asyncio.create_task(made.keys_named("one")) for _ in range(5)]
        await until(lambda: sum(task.done() for task in asked) == 3)
        await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(task.exception(), IssuerAway) for task in asked)


async def test_keys_may_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    made = keeper(str(path), SOON)
    async with running(made.run()):
        with pytest.raises(IssuerAway):
            await made.keys_named("one")
        path.write_bytes(jwks())
        await asyncio.sleep(0.1)
        assert (await made.keys_named("one")).keys
        path.write_bytes(b" " * 300_000)
        await asyncio.sleep(0.1)
        with pytest.raises(IssuerAway):
            await made.keys_named("two")
        assert (await made.keys_named("one")).keys
    assert set(made.fetches) == {"unreachable", "ok", "unusable"}
