"""Where a command of a cluster goes; the rest runs in the contract suite."""

from __future__ import annotations

import pytest
from redis.crc import key_slot

from wire import keys
from wire.cluster import key_of

Words = tuple[bytes | str | int | float, ...]


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("GET", "a"), b"a"),
        (("HSET", b"{cam}:x", "f", 1), b"{cam}:x"),
        (("XADD", "log", "*", "b", b"data"), b"log"),
        (("XREAD", "COUNT", 5, "BLOCK", 500, "STREAMS", "log", "0-0"), b"log"),
        (("XREADGROUP", "GROUP", "g", "w", "STREAMS", "jobs", ">"), b"jobs"),
        (("XINFO", "STREAM", "log"), b"log"),
        (("XGROUP", "CREATE", "jobs", "g", "0", "MKSTREAM"), b"jobs"),
        (("EVALSHA", "d1e2", 2, "{a}:1", "{a}:2", "arg"), b"{a}:1"),
        (("EVAL", "return 1", 1, b"k", 5), b"k"),
        (("DEL", 17), b"17"),
    ],
)
def test_each_command_goes_where_its_first_key_is(words: Words, key: bytes) -> None:
    assert key_of(words) == key


@pytest.mark.parametrize(
    "words",
    [
        ("PING",),
        ("TIME",),
        ("INFO", "memory"),
        ("CLUSTER", "SLOTS"),
        ("FLUSHALL",),
        ("EVALSHA", "d1e2", 0),
        ("EVAL", "return 1", 0, "argument"),
    ],
)
def test_a_command_without_a_key_goes_anywhere(words: Words) -> None:
    assert key_of(words) is None


def test_a_read_whose_arguments_look_like_the_word_finds_its_own_key() -> None:
    assert key_of(("XREAD", "BLOCK", 0, "STREAMS", "STREAMS", "0-0")) == b"STREAMS"


def test_all_keys_of_one_stream_are_on_one_server() -> None:
    names = [*keys.of_stream("cam", ["enhanced", "small"]), keys.control("cam")]
    names += [keys.log("cam", keys.SOURCE), keys.log("cam", "enhanced"), keys.feedback("cam")]
    assert len({key_slot(name.encode()) for name in names}) == 1
