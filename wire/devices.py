"""Devices at other sites: who may join, under which name, with which key.

A device is known by the fingerprint of its key, which is pinned at its first join. All of its keys
in Redis have one hash tag, so that each change is one step, whichever gateway carries it out.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import enum
from typing import Annotated

import msgspec

from wire import keys
from wire.connection import Redis, command
from wire.errors import BadMessage
from wire.hash_record import Text, flat, texts
from wire.link.secure import Identity
from wire.remote.join import EncodedSecret, JoinSecret
from wire.script import Script

MAX_DEVICES = 1000
"""Devices of one Redis, connected or not; lists of them are read whole."""

MAX_REMOVED = 10_000
"""Keys of removed devices that are remembered, one MB of them; then the oldest is forgotten, which
needs a token to join again."""

Time = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


class DeviceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A device that has joined once."""

    name: Text
    fingerprint: Text
    "SHA-256 of its certificate, in hexadecimal."
    token: Text
    "Name of the token with which it joined first."
    secret: EncodedSecret
    "Keys made of its token, see ``JoinSecret``: with them the gateway proves itself again."
    joined_us: Time
    "First join, Unix us of Redis."
    seen_us: Time
    "Last sign of life."
    address: Text = ""
    "Address from which it joined last, as the gateway saw it."
    session: Text = ""
    "Random name of its newest session; older ones end."


@dataclasses.dataclass(frozen=True, slots=True)
class FirstJoin:
    """A device that proved its token, as its record is made of it."""

    name: str
    fingerprint: str
    token: str
    "Name of the token."
    secret: JoinSecret
    is_for_one: bool
    "The token is for one device, and used up by the join."
    session: str
    address: str


class PinResult(enum.Enum):
    """Outcome of a first join."""

    PINNED = "pinned"
    REMOVED = "removed"
    """The key is that of a device that an operator removed."""
    TAKEN = "taken"
    """The name belongs to another key."""
    USED = "used"
    """The token was used or has expired."""
    FULL = "full"


class DeviceStanding(enum.Enum):
    """Worth of a device's session now."""

    CURRENT = "current"
    REPLACED = "replaced"
    """The device has joined again."""
    REMOVED = "removed"


# The first write of each script is one that a server whose memory is full allows; it then allows
# the others too.
# KEYS: devices by key, removed devices, the device, the token, the tokens. ARGV: fingerprint, name,
# session, id of a token to use up or an empty text, maximum, then names and values of the record.
_PIN = Script(
    """
if redis.call('HGET', KEYS[2], ARGV[1]) then return 'removed' end
if redis.call('HGET', KEYS[1], ARGV[1]) or redis.call('EXISTS', KEYS[3]) == 1 then
    return 'taken'
end
if #redis.call('HGETALL', KEYS[1]) / 2 >= tonumber(ARGV[5]) then return 'full' end
if ARGV[4] ~= '' then
    if redis.call('DEL', KEYS[4]) == 0 then return 'used' end
    redis.call('HDEL', KEYS[5], ARGV[4])
end
redis.call('HDEL', KEYS[1], '')
local t = redis.call('TIME')
local now = string.format('%.0f', t[1] * 1000000 + t[2])
redis.call('HSET', KEYS[3], 'joined_us', now, 'seen_us', now, 'session', ARGV[3])
for i = 6, #ARGV, 2 do redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1]) end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 'pinned'
"""
)

# KEYS: the device. ARGV: fingerprint, session, then names and values to set.
_BEGIN = Script(
    """
if redis.call('HGET', KEYS[1], 'fingerprint') ~= ARGV[1] then return 'removed' end
redis.call('HDEL', KEYS[1], '')
local t = redis.call('TIME')
redis.call('HSET', KEYS[1], 'session', ARGV[2],
    'seen_us', string.format('%.0f', t[1] * 1000000 + t[2]))
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 'current'
"""
)

_SEEN = Script(
    """
if redis.call('HGET', KEYS[1], 'fingerprint') ~= ARGV[1] then return 'removed' end
if redis.call('HGET', KEYS[1], 'session') ~= ARGV[2] then return 'replaced' end
redis.call('HDEL', KEYS[1], '')
local t = redis.call('TIME')
redis.call('HSET', KEYS[1], 'seen_us', string.format('%.0f', t[1] * 1000000 + t[2]))
return 'current'
"""
)

# KEYS: devices by key, removed devices, the device. ARGV: maximum of removed ones.
_REMOVE = Script(
    """
local fingerprint = redis.call('HGET', KEYS[3], 'fingerprint')
if not fingerprint then return 'absent' end
redis.call('DEL', KEYS[3])
redis.call('HDEL', KEYS[1], fingerprint)
local removed, oldest = redis.call('HGETALL', KEYS[2]), 1
for i = 1, #removed, 2 do
    if tonumber(removed[i + 1]) < tonumber(removed[oldest + 1]) then oldest = i end
end
if #removed / 2 >= tonumber(ARGV[1]) then redis.call('HDEL', KEYS[2], removed[oldest]) end
local t = redis.call('TIME')
redis.call('HSET', KEYS[2], fingerprint, string.format('%.0f', t[1] * 1000000 + t[2]))
return 'removed'
"""
)

