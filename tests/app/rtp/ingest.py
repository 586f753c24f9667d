"""A publisher's connection without the app around it."""

from __future__ import annotations

import collections

from app.webrtc.publisher_connection import PublisherConnection, PublisherEvents
from app.webrtc.sdp_offer import check_publish_offer
from media.access_unit import AccessUnit, Kind


class Ingest:
    """A publisher's peer of ours, and all that it told."""

    def __init__(self, timeout_s: float = 30.0) -> None:
        self.units: list[AccessUnit] = []
        self.ends: list[str] = []
        self.reasons: list[str] = []
        self.layers: collections.defaultdict[str, list[AccessUnit]]
        self.layers = collections.defaultdict(list)
        self.wanted: set[str] = set()
        """Layers that somebody gets."""
        self.max_pixels: int | None = None
        """Pixels that workers enhance."""
        self.max_kbps = 0
        """Most that the publisher may send; 0: no limit."""
        self.peer = PublisherConnection(
            PublisherEvents(
                on_unit=self.units.append,
                on_end=self.ends.append,
                on_reason=self.reasons.append,
                on_layer_unit=lambda name, unit: self.layers[name].append(unit),
                is_layer_wanted=self.wanted.__contains__,
                max_pixels=lambda: self.max_pixels,
            ),
            timeout_s=timeout_s,
        )

    async def signal(self, sdp: str) -> str:
        """The answer to a publisher's offer."""
        return await self.peer.answer(
            check_publish_offer(sdp), start_kbps=1500, max_kbps=self.max_kbps
        )

    def of(self, kind: Kind) -> list[AccessUnit]:
        """The units of one kind."""
        return [unit for unit in self.units if unit.kind is kind]

    @property
    def video(self) -> list[AccessUnit]:
        """The pictures."""
        return self.of(Kind.VIDEO)
