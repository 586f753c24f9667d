"""What one viewer is shown: ``viewer_picture.py``, on a playback with real fan-outs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.delivery.picture_mark import Picture, Why
from app.delivery.playback_session import PlaybackSession
from app.delivery.rtp_fanout import RtpFanout
from app.delivery.viewer_picture import GONE_S, ViewerPicture
from app.streams.rendition_reader import RenditionReader
from media.treatment import Treatment
from wire import keys
from wire.connection import Redis

NET = Picture(Treatment.FULL, "live-s", 960, 540, 21.4)
SENT = Picture(Treatment.UNSAID, "", 480, 270, 1.0)


class Viewer:
    """A viewer of the enhanced rendition, with a clock of its own."""

    def __init__(self, client: Redis, rendition: str = keys.ENHANCED) -> None:
        self.now = 100.0
        self.adapts = False
        self.enhanced = self._fanout(client, rendition)
        self.source = self._fanout(client, keys.SOURCE)
        self.playback = PlaybackSession(
            self.enhanced, self.source, fallback=True, has_audio=False, clock=lambda: self.now
        )
        self.picture = ViewerPicture(
            self.playback, adapts=lambda: self.adapts, clock=lambda: self.now
        )

    def _fanout(self, client: Redis, rendition: str) -> RtpFanout:
        return RtpFanout(RenditionReader(client, "cam1", rendition), on_end=lambda _: None)

    def let_source_stand_in(self) -> None:
        """The source goes on and the enhanced rendition does not follow."""
        switch = self.playback._switch
        self.source.mark.take(SENT, now=self.now)
        for pts in (1, 2):
            switch.take_fallback(pts, can_start=True, can_show=True, now=self.now)
            self.now += 1.0
        switch.take_fallback(3, can_start=True, can_show=True, now=self.now)

    @property
    def why(self) -> str:
        view = self.picture.see().view
        assert view is not None
        return view.why


@pytest.fixture
async def viewer(redis_client: Redis) -> AsyncIterator[Viewer]:
    made = Viewer(redis_client)
    yield made
    made.playback.stop()


async def test_nothing_is_shown_before_the_first_unit(viewer: Viewer) -> None:
    assert viewer.picture.see().view is None


async def test_an_enhanced_picture_is_told_with_its_net_and_figures(viewer: Viewer) -> None:
    viewer.enhanced.mark.take(NET, now=viewer.now)
    view = viewer.picture.see().view
    assert view is not None
    assert (view.why, view.net, view.level, view.rendition) == ("", "live-s", "full", "enhanced")
    assert (view.width, view.height, view.latency_ms, view.fraction) == (960, 540, 21, 1.0)


async def test_a_resized_picture_is_not_called_enhanced(viewer: Viewer) -> None:
    viewer.enhanced.mark.take(Picture(Treatment.NO_TIME, "", 960, 540, 9.0), now=viewer.now)
    assert viewer.why == Why.NO_TIME.value


async def test_who_joins_while_a_worker_wakes_up_is_told_that_it_starts(viewer: Viewer) -> None:
    # An earlier viewer was shown enhanced pictures.
    viewer.enhanced.mark.take(NET, now=viewer.now - 5.0)
    viewer.let_source_stand_in()
    assert viewer.why == Why.STARTING.value


async def test_a_worker_that_falls_silent_is_gone_and_one_that_is_late_has_no_time(
    viewer: Viewer,
) -> None:
    viewer.enhanced.mark.take(NET, now=viewer.now)
    viewer.let_source_stand_in()
    assert viewer.why == Why.GONE.value
    viewer.enhanced.mark.take(NET, now=viewer.now)
    assert viewer.why == Why.NO_TIME.value
    viewer.now += 2 * GONE_S
    assert viewer.why == Why.GONE.value


@pytest.mark.parametrize("rendition", [keys.SOURCE, "smaller", "source-h"])
async def test_the_source_was_chosen_or_is_what_the_connection_carries(
    redis_client: Redis, rendition: str
) -> None:
    viewer = Viewer(redis_client, rendition)
    viewer.enhanced.mark.take(SENT, now=viewer.now)
    assert viewer.why == Why.CHOSEN.value
    viewer.adapts = True
    assert viewer.why == Why.CONNECTION.value
    viewer.playback.stop()


async def test_who_waits_is_woken_by_a_change_and_told_the_same_after_its_time(
    viewer: Viewer,
) -> None:
    viewer.enhanced.mark.take(NET, now=viewer.now)
    seen = await viewer.picture.await_change("", 30.0)  # nothing was told before: at once
    assert await viewer.picture.await_change(seen.version, 0.0) == seen
    waiting = asyncio.ensure_future(viewer.picture.await_change(seen.version, 30.0))
    await asyncio.sleep(0)
    assert not waiting.done()
    for _ in range(8):
        viewer.now += 0.03
        viewer.enhanced.mark.take(Picture(Treatment.OFF, "", 480, 270, 2.0), now=viewer.now)
    viewer.playback.on_shown()
    found = await waiting
    assert found.view is not None
    assert found.view.why == Why.OFF.value
    assert found.version != seen.version