# A gateway that starts at the same time keeps what the first one wrote.
_KEEP_IDENTITY = Script(
    """
if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('HSET', KEYS[1], 'key', ARGV[1], 'certificate', ARGV[2])
end
return {redis.call('HGET', KEYS[1], 'key'), redis.call('HGET', KEYS[1], 'certificate')}
"""
)


class Devices:
    """The registry of the devices at other sites."""

    def __init__(
        self, client: Redis, *, max_devices: int = MAX_DEVICES, max_removed: int = MAX_REMOVED
    ) -> None:
        self._client = client
        self._max_removed = max_removed
        self._max_devices = max_devices

    async def find(self, fingerprint: str) -> DeviceRecord | None:
        """Returns the device with this key, None if it never joined or was removed."""
        key = self._client.key(keys.DEVICES)
        name = await command(self._client, "HGET", key, fingerprint)
        record = await self.get(name.decode(errors="replace")) if name else None
        return record if record is not None and record.fingerprint == fingerprint else None

    async def get(self, name: str) -> DeviceRecord | None:
        """Returns the device of this name, None if there is none or its record is damaged."""
        answer = await command(self._client, "HGETALL", self._client.key(keys.device(name)))
        with contextlib.suppress(BadMessage):
            return _parse(answer)
        return None

    async def is_removed(self, fingerprint: str) -> bool:
        """True if an operator removed the device with this key."""
        key = self._client.key(keys.REMOVED_DEVICES)
        return await command(self._client, "HGET", key, fingerprint) is not None

    async def list(self) -> list[DeviceRecord]:
        """Returns all devices, by name."""
        answer = await command(self._client, "HGETALL", self._client.key(keys.DEVICES))
        names = sorted({name.decode(errors="replace") for name in answer[1::2]})
        found = await asyncio.gather(*(self.get(name) for name in names))
        return [each for each in found if each is not None]

    async def pin(self, join: FirstJoin) -> PinResult:
        """Pins the key of a device that proved its token; a token for one device is used up."""
        values = {
            "name": join.name,
            "fingerprint": join.fingerprint,
            "token": join.token,
            "secret": join.secret.encode(),
            "address": join.address,
        }
        names = [
            keys.DEVICES,
            keys.REMOVED_DEVICES,
            keys.device(join.name),
            keys.join_token(join.token),
            keys.JOIN_TOKENS,
        ]
        used_up = join.token if join.is_for_one else ""
        args = [join.fingerprint, join.name, join.session, used_up, self._max_devices]
        answer = await _PIN.run(self._client, names, [*args, *flat(values)])
        return PinResult(answer.decode())

    async def restore(self, join: FirstJoin) -> DeviceStanding:
        """Pins the key of a device that is joined once more, where its record is gone since Redis
        lost its data, and not since an operator removed it.
        """
        result = await self.pin(dataclasses.replace(join, is_for_one=False))
        return DeviceStanding.CURRENT if result is PinResult.PINNED else DeviceStanding.REMOVED

    async def is_worker(self, name: str) -> bool:
        """True if a worker has this name now: two would renew each other's leases."""
        key = self._client.key(keys.worker(name))
        return bool(await command(self._client, "EXISTS", key))

    async def begin(
        self, record: DeviceRecord, *, session: str, address: str, secret: JoinSecret | None = None
    ) -> DeviceStanding:
        """Makes ``session`` the newest of a device, and keeps the ``secret`` of a newer token."""
        values = {"address": address}
        if secret is not None:
            values["secret"] = secret.encode()
        args = [record.fingerprint, session, *flat(values)]
        answer = await _BEGIN.run(self._client, [keys.device(record.name)], args)
        return DeviceStanding(answer.decode())

    async def seen(self, name: str, fingerprint: str, session: str) -> DeviceStanding:
        """Notes a sign of life, and returns what the session is worth."""
        answer = await _SEEN.run(self._client, [keys.device(name)], [fingerprint, session])
        return DeviceStanding(answer.decode())

    async def remove(self, name: str) -> bool:
        """Removes a device, whose key is refused from then on; False if there is none."""
        names = [keys.DEVICES, keys.REMOVED_DEVICES, keys.device(name)]
        answer = await _REMOVE.run(self._client, names, [self._max_removed])
        return bool(answer == b"removed")

    async def keep_identity(self, identity: Identity) -> Identity:
        """Keeps the key pair of all gateways, unless there is one; returns that which counts."""
        args = [identity.key_pem, identity.certificate_pem]
        key_pem, certificate_pem = await _KEEP_IDENTITY.run(
            self._client, [keys.GATEWAY_IDENTITY], args
        )
        return Identity(key_pem, certificate_pem)


def _parse(answer: list[bytes]) -> DeviceRecord | None:
    fields = texts(answer, "device")
    if not fields:
        return None
    try:
        return msgspec.convert(fields, DeviceRecord, strict=False)
    except msgspec.ValidationError as error:
        raise BadMessage(f"device: {error}") from error
