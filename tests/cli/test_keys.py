"""``sharpcast keys`` against a running server."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

import pytest

from app.access.key_store import KeyRequest, KeyStore
from app.main import serve
from tests.app.peers import until
from tests.cli.command import assert_one_sentence, sharpcast
from wire.connection import Redis, connect
from wire.embedded import EmbeddedServer
from wire.settings import load_settings

TOKENS = {"SHARPCAST_PUBLISH_TOKEN": "publish-secret", "SHARPCAST_ADMIN_TOKEN": "admin-secret"}


@pytest.fixture
async def server(redis_client: Redis, redis_server: EmbeddedServer) -> AsyncIterator[str]:
    """The address of a running app."""
    settings = load_settings({**TOKENS, "SHARPCAST_HTTP_PORT": "0", "SHARPCAST_UDP_PORT": "0"})
    ready: list[str] = []
    stop = asyncio.Event()
    task = asyncio.create_task(
        serve(settings, redis_url=redis_server.url, stop=stop, on_ready=ready.append)
    )
    await until(lambda: ready or task.done())
    yield ready[0]
    stop.set()
    await task


async def run(server: str, *words: str, token: str = "admin-secret") -> tuple[int, str, str]:
    """Exit status, output and complaints of one command."""
    done = await asyncio.to_thread(sharpcast, "keys", *words, "--server", server, ADMIN_TOKEN=token)
    return done.returncode, done.stdout, done.stderr


async def test_keys_are_made_listed_rotated_and_revoked(server: str) -> None:
    words = ("studio-*", "--note", "Ann", "--days", "3", "--limit", "kbps=900")
    status, secret, told = await run(server, "add", *words)
    assert status == 0, told
    assert re.fullmatch(r"sk_[0-9a-f]{10}_\S+\n", secret)
    key = secret.split("_")[1]
    status, shown, _ = await run(server, "list")
    assert key in shown
    assert "studio-*" in shown
    assert "Ann" in shown
    assert "kbps 900" in shown
    assert secret.strip() not in shown
    status, other, _ = await run(server, "rotate", key, "--grace-minutes", "5")
    assert status == 0
    assert other.startswith(f"sk_{key}_")
    assert other != secret
    assert (await run(server, "revoke", key))[0] == 0
    assert "no stream keys" in (await run(server, "list"))[1]


async def test_what_fails_is_one_sentence(server: str) -> None:
    status, _, told = await run(server, "revoke", "none")
    assert (status, told.count("\n")) == (1, 1)
    assert "no such stream key" in told
    status, _, told = await run(server, "list", token="wrong-token")
    assert status == 1
    assert "SHARPCAST_ADMIN_TOKEN" in told


@pytest.mark.parametrize("word", ["kbps", "kbps=", "kbps=-1", "cores=1", "kbps=\u0663"])
def test_a_limit_is_a_name_and_a_number(word: str) -> None:
    done = sharpcast("keys", "add", "cam1", "--limit", word)
    assert done.returncode == 2
    assert "no limit" in done.stderr


@pytest.mark.parametrize("word", ["streams=0", "kbps=000"])
def test_a_limit_of_nothing_is_refused(word: str) -> None:
    done = sharpcast("keys", "add", "cam1", "--limit", word)
    assert done.returncode == 2
    assert "leave it out for no limit" in done.stderr


@pytest.mark.parametrize("command", ["rotate", "revoke"])
@pytest.mark.parametrize("key", ["../streams/victim", "..", "a?end=true&", "a%2fb", ""])
def test_an_id_leads_to_no_other_address(command: str, key: str) -> None:
    done = sharpcast("keys", command, key, "--server", "http://127.0.0.1:9")
    assert done.returncode == 2
    assert "is no id of a key" in done.stderr
    assert_one_sentence(done.stderr)


async def test_a_note_does_not_control_the_terminal(
    server: str, redis_server: EmbeddedServer
) -> None:
    status, _, told = await run(server, "add", "cam1", "--note", "Ann\u2028\u009b31m")
    assert (status, told.count("\n")) == (1, 1)
    assert "note: It has to be one line without control characters." in told
    # Servers of before took any text, and kept it.
    client = connect(redis_server.url, prefix=load_settings({}).redis_prefix)
    async with contextlib.aclosing(client):
        store = KeyStore(client)
        await store.load()
        await store.add(KeyRequest("cam1", note="Ann\u2028\u009b31m"))
    for _ in range(20):
        shown = (await run(server, "list"))[1]
        if "no stream keys" not in shown:
            break
    assert "Ann\\u2028\\x9b31m" in shown
    assert shown.count("\n") == 1
