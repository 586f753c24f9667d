"""Records that are hashes with expiry: the parts common to streams and renditions."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from wire.errors import BadMessage, DamagedKey
from wire.script import Script

EXPIRY_MS = 5_000
"""A record that its app did not touch for this long is gone, and what it describes with it."""

Epoch = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
"""Unix microseconds, exact as a double."""

Text = Annotated[str, msgspec.Meta(max_length=256)]

# The first write is one that a server whose memory is full allows; it then allows the others too.
# So records, which are small, outlive a full server.
UPDATE = Script(
    """
local have = redis.call('HGET', KEYS[1], ARGV[1])
if not have then return 'gone' end
if have ~= ARGV[2] then return 'busy' end
redis.call('HDEL', KEYS[1], '')
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
if ARGV[3] ~= '0' then
    for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[3]) end
end
return 'ok'
"""
)
"""Sets fields of the first key's hash if its field ARGV[1] is ARGV[2], and prolongs the life of all
keys by ARGV[3] ms, unless that is 0. Answers ``ok``, ``gone`` or ``busy``."""


def flat(values: dict[str, Any]) -> list[Any]:
    """Returns names and values in turn, as ``HSET`` takes them."""
    found: list[Any] = []
    for name, value in values.items():
        # Booleans are 1 and 0 in records (PROTOCOL.md section 5).
        found += [name, int(value) if isinstance(value, bool) else value]
    return found


def texts(answer: list[bytes] | DamagedKey, what: str) -> dict[str, str]:
    """Returns the fields in the answer of ``HGETALL``. Raises BadMessage, which names ``what``."""
    if isinstance(answer, DamagedKey):
        raise BadMessage(f"{what}: {answer}") from answer
    try:
        names = (name.decode() for name in answer[::2])
        return dict(zip(names, (value.decode() for value in answer[1::2]), strict=True))
    except UnicodeDecodeError as error:
        raise BadMessage(f"{what}: {error}") from error


def names_in(text: str) -> list[str]:
    """Returns the names of a field that has some, with commas between."""
    return [name for name in text.split(",") if name]


def with_prefix(fields: dict[str, str], prefix: str) -> dict[str, str]:
    """Returns the fields whose names begin with ``prefix``, by what follows it."""
    return {
        name.removeprefix(prefix): value
        for name, value in fields.items()
        if name.startswith(prefix)
    }
