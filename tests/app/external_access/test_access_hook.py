"""The hook, asked over real HTTP: signed, coalesced, bounded, slow, wrong and away."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.access.grants import Act, GrantKind
from app.errors import IssuerAway, NotAuthorized
from app.external_access import access_hook
from app.external_access.access_hook import AccessHook
from app.external_access.hook_cache import AccessQuestion
from app.webhooks.signature import signed_headers
from tests.app.external_access.issuer import Answers, answers, running
from tests.app.peers import until

SECRET = "a long random word"
PUBLISH = AccessQuestion(Act.PUBLISH, "cam1", "tok-hidden", "192.0.2.1")


@pytest.fixture
async def server() -> AsyncIterator[Answers]:
    async with answers() as made:
        yield made


@pytest.fixture
async def hook(server: Answers) -> AsyncIterator[AccessHook]:
    made = AccessHook(server.url, SECRET)
    async with running(made.run()):
        await asyncio.sleep(0)
        yield made


def other(**changes: Any) -> AccessQuestion:
    return dataclasses.replace(PUBLISH, **changes)


async def test_the_hook_is_asked_with_a_signature_and_its_answer_kept(
    hook: AccessHook, server: Answers
) -> None:
    server.body = b'{"subject": "ann", "limits": {"kbps": 900}}'
    for _ in range(3):
        grant = await hook.grant_of(PUBLISH)
        assert grant is not None
        assert (grant.kind, grant.who, grant.limits.kbps) == (GrantKind.HOOK, "ann", 900)
        assert grant.allows(Act.PUBLISH, "cam1")
    ((headers, body),) = server.got
    assert json.loads(body) == {
        "act": "publish",
        "stream": "cam1",
        "address": "192.0.2.1",
        "token": "tok-hidden",
    }
    expected = signed_headers(
        SECRET.encode(),
        event_id=headers["webhook-id"],
        at_s=int(headers["webhook-timestamp"]),
        body=body,
    )
    assert headers["webhook-signature"] == expected["webhook-signature"]
    assert headers["content-type"] == "application/json"
    assert hook.asked == {"granted": 1}


async def test_whoever_shows_no_token_is_asked_for_too(hook: AccessHook, server: Answers) -> None:
    await hook.grant_of(other(token=""))
    assert "token" not in json.loads(server.got[0][1])
    await hook.grant_of(other(token="", address="192.0.2.9"))
    assert len(server.got) == 2


@pytest.mark.parametrize("status", [b"403 Forbidden", b"401 Unauthorized"])
async def test_a_refusal_is_kept_for_a_while(
    hook: AccessHook, server: Answers, status: bytes
) -> None:
    server.status = status
    for _ in range(3):
        assert await hook.grant_of(PUBLISH) is None
    assert len(server.got) == 1
    assert hook.asked == {"refused": 1}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"status": b"500 Oops"}, "answers 500"),
        ({"status": b"404 Not Found"}, "answers 404"),
        ({"status": b"302 Found", "headers": b"Location: http://127.0.0.1:1/\r\n"}, "answers 302"),
        ({"body": b"<html>"}, "not usable"),
        ({"body": b'{"allowed": true}'}, "allowed: Extra inputs"),
        ({"body": b'{"acts": ["admin"]}'}, "acts.0"),
        ({"body": b" " * 20_000}, "larger than 16 KiB"),
    ],
)
async def test_a_wrong_answer_lets_nobody_in(
    hook: AccessHook,
    server: Answers,
    settings: dict[str, Any],
    words: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name, value in settings.items():
        setattr(server, name, value)
    with caplog.at_level(logging.DEBUG), pytest.raises(IssuerAway):
        await hook.grant_of(PUBLISH)
    assert hook.asked == {"failed": 1}
    assert words in caplog.text
    # Neither the token nor the secret in the address.
    ours = "".join(each.getMessage() for each in caplog.records if each.name.startswith("app"))
    assert "hidden" not in ours


async def test_a_slow_hook_is_waited_for_two_seconds(hook: AccessHook, server: Answers) -> None:
    server.delay_s = 60
    began = time.monotonic()
    with pytest.raises(IssuerAway) as error:
        await hook.grant_of(PUBLISH)
    assert 1.5 < time.monotonic() - began < 4
    assert error.value.retry_after_s
    assert hook.asked == {"failed": 1}


async def test_while_the_hook_is_away_those_who_were_let_in_go_on(
    hook: AccessHook, server: Answers
) -> None:
    server.body = b'{"life_s": 1}'
    await hook.grant_of(PUBLISH)
    await server.stop()
    assert await hook.grant_of(PUBLISH)
    await asyncio.sleep(1.1)
    # Its time is over, and nobody says that it must not go on.
    assert await hook.grant_of(PUBLISH)
    assert hook.asked == {"granted": 1, "failed": 1}
    assert await hook.grant_of(PUBLISH)
    assert hook.asked["failed"] == 1
    with pytest.raises(IssuerAway):
        await hook.grant_of(other(stream="cam2"))
    await server.start()
    assert await hook.grant_of(other(stream="cam2"))


async def test_equal_questions_at_a_time_are_one(hook: AccessHook, server: Answers) -> None:
    server.delay_s = 0.1
    asked = [asyncio.create_task(hook.grant_of(PUBLISH)) for _ in range(20)]
    await until(lambda: len(server.got) == 1)
    asked[0].cancel()
    found = await asyncio.gather(*asked[1:])
    assert all(grant and grant.kind is GrantKind.HOOK for grant in found)
    assert len(server.got) == 1


async def test_only_so_many_questions_are_under_way(
    hook: AccessHook, server: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_hook, "MAX_ASKED", 3)
    server.delay_s = 0.2
    asked = [hook.grant_of(other(token=f"t{n}")) for n in range(10)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(each, IssuerAway) for each in found) == 7
    assert hook.asked == {"granted": 3, "busy": 7}
    assert server.max_open <= 3


async def test_a_huge_token_is_not_sent_on(hook: AccessHook, server: Answers) -> None:
    with pytest.raises(NotAuthorized, match="8192"):
        await hook.grant_of(other(token="x" * 8193))
    assert server.got == []


async def test_what_it_granted_in_general_is_known_for_lists(
    hook: AccessHook, server: Answers
) -> None:
    await hook.grant_of(PUBLISH)
    assert hook.granted("tok-hidden", "192.0.2.1") is None
    server.body = b'{"acts": ["view"], "streams": ["*"]}'
    await hook.grant_of(other(act=Act.VIEW))
    grant = hook.granted("tok-hidden", "192.0.2.1")
    assert grant is not None
    assert grant.allows(Act.VIEW, "cam9")


async def test_when_the_server_stops_nobody_waits_for_the_hook(server: Answers) -> None:
    server.delay_s = 60
    made = AccessHook(server.url, SECRET)
    with pytest.raises(IssuerAway):
        await made.grant_of(PUBLISH)
    async with running(made.run()):
        await asyncio.sleep(0)
        waiting = asyncio.create_task(made.grant_of(PUBLISH))
        await until(lambda: len(server.got) == 1)
    with pytest.raises(IssuerAway):
        await asyncio.wait_for(waiting, 1)
