"""The logs of a rendition that its lead writes, and their part of its heartbeat."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from wire import keys
from wire.heartbeat import RenditionWork
from wire.site import SiteLead
from workers.encode.step import EncodeStep, Made
from workers.runtime.frame_counters import FrameCounters
from workers.session.log_publisher import LogPublisher


class Renditions:
    """All logs of one rendition; used from the loop. ``lost`` is called with the name of a log
    whose units did not arrive.
    """

    def __init__(
        self,
        lead: SiteLead,
        rendition: str,
        epoch: int,
        counters: FrameCounters,
        *,
        lost: Callable[[str], None],
    ) -> None:
        self._publishers: dict[str, LogPublisher] = {}
        for name in keys.logs_of(rendition):
            writer = lead.writer(name, epoch)
            self._publishers[name] = LogPublisher(writer, counters, lost=partial(lost, name))

    def put(self, made: Made) -> None:
        """Appends a unit soon, or empties a log. In the order of the calls for each log."""
        publisher = self._publishers[made.rendition]
        if made.unit is None:
            publisher.clear()
        else:
            publisher.put(made.unit, counted=made.is_counted)

    def clear(self, *, but: frozenset[str] = frozenset()) -> None:
        """Empties the logs: a viewer must not be greeted with pictures of long ago."""
        for name, publisher in self._publishers.items():
            if name not in but:
                publisher.clear()

    async def run(self, name: str) -> None:
        """Appends to one log until cancelled. Raises Fenced or StreamGone."""
        await self._publishers[name].run()

    def rates(self) -> tuple[float, float]:
        """Returns (frames per second, kbit/s) of the log that gets the most frames now."""
        # Logs of several codecs hold the same pictures: the sum would count them twice.
        return max(publisher.rates() for publisher in self._publishers.values())

    def work(self, steps: tuple[EncodeStep, ...]) -> list[RenditionWork]:
        """Returns the logs' part of the heartbeat; a log that nobody ever watched is left out."""
        found = []
        for step in steps:
            for name in sorted(step.logs):
                publisher = self._publishers[name]
                if not publisher.frames and name not in step.wanted:
                    continue
                fps, kbps = publisher.rates()
                found.append(
                    RenditionWork(
                        name=name,
                        codec=publisher.codec or step.codec.name.lower(),
                        watched=name in step.wanted,
                        width=publisher.size[0],
                        height=publisher.size[1],
                        fps=round(fps, 2),
                        kbps=round(kbps, 1),
                        frames=publisher.frames,
                        key_frames=publisher.key_frames,
                        encoded=step.coded,
                        refined=step.refined,
                        left_out=step.left_out,
                        encode_ms=round(1000.0 * step.spent_s / max(1, step.coded), 2),
                    )
                )
        return found
