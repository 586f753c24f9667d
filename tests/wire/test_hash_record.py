"""Records that are hashes."""

from __future__ import annotations

import pytest

from wire.connection import Redis, command
from wire.errors import BadMessage, DamagedKey
from wire.hash_record import UPDATE, flat, names_in, texts, with_prefix


def test_values_are_written_as_redis_keeps_them() -> None:
    assert flat({"a": True, "b": False, "c": 0.5, "d": "x", "e": 7}) == [
        "a", 1, "b", 0, "c", 0.5, "d", "x", "e", 7,
    ]  # fmt: skip
    assert flat({}) == []


def test_names_stand_with_commas_between() -> None:
    assert names_in("") == [] and names_in(",a,,b") == ["a", "b"]


def test_an_answer_is_read_as_pairs() -> None:
    assert texts([b"a", b"1", b"b", "ä".encode()], "stream cam") == {"a": "1", "b": "ä"}
    assert texts([], "stream cam") == {}


@pytest.mark.parametrize("answer", [[b"a", b"\xff"], [b"\xff", b"a"]])
def test_what_is_no_text_names_the_record(answer: list[bytes]) -> None:
    with pytest.raises(BadMessage, match="^stream cam: "):
        texts(answer, "stream cam")


def test_a_key_of_another_kind_names_the_record() -> None:
    with pytest.raises(BadMessage, match="^stream cam: WRONGTYPE"):
        texts(DamagedKey("WRONGTYPE no hash"), "stream cam")


def test_fields_of_one_prefix_are_known_by_what_follows() -> None:
    fields = {"watched:h264": "1", "watched:vp8": "2", "watch": "3", "watched:": "4"}
    assert with_prefix(fields, "watched:") == {"h264": "1", "vp8": "2", "": "4"}


async def update(client: Redis, owner: str, expiry_ms: int, *fields: str) -> bytes:
    answer: bytes = await UPDATE.run(
        client, ["record", "beside"], ["epoch", owner, expiry_ms, *fields]
    )
    return answer


async def test_only_the_owner_changes_a_record(redis_client: Redis) -> None:
    assert await update(redis_client, "7", 0, "a", "1") == b"gone"
    assert await command(redis_client, "EXISTS", "record") == 0
    await command(redis_client, "HSET", "record", "epoch", "7")
    assert await update(redis_client, "8", 0, "a", "1") == b"busy"
    assert await update(redis_client, "7", 0, "a", "1", "b", "2") == b"ok"
    assert await command(redis_client, "HGETALL", "record") == [
        b"epoch", b"7", b"a", b"1", b"b", b"2",
    ]  # fmt: skip


async def test_all_keys_live_on_together_or_none(redis_client: Redis) -> None:
    await command(redis_client, "HSET", "record", "epoch", "7")
    await command(redis_client, "SET", "beside", "x")
    assert await update(redis_client, "7", 0, "a", "1") == b"ok"
    assert await command(redis_client, "PTTL", "record") == -1
    assert await update(redis_client, "7", 5000, "a", "2") == b"ok"
    for key in ("record", "beside"):
        assert 0 < await command(redis_client, "PTTL", key) <= 5000
    assert await update(redis_client, "9", 90_000, "a", "3") == b"busy"
    assert await command(redis_client, "PTTL", "beside") <= 5000
