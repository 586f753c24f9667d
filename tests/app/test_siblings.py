"""What the app processes of one server say to each other over local sockets."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app import siblings
from app.siblings import ALONE, AppProcess, Siblings


async def told(text: bytes) -> bytes:
    return text


@asynccontextmanager
async def answering(process: AppProcess, text: bytes) -> AsyncIterator[None]:
    """A process that answers by this text to ``name``, and to ``hang`` never."""

    async def hang() -> bytes:
        await asyncio.Event().wait()
        return b""

    work = asyncio.create_task(Siblings(process).run({"name": lambda: told(text), "hang": hang}))
    await asyncio.sleep(0)
    try:
        yield
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


def group(count: int) -> list[AppProcess]:
    run = secrets.token_hex(8)
    return [AppProcess(number, count, run=run) for number in range(count)]


async def test_one_asks_and_all_others_answer() -> None:
    first, second, third = group(3)
    async with answering(second, b"two"), answering(third, b"x" * 1_000_000):
        assert await Siblings(first).ask("name") == {1: b"two", 2: b"x" * 1_000_000}


async def test_who_does_not_run_is_left_out_at_once() -> None:
    first, _, third = group(3)
    async with answering(third, b"three"):
        began = time.monotonic()
        assert await Siblings(first).ask("name") == {2: b"three"}
        assert time.monotonic() - began < siblings.ANSWER_S


async def test_who_hangs_holds_nobody_up_for_longer_than_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(siblings, "ANSWER_S", 0.1)
    first, second = group(2)
    async with answering(second, b"two"):
        began = time.monotonic()
        assert await Siblings(first).ask("hang") in ({}, {1: b""})
        assert time.monotonic() - began < 2.0
        assert await Siblings(first).ask("name") == {1: b"two"}


async def test_an_answer_without_end_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(siblings, "MAX_ANSWER", 1000)
    first, second = group(2)
    async with answering(second, b"x" * 100_000):
        assert await Siblings(first).ask("name") == {}


@pytest.mark.parametrize("question", [b"", b"\n", b"other\n", b"x" * 100_000, b"\xff\xfe\n"])
async def test_a_stranger_gets_nothing_and_does_no_harm(question: bytes) -> None:
    first, second = group(2)
    async with answering(second, b"two"):
        path = f"\0sharpcast-{second.run}-1"
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(question)
        if not question:
            writer.write_eof()
        try:
            assert await reader.read() == b""
        except ConnectionResetError:
            pass  # what it sent was not read to its end
        writer.close()
        assert await Siblings(first).ask("name") == {1: b"two"}


async def test_servers_of_one_machine_do_not_hear_each_other() -> None:
    first, _ = group(2)
    _, other = group(2)
    async with answering(other, b"two"):
        assert await Siblings(first).ask("name") == {}


async def test_one_that_is_begun_anew_takes_its_place_again() -> None:
    first, second = group(2)
    for text in (b"before", b"after"):
        async with answering(second, text):
            assert await Siblings(first).ask("name") == {1: text}


async def test_a_process_alone_has_nobody_to_ask_and_opens_nothing() -> None:
    alone = Siblings(ALONE)
    assert not alone.are_there
    assert alone.number == 0
    assert await alone.ask("name") == {}
    work = asyncio.create_task(alone.run({}))
    await asyncio.sleep(0.01)
    assert not work.done()
    work.cancel()
