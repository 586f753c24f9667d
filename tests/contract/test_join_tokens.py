"""Tokens for one device each, on every kind of server."""

from __future__ import annotations

import asyncio

from wire import keys
from wire.connection import Redis, command
from wire.join_tokens import TOKEN_LIFE_S, JoinTokens
from wire.remote.join import DEVICE, JoinSecret, make_proof, token_id


async def test_a_token_is_found_by_its_name_and_stands_nowhere(client: Redis) -> None:
    tokens = JoinTokens(client)
    made = await tokens.make("attic")
    assert made is not None
    assert made.id == token_id(made.token)
    found = await tokens.get(made.id)
    assert found is not None
    assert (found.id, found.name, found.expires_us) == (made.id, "attic", made.expires_us)
    proof = make_proof(made.token, bytes(32), DEVICE)
    assert JoinSecret.parse(found.secret).is_proved_by(proof, bytes(32))
    kept = await command(client, "HGETALL", client.key(keys.join_token(made.id)))
    assert all(made.token.encode() not in each for each in kept)
    assert await tokens.list() == [found]


async def test_each_token_is_another(client: Redis) -> None:
    tokens = JoinTokens(client)
    made = [await tokens.make() for _ in range(5)]
    assert len({each.token for each in made if each}) == 5
    listed = [each.id for each in await tokens.list()]
    assert listed == [each.id for each in made if each]


async def test_a_token_ends_by_itself_after_a_day(client: Redis) -> None:
    made = await JoinTokens(client).make()
    assert made is not None
    left_ms = await command(client, "PTTL", client.key(keys.join_token(made.id)))
    assert 0 < left_ms <= TOKEN_LIFE_S * 1000
    short = JoinTokens(client, life_s=0.05)
    brief = await short.make()
    assert brief is not None
    await asyncio.sleep(0.1)
    assert await short.get(brief.id) is None
    assert [each.id for each in await short.list()] == [made.id]


async def test_there_are_only_so_many_at_a_time(client: Redis) -> None:
    tokens = JoinTokens(client, max_tokens=2)
    brief = JoinTokens(client, life_s=0.05, max_tokens=2)
    assert await tokens.make() is not None
    assert await brief.make() is not None
    assert await tokens.make() is None
    await asyncio.sleep(0.1)
    # One that has ended counts no more.
    assert await tokens.make() is not None


async def test_a_withdrawn_token_is_gone(client: Redis) -> None:
    tokens = JoinTokens(client)
    made = await tokens.make()
    assert made is not None
    assert await tokens.remove(made.id)
    assert not await tokens.remove(made.id)
    assert await tokens.get(made.id) is None
    assert await tokens.list() == []


async def test_a_damaged_token_is_none(client: Redis) -> None:
    tokens = JoinTokens(client)
    made = await tokens.make()
    assert made is not None
    await command(client, "HSET", client.key(keys.join_token(made.id)), "secret", "x")
    assert await tokens.get(made.id) is None
