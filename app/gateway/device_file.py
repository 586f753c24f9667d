"""Devices, tokens and the gateways' key in a file, where Redis forgets them when it ends.

The server that ``sharpcast up`` starts keeps nothing on disk. Devices that were added there would
have to be added again at every start.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import msgspec

from wire import keys
from wire.connection import REDIS_DOWN, Redis, command
from wire.errors import DamagedKey
from wire.private_file import read_private_json, write_private

log = logging.getLogger(__name__)

SAVE_S = 2.0
"""Interval at which the file is compared with Redis; a device that joined just before a crash joins
again with the shared token, or is added again."""

_MOVING = "seen_us"
"""A field that changes all the time; it alone is no reason to write the file."""


class _Saved(msgspec.Struct, frozen=True, kw_only=True):
    """One hash."""

    fields: dict[str, str]
    expires_us: int = 0
    "Unix us at which it ends; 0: never."


_DECODER: msgspec.json.Decoder[dict[str, _Saved]] = msgspec.json.Decoder(dict[str, _Saved])

Saved = dict[str, _Saved]


class DeviceFile:
    """The file of one installation."""

    def __init__(self, path: Path) -> None:
        self._path = path.expanduser()
        self._written: Saved = {}

    async def load(self, client: Redis) -> None:
        """Brings back what the file has, unless Redis knows a gateway already."""
        if await command(client, "EXISTS", client.key(keys.GATEWAY_IDENTITY)):
            return
        for name, saved in self._read().items():
            left_ms = (saved.expires_us - await _now_us(client)) // 1000
            if saved.expires_us and left_ms <= 0:
                continue
            pairs = [word for pair in saved.fields.items() for word in pair]
            await command(client, "HSET", client.key(name), *pairs)
            if saved.expires_us:
                await command(client, "PEXPIRE", client.key(name), left_ms)

    async def run(self, client: Redis) -> None:
        """Writes the file whenever something changed, until cancelled; then once more."""
        try:
            while True:
                await asyncio.sleep(SAVE_S)
                await self.save(client)
        finally:
            await self.save(client)

    async def save(self, client: Redis) -> None:
        """Writes the file if something changed. What cannot be read or written waits."""
        try:
            found = await _read_all(client)
        except (*REDIS_DOWN, DamagedKey) as error:
            log.debug("the devices are not kept now: %s", error, extra={"action": "redis_down"})
            return
        if found and _lasting(found) != _lasting(self._written):
            try:
                await asyncio.to_thread(write_private, self._path, msgspec.json.encode(found))
            except OSError as error:
                log.warning("%s: %s", self._path, error.strerror, extra={"action": "not_kept"})
            # Also after a failure: the same words every two seconds would help nobody.
            self._written = found

    def _read(self) -> Saved:
        found = read_private_json(self._path, _DECODER)
        return {
            name: saved
            for name, saved in (found or {}).items()
            if name.startswith(keys.DEVICES_PREFIX) and saved.fields
        }


async def _now_us(client: Redis) -> int:
    seconds, micros = await client.time(keys.DEVICES)
    return int(seconds) * 1_000_000 + int(micros)


async def _read_all(client: Redis) -> Saved:
    """Returns all keys about devices, by their names."""
    now_us, found = await _now_us(client), {}
    for key in await client.scan(f"{keys.DEVICES_PREFIX}*"):
        name = key.decode().removeprefix(client.prefix)
        answer = await command(client, "HGETALL", key)
        left_ms = await command(client, "PTTL", key)
        words = [word.decode(errors="replace") for word in answer]
        # In seconds: the same end must not look like another one at the next reading.
        ends_us = (now_us // 1000 + left_ms) // 1000 * 1_000_000 if left_ms > 0 else 0
        fields = dict(zip(words[::2], words[1::2], strict=True))
        if fields:
            found[name] = _Saved(fields=fields, expires_us=ends_us)
    return found


def _lasting(found: Saved) -> dict[str, dict[str, str]]:
    return {
        name: {field: value for field, value in saved.fields.items() if field != _MOVING}
        for name, saved in found.items()
    }
