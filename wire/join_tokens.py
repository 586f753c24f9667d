"""Tokens for one device each, made by an operator; used up by the first join, gone when unused.

What is kept of a token is not enough to join (``JoinSecret``): it is shown once, when it is made.
"""

from __future__ import annotations

import dataclasses
import secrets
from typing import Annotated

import msgspec

from wire import keys
from wire.connection import Redis, command
from wire.errors import BadMessage
from wire.hash_record import Text, flat, texts
from wire.remote.join import EncodedSecret, JoinSecret, token_id
from wire.script import Script

TOKEN_BYTES = 24
"""Random bytes of a token: 192 bits, which nobody can guess."""

TOKEN_LIFE_S = 24 * 3600
"""Seconds after which a token that nobody used is gone: time to set up a device, not to forget."""

MAX_TOKENS = 100
"""Tokens that wait to be used."""


class JoinToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token that waits for its device, without the token itself."""

    id: Text
    name: Text = ""
    "Name that the device gets; empty: the one that it asks for."
    secret: EncodedSecret
    expires_us: Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
    "Unix us of Redis."


@dataclasses.dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made: the only place where it stands."""

    token: str
    id: str
    expires_us: int


# KEYS: the tokens, the new one. ARGV: its id, life in ms, maximum, then names and values.
_MAKE = Script(
    """
redis.call('HDEL', KEYS[1], '')
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local count, pairs = 0, redis.call('HGETALL', KEYS[1])
for i = 1, #pairs, 2 do
    if tonumber(pairs[i + 1]) <= now then redis.call('HDEL', KEYS[1], pairs[i])
    else count = count + 1 end
end
if count >= tonumber(ARGV[3]) then return 0 end
local expires = string.format('%.0f', now + ARGV[2] * 1000)
redis.call('HSET', KEYS[1], ARGV[1], expires)
redis.call('HSET', KEYS[2], 'id', ARGV[1], 'expires_us', expires)
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return now + ARGV[2] * 1000
"""
)

_REMOVE = Script(
    """
redis.call('HDEL', KEYS[1], ARGV[1])
return redis.call('DEL', KEYS[2])
"""
)


class JoinTokens:
    """Makes, finds and removes the tokens for one device each."""

    def __init__(
        self, client: Redis, *, life_s: float = TOKEN_LIFE_S, max_tokens: int = MAX_TOKENS
    ) -> None:
        self._client = client
        self._life_ms = round(life_s * 1000)
        self._max_tokens = max_tokens

    async def make(self, name: str = "") -> NewToken | None:
        """Makes a token, for a device that will have this name; None if too many wait."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        found = token_id(token)
        values = {"name": name, "secret": JoinSecret.of(token).encode()}
        args = [found, self._life_ms, self._max_tokens, *flat(values)]
        names = [keys.JOIN_TOKENS, keys.join_token(found)]
        expires_us = int(await _MAKE.run(self._client, names, args))
        return NewToken(token, found, expires_us) if expires_us else None

    async def get(self, found: str) -> JoinToken | None:
        """Returns the token of this id; None if it was used, removed, or is too old."""
        key = self._client.key(keys.join_token(found))
        return _parse(await command(self._client, "HGETALL", key))

    async def list(self) -> list[JoinToken]:
        """Returns the tokens that wait, the one that ends first before the others."""
        answer = await command(self._client, "HGETALL", self._client.key(keys.JOIN_TOKENS))
        found = [await self.get(each.decode(errors="replace")) for each in answer[::2]]
        return sorted((each for each in found if each), key=lambda each: each.expires_us)

    async def remove(self, found: str) -> bool:
        """Removes a token; False if there is none of this id."""
        names = [keys.JOIN_TOKENS, keys.join_token(found)]
        return bool(await _REMOVE.run(self._client, names, [found]))


def _parse(answer: list[bytes]) -> JoinToken | None:
    try:
        fields = texts(answer, "token")
        return msgspec.convert(fields, JoinToken, strict=False) if fields else None
    except (BadMessage, msgspec.ValidationError):
        # What cannot be read is no token; it ends by itself.
        return None
