"""One packager: a consumer of a rendition's reader that cuts its units and lets players wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from app.hls.playlist import media_playlist
from app.hls.segmenter import Event, Segmenter
from app.hls.window import Window
from app.streams.rendition_reader import RenditionReader
from media.access_unit import AccessUnit

IDLE_S = 10.0
"""A packager ends so long after the last request: players without low latency ask for a playlist
every four seconds, and once more where one was lost."""


class Packager:
    """Follows one rendition while players ask for it, also from one publisher to the next."""

    def __init__(self, stream: str, rendition: str, *, on_end: Callable[[Packager], None]) -> None:
        """``on_end`` is called when the reader has ended or nobody asks any more."""
        self.stream = stream
        self.rendition = rendition
        self.window = Window()
        self.epoch = 0
        "The publisher's whose units come."
        self._on_end = on_end
        self._segmenter = Segmenter()
        self._reader: RenditionReader | None = None
        self._changed = asyncio.Event()
        self._asked_at = time.monotonic()
        self._text: dict[bool, tuple[int, str]] = {}

    def read(self, reader: RenditionReader) -> None:
        """Takes units of a reader from now on, in place of those of an earlier one."""
        self._take_events(self._segmenter.restart())
        self.window.go_on()
        self.epoch, self._reader = reader.session, reader
        reader.attach(self)

    @property
    def is_reading(self) -> bool:
        """False once its reader has ended."""
        return self._reader is not None

    @property
    def problem(self) -> str:
        """A sentence that says why nothing is there; empty: there is something, or will be."""
        return self._segmenter.problem

    @property
    def unpackable(self) -> int:
        """Units that have no place in MP4."""
        return self._segmenter.unpackable

    def ask(self) -> None:
        """Notes that a player has asked, which keeps the packager going."""
        self._asked_at = time.monotonic()

    @property
    def is_needed(self) -> bool:
        """True while players ask."""
        return time.monotonic() - self._asked_at < IDLE_S

    def take(self, unit: AccessUnit) -> None:
        """Takes one unit; ends where nobody asks any more, whoever else needs the reader."""
        if not self.is_needed:
            self.stop()
            return
        self._take_events(self._segmenter.take(unit))
        if self._segmenter.wants_key_frame and self._reader is not None:
            self._reader.request_key_frame()

    def on_gap(self) -> None:
        """Does nothing: the next unit is a key frame, and times tell how long the gap is."""

    def on_end(self) -> None:
        """Notes that the reader has ended."""
        self._reader = None
        self._on_end(self)

    def stop(self) -> None:
        """Takes no more units."""
        if self._reader is not None:
            self._reader.detach(self)
            self.on_end()

    def finish(self) -> None:
        """Ends the playlist: no other publisher follows."""
        self._take_events(self._segmenter.restart())
        self.window.end()
        self._wake()

    def playlist(self, *, skips: bool) -> str:
        """Returns the playlist as it is now; made once for all players."""
        version, text = self._text.get(skips, (-1, ""))
        if version != self.window.version:
            version, text = self.window.version, media_playlist(self.window, skips=skips)
            self._text[skips] = (version, text)
        return text

    async def wait_for(self, condition: Callable[[], bool], *, seconds: float) -> bool:
        """Waits until a condition on the window holds; False if it does not in time."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def wait_until_idle(self) -> None:
        """Waits until nobody has asked for ``IDLE_S``, or another reader's units come."""
        rest = IDLE_S
        while rest > 0 and not self.is_reading:
            await asyncio.sleep(rest)
            rest = self._asked_at + IDLE_S - time.monotonic()

    def _take_events(self, events: list[Event]) -> None:
        for event in events:
            self.window.take(event)
        if events:
            self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
