"""The small picture of a stream, over each server."""

from __future__ import annotations

import pytest

from tests.contract.admin import command
from tests.records import begin_stream
from wire import keys
from wire.connection import Redis
from wire.errors import BadMessage
from wire.stream_record import StreamRegistry
from wire.thumbnail import EXPIRY_MS, JPEG_START, MAX_BYTES, Thumbnail, Thumbnails

PICTURE = Thumbnail(1_700_000_000_000_000, JPEG_START + bytes(range(256)))


async def test_the_newest_picture_is_kept_for_a_while(client: Redis) -> None:
    epoch = await begin_stream(client)
    thumbnails = Thumbnails(client)
    assert await thumbnails.get("cam1") is None
    assert await thumbnails.put("cam1", epoch, Thumbnail(1, JPEG_START))
    assert await thumbnails.put("cam1", epoch, PICTURE)
    assert await thumbnails.get("cam1") == PICTURE
    left_ms = await client.execute("PTTL", client.key(keys.thumbnail("cam1")))
    assert 0 < left_ms <= EXPIRY_MS


async def test_a_picture_of_the_broadcast_before_is_refused(client: Redis) -> None:
    epoch = await begin_stream(client)
    thumbnails = Thumbnails(client)
    assert not await thumbnails.put("cam1", epoch - 1, PICTURE)
    assert not await thumbnails.put("other", epoch, PICTURE)
    assert await thumbnails.get("cam1") is None and await thumbnails.get("other") is None


async def test_it_goes_with_the_stream_and_with_a_new_publisher(client: Redis) -> None:
    epoch = await begin_stream(client)
    registry, thumbnails = StreamRegistry(client), Thumbnails(client)
    await thumbnails.put("cam1", epoch, PICTURE)
    newer = await registry.create("cam1", over=True)
    assert await thumbnails.get("cam1") is None
    await thumbnails.put("cam1", newer, PICTURE)
    assert await registry.end("cam1", newer, ())
    assert await thumbnails.get("cam1") is None


@pytest.mark.parametrize(
    "fields",
    [
        ("at_us", "1"),
        ("jpeg", JPEG_START),
        ("at_us", "1", "jpeg", b"GIF89a"),
        ("at_us", "x", "jpeg", JPEG_START),
        ("at_us", "9" * 17, "jpeg", JPEG_START),
        ("at_us", b"\xff", "jpeg", JPEG_START),
        ("at_us", "1", "jpeg", JPEG_START + bytes(MAX_BYTES)),
    ],
)
async def test_what_is_no_picture_is_refused(
    client: Redis, fields: tuple[str | bytes, ...]
) -> None:
    await command(client, "HSET", client.key(keys.thumbnail("cam1")), *fields)
    with pytest.raises(BadMessage, match="cam1"):
        await Thumbnails(client).get("cam1")


async def test_a_picture_that_is_too_large_is_not_written(client: Redis) -> None:
    epoch = await begin_stream(client)
    with pytest.raises(ValueError, match="65537 bytes"):
        large = Thumbnail(1, JPEG_START + bytes(MAX_BYTES - 2))
        await Thumbnails(client).put("cam1", epoch, large)
