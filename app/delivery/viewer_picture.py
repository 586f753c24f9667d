"""The picture that a viewer is shown; event streams of its session are told of its changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from app.delivery.picture_mark import Standing, Why
from app.delivery.playback_session import PlaybackSession
from app.delivery.quality_levels import SMALLER
from app.delivery.viewer_queries import PictureSeen, PictureView
from wire import keys

GONE_S = 0.14
"""Seconds without a unit after which a rendition that the source stands in for counts as gone; a
worker that is only late goes on sending, and ``rendition_switch.py`` waits longer."""


class ViewerPicture:
    """Says what a viewer is shown; whoever waits for a change is woken by the unit that brings it.

    ``adapts``: the viewer leaves the choice of the rendition to its connection.
    """

    def __init__(
        self,
        playback: PlaybackSession,
        *,
        adapts: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._playback = playback
        self._adapts = adapts
        self._clock = clock
        self._waiting: set[asyncio.Event] = set()
        playback.on_shown = self.wake

    def wake(self) -> None:
        """Wakes all who wait."""
        for each in self._waiting:
            each.set()

    def see(self) -> PictureSeen:
        """Returns what is shown now."""
        view = self._view()
        return PictureSeen(view, _version(view))

    async def await_change(self, version: str, wait_s: float) -> PictureSeen:
        """Returns what is shown, once it differs from that version; the same after ``wait_s``."""
        woken = asyncio.Event()
        self._waiting.add(woken)
        try:
            seen = self.see()
            if seen.version == version:
                async with asyncio.timeout(wait_s):
                    await woken.wait()
                seen = self.see()
        except TimeoutError:
            seen = self.see()
        finally:
            self._waiting.discard(woken)
        return seen

    def _view(self) -> PictureView | None:
        """Returns None before the first picture."""
        shown = self._playback.shown
        standing = shown.mark.standing
        if standing is None:
            return None
        name = keys.rendition_of(shown.rendition)[0]
        latency_ms = standing.latency_ms
        return PictureView(
            why=self._why(standing, name).value,
            rendition=name,
            net=standing.net,
            level=standing.level,
            width=standing.width,
            height=standing.height,
            kbps=round(shown.kbps),
            latency_ms=None if latency_ms is None else round(latency_ms),
            fraction=round(standing.fraction, 2),
        )

    def _why(self, standing: Standing, name: str) -> Why:
        playback = self._playback
        if playback.shown is not playback.preferred:
            return self._absence()
        if name in (keys.SOURCE, SMALLER) or keys.is_layer(name):
            return Why.CONNECTION if self._adapts() else Why.CHOSEN
        return standing.why

    def _absence(self) -> Why:
        """Returns why the source stands in for the viewer's rendition."""
        last_at = self._playback.preferred.mark.last_at
        # What an earlier viewer was shown says nothing of a worker that wakes up for this one.
        if last_at is None or last_at < self._playback.began_at:
            return Why.STARTING
        return Why.GONE if self._clock() - last_at > GONE_S else Why.NO_TIME


def _version(view: PictureView | None) -> str:
    """Returns a text that two views have in common where the difference is not worth telling."""
    if view is None:
        return "none"
    parts = (view.why, view.rendition, view.net, view.level, view.width, view.height)
    return " ".join(map(str, (*parts, view.latency_ms, view.fraction)))
