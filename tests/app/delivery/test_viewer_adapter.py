"""Viewers that move among the renditions of their stream, over real records."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from app.delivery.playback_session import PlaybackSession
from app.delivery.quality_levels import SMALLER
from app.delivery.rendition_choice import PlayRequest
from app.delivery.rtp_fanout import RtpFanout
from app.delivery.viewer_adapter import (
    AdaptedViewer,
    RenditionAccess,
    ViewerAdapter,
    measured_kbps,
)
from app.errors import BadOffer
from app.rtp.viewer_bandwidth import PathSigns
from app.streams.rendition_reader import RenditionReader
from app.streams.stream_directory import StreamDirectory
from tests.records import begin_stream
from wire import keys
from wire.connection import Redis
from wire.stream_record import StreamRecord

REQUEST = PlayRequest(keys.ENHANCED, True, frozenset({"h264"}), frozenset({"h264"}))


class Path:
    """A connection whose signs the test sets."""

    def __init__(self) -> None:
        self.estimate_bps: float | None = None

    def signs(self) -> PathSigns:
        is_full = self.estimate_bps is not None and self.estimate_bps < 5e6
        return PathSigns(self.estimate_bps, queue_s=0.3 if is_full else 0.0)


class House:
    """One stream of 1350 kbit/s, one viewer."""

    def __init__(self, client: Redis, epoch: int) -> None:
        self.client = client
        self.directory = StreamDirectory(client, ingest=lambda _: None)
        self.logs: list[str] = []
        self.refuses = False
        self.now = 100.0
        self.fanouts = {name: self._make(name) for name in (keys.SOURCE, keys.ENHANCED, SMALLER)}
        self.adapter = ViewerAdapter(
            self.directory,
            RenditionAccess(self._log_of, self._fanout, lambda *_: {keys.ENHANCED: 3700.0}),
            clock=lambda: self.now,
        )
        playback = PlaybackSession(
            self.fanouts[keys.ENHANCED], self.fanouts[keys.SOURCE], fallback=True, has_audio=True
        )
        self.path = Path()
        self.viewer = AdaptedViewer("cam1", epoch, REQUEST, playback, self.path)

    def _make(self, name: str) -> RtpFanout:
        return RtpFanout(RenditionReader(self.client, "cam1", name), on_end=lambda _: None)

    async def _log_of(self, record: StreamRecord, request: PlayRequest) -> str:
        if self.refuses:
            raise BadOffer("It is not offered.", status=422)
        self.logs.append(request.rendition)
        return request.rendition

    def _fanout(self, record: StreamRecord, log: str) -> RtpFanout:
        return self.fanouts[log]

    async def step(self, count: int = 1) -> None:
        """Looks at the viewer so often."""
        for _ in range(count):
            await self.adapter.step([self.viewer])


@pytest.fixture
async def house(redis_client: Redis) -> House:
    facts: dict[str, Any] = {"kbps": 1350.0, "codec": "h264", "width": 480, "height": 270}
    epoch = await begin_stream(redis_client, "cam1", **facts)
    return House(redis_client, epoch)


async def test_what_is_not_known_changes_nothing(house: House) -> None:
    await house.step(5)
    assert house.viewer.playback.awaits == ""
    assert house.logs == []


@pytest.mark.parametrize(("mbps", "expected"), [(1.8, keys.SOURCE), (0.7, SMALLER)])
async def test_a_connection_that_carries_less_gets_what_fits(
    house: House, mbps: float, expected: str
) -> None:
    # Less than half of what is needed is believed at once.
    house.path.estimate_bps = mbps * 1e6
    await house.step(3)
    assert house.viewer.playback.awaits == expected
    assert house.logs == [expected], "it is asked for once"
    assert house.adapter.changes == {"down": 1}


async def test_a_change_is_called_off_where_it_is_not_wanted_any_more(house: House) -> None:
    house.path.estimate_bps = 0.7e6
    await house.step()
    assert house.viewer.playback.awaits == SMALLER
    house.now += 10.0
    house.path.estimate_bps = 20e6
    await house.step()
    assert house.viewer.playback.awaits == ""


async def test_what_its_offer_has_not_is_left_where_it_is(house: House) -> None:
    house.refuses = True
    house.path.estimate_bps = 0.7e6
    await house.step(3)
    assert house.viewer.playback.awaits == ""
    assert house.adapter.changes == {}


async def test_a_viewer_of_an_earlier_publisher_is_left_alone(house: House) -> None:
    house.viewer = dataclasses.replace(house.viewer, epoch=house.viewer.epoch + 1)
    house.path.estimate_bps = 0.7e6
    await house.step(3)
    assert house.logs == []


async def test_rates_are_those_of_this_streams_readers(redis_client: Redis) -> None:
    readers = [
        RenditionReader(redis_client, stream, name, session=session)
        for stream, name, session in (
            ("cam1", keys.SOURCE, 1),
            ("cam1", "enhanced-vp8", 1),
            ("cam1", keys.ENHANCED, 2),
            ("cam2", keys.SOURCE, 1),
        )
    ]
    assert measured_kbps(readers, "cam1", 1) == {keys.SOURCE: 0.0, keys.ENHANCED: 0.0}
