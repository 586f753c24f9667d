"""A small picture every few seconds, of what is decoded anyway."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable

from tests.app.peers import until
from wire.errors import ServerAway
from wire.thumbnail import JPEG_START, Thumbnail
from workers.media.picture import Picture
from workers.source.thumbnail_maker import ThumbnailMaker

from ..clips import picture


class Source:
    """A decoder in the test's hands."""

    epoch = 7

    def __init__(self) -> None:
        self.taker: Callable[[Picture], None] | None = None
        self.asked = 0

    def show_next(self, taker: Callable[[Picture], None]) -> None:
        self.taker = taker
        self.asked += 1

    async def decode(self, made: Picture) -> None:
        """Decodes a picture on another thread."""
        await until(lambda: self.taker is not None)
        taker, self.taker = self.taker, None
        assert taker is not None
        await asyncio.to_thread(taker, made)


class Site:
    """Keeps what it is shown; away while it is told so."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, Thumbnail]] = []
        self.is_away = False

    async def show(self, epoch: int, made: Thumbnail) -> None:
        if self.is_away:
            raise ServerAway("gone")
        self.shown.append((epoch, made))


@dataclasses.dataclass
class Place:
    """A maker at work."""

    source: Source
    site: Site
    task: asyncio.Task[None]

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def working(period_s: float = 0.0) -> Place:
    source, site = Source(), Site()
    maker = ThumbnailMaker(site, source, "cam1", period_s=period_s)  # type: ignore[arg-type]
    return Place(source, site, asyncio.create_task(maker.run(), name="maker"))


async def test_pictures_are_made_small_and_shown_with_their_epoch_and_time() -> None:
    place = working()
    for index in range(2):
        await place.source.decode(picture(index, 64, 48))
    await until(lambda: len(place.site.shown) == 2)
    assert {epoch for epoch, _ in place.site.shown} == {7}
    first, second = (made for _, made in place.site.shown)
    assert first.at_us < second.at_us
    assert first.jpeg.startswith(JPEG_START) and first.jpeg != second.jpeg
    await place.end()


async def test_one_picture_is_asked_for_in_a_period() -> None:
    place = working(period_s=60.0)
    await place.source.decode(picture(0, 64, 48))
    await until(lambda: len(place.site.shown) == 1)
    assert place.source.asked == 1 and place.source.taker is None
    await place.end()


async def test_a_server_that_is_away_costs_a_picture_only() -> None:
    place = working()
    place.site.is_away = True
    await place.source.decode(picture(0, 64, 48))
    await until(lambda: place.source.asked == 2)
    place.site.is_away = False
    await place.source.decode(picture(1, 64, 48))
    await until(lambda: len(place.site.shown) == 1)
    await place.end()


async def test_a_picture_that_cannot_be_made_small_is_left_out() -> None:
    place = working()
    broken = dataclasses.replace(picture(0, 64, 48), frame=_Unusable())
    await place.source.decode(broken)
    await place.source.decode(picture(1, 64, 48))
    await until(lambda: len(place.site.shown) == 1)
    await place.end()


class _Unusable:
    """A frame that FFmpeg refuses to scale."""

    width, height = 64, 48

    def reformat(self, **_: object) -> None:
        raise ValueError("no such format")
