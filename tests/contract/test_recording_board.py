"""Recordings of all nodes: ``wire/recording_board.py`` on each kind of server."""

from __future__ import annotations

import asyncio

import pytest

from tests.contract.admin import command
from wire import keys
from wire.connection import Redis
from wire.recording_board import (
    LEASE_MS,
    MAX_REASON,
    RENEW_S,
    RecordingBoard,
    RecordingEntry,
    renditions_of,
)

EPOCH = 1_790_000_000_000_001


def entry(fence: int, **changes: object) -> RecordingEntry:
    fields: dict[str, object] = {
        "stream": "cam1",
        "rendition": "source",
        "node": "one",
        "epoch": EPOCH,
        "age_ms": 0,
        "fence": fence,
    }
    return RecordingEntry(**{**fields, **changes})  # type: ignore[arg-type]


async def claimed(board: RecordingBoard, node: str, epoch: int = EPOCH) -> tuple[int, int]:
    """Fence and place of a recording that a node gets; zeros where it does not."""
    found = await board.claim("cam1", "source", epoch=epoch, node=node)
    return (found.fence, found.durable_us) if found is not None else (0, 0)


async def test_one_node_records_a_rendition(client: Redis) -> None:
    board = RecordingBoard(client)
    fence, durable = await claimed(board, "one")
    assert fence > EPOCH // 10
    assert durable == 0
    assert await claimed(board, "two") == (0, 0)
    assert await board.claim("cam1", "enhanced", epoch=EPOCH, node="two") is not None
    assert await board.claim("cam2", "source", epoch=EPOCH, node="two") is not None
    found = {(each.stream, each.rendition): each.node for each in await board.read()}
    assert found == {
        ("cam1", "source"): "one",
        ("cam1", "enhanced"): "two",
        ("cam2", "source"): "two",
    }


async def test_a_node_tells_how_its_recordings_go(client: Redis) -> None:
    board = RecordingBoard(client)
    fence, _ = await claimed(board, "one")
    told = entry(
        fence, durable_us=EPOCH + 5, state="held", bytes=2**40, reason="The disk\n is  full."
    )
    assert await board.renew([told]) == [True]
    (found,) = await board.read()
    assert (found.durable_us, found.state, found.bytes) == (EPOCH + 5, "held", 2**40)
    assert (found.reason, found.fence, found.epoch) == ("The disk is full.", fence, EPOCH)
    assert not found.is_lapsed
    assert await board.renew([entry(fence, reason="x" * 1000)]) == [True]
    assert len((await board.read())[0].reason) == MAX_REASON
    assert await board.renew([]) == []


async def test_another_node_goes_on_where_one_died(client: Redis) -> None:
    board = RecordingBoard(client, lease_ms=100)
    first, _ = await claimed(board, "one")
    await board.renew([entry(first, durable_us=77)])
    assert await claimed(board, "two") == (0, 0)
    await asyncio.sleep(0.2)
    second, durable = await claimed(board, "two")
    assert second > first
    assert durable == 77
    # Who comes back is told that it is another's by now.
    assert await board.renew([entry(first, durable_us=99)]) == [False]
    (found,) = await board.read()
    assert (found.node, found.durable_us) == ("two", 77)
    await board.release("cam1", "source", first)
    assert len(await board.read()) == 1


async def test_a_node_may_take_its_own_again(client: Redis) -> None:
    board = RecordingBoard(client)
    first, _ = await claimed(board, "one")
    second, _ = await claimed(board, "one")
    assert second > first
    assert await board.renew([entry(first), entry(second)]) == [False, True]


async def test_a_newer_publisher_takes_a_recording_and_an_older_does_not(client: Redis) -> None:
    board = RecordingBoard(client)
    first, _ = await claimed(board, "one")
    await board.renew([entry(first, durable_us=77)])
    second, durable = await claimed(board, "two", EPOCH + 1)
    assert (second > first, durable) == (True, 0)
    assert await claimed(board, "one") == (0, 0)
    assert await board.renew([entry(first)]) == [False]


async def test_what_is_given_up_is_nobodys(client: Redis) -> None:
    board = RecordingBoard(client)
    fence, _ = await claimed(board, "one")
    await board.release("cam1", "source", fence)
    assert await board.read() == []
    assert await claimed(board, "two") != (0, 0)


async def test_a_lease_that_redis_lost_is_lost_and_can_be_taken_again(client: Redis) -> None:
    board = RecordingBoard(client)
    fence, _ = await claimed(board, "one")
    await command(client, "DEL", client.key(keys.RECORDINGS))
    assert await board.renew([entry(fence)]) == [False]
    again, _ = await claimed(board, "one")
    assert again > fence


async def test_what_is_no_hash_is_replaced(client: Redis) -> None:
    board = RecordingBoard(client)
    await command(client, "SET", client.key(keys.RECORDINGS), "nonsense")
    assert await board.read() == []
    assert await claimed(board, "one") != (0, 0)
    await command(client, "SET", client.key(keys.RECORDINGS), "nonsense")
    assert await board.renew([entry(1)]) == [False]


@pytest.mark.parametrize(
    "text",
    ["", "abc", "1 one 2", "1 one 2 3 4 5", "1 one 2 99999999999999999 x 0 waiting ", "\xff"],
)
async def test_damaged_entries_are_passed_over_and_replaced(client: Redis, text: str) -> None:
    board = RecordingBoard(client)
    await command(client, "HSET", client.key(keys.RECORDINGS), "cam1 source", text)
    await command(client, "HSET", client.key(keys.RECORDINGS), "cam1", "1 one 2 3 4 0 waiting ")
    assert await board.read() == []
    fence, _ = await claimed(board, "one", 2**52)
    assert fence > 0
    assert [each.fence for each in await board.read()] == [fence]


async def test_all_is_forgotten_a_while_after_the_last_renewal(client: Redis) -> None:
    board = RecordingBoard(client)
    await claimed(board, "one")
    left = await command(client, "PTTL", client.key(keys.RECORDINGS))
    assert LEASE_MS < left <= 60_000


def test_a_mode_names_the_renditions() -> None:
    assert renditions_of("off", "both") == ()
    assert renditions_of("source", "off") == (keys.SOURCE,)
    assert renditions_of("enhanced", "off") == (keys.ENHANCED,)
    assert renditions_of("both", "off") == (keys.SOURCE, keys.ENHANCED)
    assert renditions_of(None, "source") == (keys.SOURCE,)


def test_a_lease_outlives_a_busy_moment() -> None:
    assert 3 * RENEW_S * 1000 < LEASE_MS
