"""``benchmarks.pages.admin_list``: the records that it writes are those of live streams."""

from __future__ import annotations

from benchmarks.pages.admin_list import seed
from wire import connection, keys
from wire.embedded import EmbeddedServer
from wire.rendition_record import RenditionRegistry
from wire.stream_record import StreamRegistry


async def test_an_app_finds_the_streams_and_they_stay(redis_server: EmbeddedServer) -> None:
    await seed(redis_server.url, 3)
    client = connection.connect(redis_server.url, prefix=keys.PREFIX)
    try:
        records = await StreamRegistry(client).list()
        assert [each.id for each in records] == [f"stream-{number:04}" for number in range(3)]
        assert {each.state for each in records} == {"live"}
        for each in records:
            # Nobody keeps them alive, and orphans would be taken for dead.
            assert await StreamRegistry(client).is_kept(each.id)
            assert each.renditions == (keys.ENHANCED,)
        renditions = await RenditionRegistry(client).list_all(
            [(each.id, keys.ENHANCED) for each in records]
        )
        assert [each.stream for each in renditions] == [each.id for each in records]
        for each in records:
            await StreamRegistry(client).end(each.id, each.epoch, each.renditions)
        assert await StreamRegistry(client).list() == []
    finally:
        await client.aclose()
