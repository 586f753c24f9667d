"""The newest small picture of a stream, as a worker that decodes it anyway leaves it in Redis."""

from __future__ import annotations

import dataclasses

from wire import keys
from wire.connection import Redis
from wire.errors import BadMessage
from wire.hash_record import texts
from wire.script import Script

EXPIRY_MS = 600_000
"""A picture is shown for ten minutes after the last decoded one, with its age."""

MAX_BYTES = 65536
"""Bytes of a picture: 320 pixels wide, a JPEG file has 5 to 25 kB."""

JPEG_START = b"\xff\xd8\xff"
"""Bytes that every JPEG file begins with."""

# Fenced by the publisher's epoch, like the source log: a worker that is late must not show a
# picture of the broadcast that had the name before.
_PUT = Script(
    """
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], 'at_us', ARGV[2], 'jpeg', ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
"""
)


@dataclasses.dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture and its time."""

    at_us: int
    "Unix microseconds of its making, by the worker's clock."
    jpeg: bytes
    "A JPEG file."


class Thumbnails:
    """Writes and reads thumbnails."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def put(self, stream: str, epoch: int, picture: Thumbnail) -> bool:
        """Keeps a picture for ``EXPIRY_MS``; False if the stream has another publisher than that
        of ``epoch``, or none. Raises ValueError for more than ``MAX_BYTES``.
        """
        if len(picture.jpeg) > MAX_BYTES:
            raise ValueError(f"a thumbnail of {len(picture.jpeg)} bytes is over {MAX_BYTES}")
        args = [epoch, picture.at_us, picture.jpeg, EXPIRY_MS]
        names = [keys.record(stream), keys.thumbnail(stream)]
        return bool(await _PUT.run(self._client, names, args))

    async def get(self, stream: str) -> Thumbnail | None:
        """Returns the newest picture, None if there is none. Raises BadMessage for what is none."""
        answer = await self._client.execute("HGETALL", self._client.key(keys.thumbnail(stream)))
        if not answer:
            return None
        fields = dict(zip(answer[::2], answer[1::2], strict=True))
        jpeg = fields.get(b"jpeg", b"")
        if len(jpeg) > MAX_BYTES or not jpeg.startswith(JPEG_START):
            raise BadMessage(
                f"{stream}: the thumbnail is no JPEG file of at most {MAX_BYTES} bytes"
            )
        at_us = texts([b"at_us", fields.get(b"at_us", b"")], stream)["at_us"]
        if not at_us.isascii() or not at_us.isdigit() or len(at_us) > 16:
            raise BadMessage(f"{stream}: the thumbnail has no time")
        return Thumbnail(int(at_us), bytes(jpeg))
