"""One packager: it takes units while players ask, lets them wait, and goes on behind a pause."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.hls import packager as packager_module
from app.hls.packager import IDLE_S, Packager
from media.access_unit import AccessUnit
from tests.app.hls.units import SLOT, film


class Reader:
    """Notes what a consumer asks of a reader."""

    def __init__(self, session: int) -> None:
        self.session = session
        self.consumers: list[Any] = []
        self.requests = 0

    def attach(self, consumer: Any) -> None:
        self.consumers.append(consumer)

    def detach(self, consumer: Any) -> None:
        self.consumers.remove(consumer)

    def request_key_frame(self) -> None:
        self.requests += 1

    def hand(self, units: list[AccessUnit]) -> None:
        for unit in units:
            for consumer in tuple(self.consumers):
                consumer.take(unit)


def make(reader: Reader | None = None) -> tuple[Packager, list[Packager]]:
    ended: list[Packager] = []
    packager = Packager("cam1", "source", on_end=ended.append)
    if reader is not None:
        packager.read(reader)  # type: ignore[arg-type]
    return packager, ended


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The packager's clock, which the test moves."""
    now = [1000.0]

    class Time:
        @staticmethod
        def monotonic() -> float:
            return now[0]

    monkeypatch.setattr(packager_module, "time", Time)
    return now


async def test_it_makes_a_window_of_what_it_reads() -> None:
    reader = Reader(5)
    packager, _ = make(reader)
    reader.hand(film(0, 2400, keys=[0, 2000]))
    assert packager.window.is_playable and packager.epoch == 5
    text = packager.playlist(skips=False)
    assert f"\n{SLOT}.m4s" in text
    assert packager.playlist(skips=False) is text


async def test_a_playlist_is_made_anew_where_something_came() -> None:
    reader = Reader(5)
    packager, _ = make(reader)
    reader.hand(film(0, 2400, keys=[0, 2000]))
    text = packager.playlist(skips=False)
    reader.hand(film(2400, 3000))
    assert packager.playlist(skips=False) != text


async def test_it_asks_for_key_frames_where_none_come() -> None:
    reader = Reader(5)
    make(reader)
    reader.hand(film(0, 1960, keys=[0]))
    assert reader.requests == 0
    reader.hand(film(2000, 2200))
    assert reader.requests > 0


async def test_whoever_waits_is_woken_by_the_part() -> None:
    reader = Reader(5)
    packager, _ = make(reader)
    waiting = asyncio.ensure_future(
        packager.wait_for(lambda: packager.window.has(SLOT, 1), seconds=30)
    )
    for unit in film(0, 480, keys=[0]):
        reader.hand([unit])
        await asyncio.sleep(0)
    assert not waiting.done()
    reader.hand(film(480, 600))
    assert await waiting


async def test_a_wait_ends_in_time() -> None:
    packager, _ = make(Reader(5))
    assert not await packager.wait_for(lambda: False, seconds=0.01)


async def test_it_ends_when_nobody_asks(clock: list[float]) -> None:
    reader = Reader(5)
    packager, ended = make(reader)
    clock[0] += IDLE_S - 1
    assert packager.is_needed
    packager.ask()
    clock[0] += IDLE_S - 1
    reader.hand(film(0, 400, keys=[0]))
    assert packager.is_needed and reader.consumers == [packager]
    clock[0] += 2
    assert not packager.is_needed
    # Also where others keep the reader going.
    reader.hand(film(400, 440))
    assert reader.consumers == [] and ended == [packager] and not packager.is_reading


async def test_another_publisher_goes_on_in_the_same_window() -> None:
    first, second = Reader(5), Reader(6)
    packager, ended = make(first)
    first.hand(film(0, 2400, keys=[0, 2000]))
    packager.on_end()
    assert ended == [packager] and not packager.is_reading
    packager.read(second)  # type: ignore[arg-type]
    second.hand(film(4200, 6600, keys=[4200, 6200]))
    text = packager.playlist(skips=False)
    assert text.count("#EXT-X-DISCONTINUITY\n") == 1
    assert f"\n{SLOT + 2}.m4s" in text and packager.epoch == 6


async def test_the_end_of_the_stream_ends_the_playlist() -> None:
    reader = Reader(5)
    packager, _ = make(reader)
    reader.hand(film(0, 1000, keys=[0]))
    packager.on_end()
    waiting = asyncio.ensure_future(packager.wait_for(lambda: packager.window.is_over, seconds=30))
    await asyncio.sleep(0)
    packager.finish()
    assert await waiting
    assert packager.playlist(skips=False).endswith("#EXT-X-ENDLIST\n")
    # The picture that waited for the next one is there too.
    assert "#EXTINF:0.99" in packager.playlist(skips=False)


async def test_idle_time_is_waited_for(clock: list[float]) -> None:
    packager, _ = make()
    clock[0] += IDLE_S + 1
    packager_module_idle, packager_module.IDLE_S = packager_module.IDLE_S, 0.01
    try:
        async with asyncio.timeout(5):
            await packager.wait_until_idle()
    finally:
        packager_module.IDLE_S = packager_module_idle


async def test_gaps_need_nothing() -> None:
    reader = Reader(5)
    packager, _ = make(reader)
    packager.on_gap()
    reader.hand(film(0, 2400, keys=[0, 2000]))
    assert packager.window.is_playable and packager.problem == "" and packager.unpackable == 0
