"""``tails.py``: a tail that ends leaves its place to the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from app.streams.readers import RenditionReaders
from app.streams.rendition_reader import RenditionReader
from wire import keys
from wire.connection import Redis
from wire.streams import StreamRecord


async def test_a_tail_that_could_not_be_looked_after_is_listed_no_more(
    redis_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.streams.readers._LOOK_S", 0.01)
    tasks: list[asyncio.Task[None]] = []

    def spawn(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        tasks.append(asyncio.get_running_loop().create_task(work, name=name))
        return tasks[-1]

    async def broken(stream: str) -> StreamRecord | None:
        raise ZeroDivisionError

    async def ended(stream: str, session: int) -> None:
        raise AssertionError("nobody waits in vain")

    def is_read(tail: RenditionReader) -> bool:
        return True

    tails = RenditionReaders(
        redis_client,
        spawn=spawn,
        record=broken,
        publication=lambda _: None,
        is_read=is_read,
        ended=ended,
        observe=lambda _, __: None,
    )
    tails.get(StreamRecord(id="cam1", session=5), keys.SOURCE)
    await asyncio.wait(tasks)
    assert isinstance(tasks[0].exception(), ZeroDivisionError)
    assert tails.all() == []
