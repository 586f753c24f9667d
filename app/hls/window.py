"""The last segments of a rendition, with their parts, as players may ask for them; no I/O."""

from __future__ import annotations

import dataclasses
import hashlib

from app.hls.segmenter import SEGMENT_US, Event, MadePart, SegmentEnd
from media.cmaf.tracks import TrackFormat

MAX_SEGMENTS = 20
"""Segments in a playlist, 40 s: enough for a player that was away, and for playlists that leave out
what the player has."""

_KEPT_LONGER = 3
"""Segments that can be had after they left the playlist: a player may have read it just before."""

MAX_BYTES = 48 * 1024 * 1024
"""Bytes of a window: 40 s of 9 Mbit/s. Of more, fewer segments are kept."""
MIN_SEGMENTS = 3

VIDEO_RATE = 90_000


@dataclasses.dataclass(frozen=True, slots=True)
class KeptPart:
    """One part of a segment in the window."""

    data: bytes
    seconds: float
    is_independent: bool


@dataclasses.dataclass(slots=True)
class Segment:
    """One segment in the window."""

    number: int
    init: str
    "Name of the initialization segment."
    started_us: int
    breaks: bool = False
    "A discontinuity stands before it."
    is_gap: bool = False
    "Nothing was captured in its time."
    is_whole: bool = False
    parts: list[KeptPart] = dataclasses.field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Its length so far."""
        return SEGMENT_US / 1e6 if self.is_gap else sum(part.seconds for part in self.parts)

    @property
    def bytes(self) -> int:
        """Its size so far."""
        return sum(len(part.data) for part in self.parts)


class Window:
    """Keeps segments in the order of their numbers, without a hole."""

    def __init__(self) -> None:
        self._segments: list[Segment] = []
        self._inits: dict[str, bytes] = {}
        self.tracks: tuple[TrackFormat, ...] = ()
        "Tracks of the newest part."
        self.version = 0
        "Grows with each change."
        self._breaks_forgotten = 0
        self.is_over = False
        "Nothing follows any more."

    def take(self, event: Event) -> None:
        """Takes what the segmenter made."""
        self.version += 1
        if isinstance(event, SegmentEnd):
            if self._segments and self._segments[-1].number == event.segment:
                self._segments[-1].is_whole = True
            return
        self._add(event)
        self._trim()

    def end(self) -> None:
        """Notes that nothing follows."""
        self.version += 1
        self.is_over = True
        if self._segments:
            self._segments[-1].is_whole = True

    def go_on(self) -> None:
        """Notes that another publisher's segments follow."""
        self.version += 1
        self.is_over = False

    @property
    def listed(self) -> list[Segment]:
        """The segments of the playlist, the newest last, which may be unfinished."""
        return self._segments[-MAX_SEGMENTS:]

    @property
    def discontinuity_sequence(self) -> int:
        """Discontinuities that stood before what is listed now."""
        left = self._segments[:-MAX_SEGMENTS]
        return self._breaks_forgotten + sum(each.breaks for each in left)

    @property
    def is_playable(self) -> bool:
        """True once it has a whole segment, which players need to begin."""
        return any(each.is_whole and not each.is_gap for each in self.listed)

    @property
    def next_place(self) -> tuple[int, int]:
        """The (segment, part) that is made next."""
        if not self._segments:
            return 0, 0
        last = self._segments[-1]
        return (last.number + 1, 0) if last.is_whole else (last.number, len(last.parts))

    def has(self, number: int, part: int | None) -> bool:
        """True if a segment is whole, or has that part; also for what is older than the window."""
        place = self.next_place
        return place[0] > number if part is None else place > (number, part)

    def is_kept(self, number: int) -> bool:
        """True for a segment that can be had, or is still to come."""
        return bool(self._segments) and number >= self._segments[0].number

    def data(self, number: int, part: int | None) -> bytes | None:
        """Returns a part, or a whole segment; None where there is none."""
        found = next((each for each in self._segments if each.number == number), None)
        if found is None or found.is_gap:
            return None
        if part is None:
            return b"".join(each.data for each in found.parts) if found.is_whole else None
        return found.parts[part].data if part < len(found.parts) else None

    def init(self, name: str) -> bytes | None:
        """Returns an initialization segment."""
        return self._inits.get(name)

    @property
    def bits_per_s(self) -> tuple[int, int]:
        """(peak, average) rate of the whole segments; zeros where there is none."""
        whole = [each for each in self.listed if each.is_whole and each.seconds > 0.5]
        if not whole:
            return 0, 0
        peak = max(8 * each.bytes / each.seconds for each in whole)
        mean = 8 * sum(each.bytes for each in whole) / sum(each.seconds for each in whole)
        return round(peak), round(mean)

    def _add(self, part: MadePart) -> None:
        self.tracks = part.tracks
        if part.is_first:
            self._fill(part.segment, part.started_us)
            name = hashlib.blake2b(part.init, digest_size=6).hexdigest()
            self._inits[name] = part.init
            self._segments.append(Segment(part.segment, name, part.started_us, part.breaks))
        seconds = part.ticks / VIDEO_RATE
        self._segments[-1].parts.append(KeptPart(part.data, seconds, part.is_independent))

    def _fill(self, number: int, started_us: int) -> None:
        """Puts gaps where nothing was captured; forgets all before a long pause."""
        if not self._segments:
            return
        last = self._segments[-1]
        last.is_whole = True
        missing = range(last.number + 1, number)
        if len(missing) > MAX_SEGMENTS:
            self._breaks_forgotten += sum(each.breaks for each in self._segments)
            self._segments.clear()
        else:
            for each in missing:
                at = started_us - (number - each) * SEGMENT_US
                self._segments.append(Segment(each, last.init, at, is_gap=True, is_whole=True))

    def _trim(self) -> None:
        def is_full() -> bool:
            size = sum(each.bytes for each in self._segments)
            return len(self._segments) > MAX_SEGMENTS + _KEPT_LONGER or (
                size > MAX_BYTES and len(self._segments) > MIN_SEGMENTS
            )

        while is_full():
            self._breaks_forgotten += self._segments.pop(0).breaks
        used = {each.init for each in self._segments}
        self._inits = {name: data for name, data in self._inits.items() if name in used}
