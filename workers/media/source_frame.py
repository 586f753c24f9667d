"""One unit of the source on its way through the decoder that several renditions share."""

from __future__ import annotations

import dataclasses
from typing import Protocol

from workers.media.frame_task import FrameTask
from workers.media.route import Route


class FrameSink(Protocol):
    """Takes the frames of one rendition, or of a worker that helps with it."""

    def offer(self, task: FrameTask) -> bool:
        """Takes a frame; False once it is closed."""

    def drop(self, task: FrameTask, reason: str) -> None:
        """Notes that a frame will have no picture. From the decoding thread."""


@dataclasses.dataclass(frozen=True, slots=True)
class Taker:
    """A rendition that takes a unit of the source."""

    sink: FrameSink
    route: Route
    "``WORK``, ``COPY`` or ``DECODE``."
    recodes: bool = False
    "A copied unit is decoded too, for viewers who lack its codec."
    is_replay: bool = False
    "It is only decoded for this rendition, so that later ones can be."

    @property
    def decoded_route(self) -> Route | None:
        """The route of the decoded picture; None where the rendition needs none."""
        if self.route is not Route.COPY:
            return self.route
        return Route.RECODE if self.recodes else None


@dataclasses.dataclass(slots=True)
class SourceFrame(FrameTask):
    """A source unit with the renditions that take it; owned by the decoding thread."""

    takers: tuple[Taker, ...] = ()

    @classmethod
    def of(cls, task: FrameTask, takers: tuple[Taker, ...]) -> SourceFrame:
        """Returns a frame for these takers; it is decoded by the route of the neediest."""
        # One decoded picture serves all takers, so the frame goes the way of the one that needs
        # most: of its motion too, of the picture, or of none.
        routes = {taker.decoded_route for taker in takers}
        needy = (Route.WORK, Route.RECODE, Route.DECODE)
        route = next((each for each in needy if each in routes), Route.COPY)
        return cls(
            task.unit, route, task.arrived, is_replay=task.is_replay, stamps=task.stamps,
            takers=takers,
        )  # fmt: skip

    def task(self, route: Route, *, is_replay: bool = False) -> FrameTask:
        """Returns the frame as one rendition takes it; ``is_replay``: not to be put out there."""
        # Each rendition stamps its own list. The picture is common to all, so nobody may write into
        # it.
        return FrameTask(
            self.unit, route, self.arrived, is_replay=self.is_replay or is_replay,
            stamps=[*self.stamps], picture=self.picture, info=self.info,
        )  # fmt: skip
