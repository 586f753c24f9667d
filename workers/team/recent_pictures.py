"""Decoded pictures of the last second, by the sequence numbers of their units."""

from __future__ import annotations

import enum
import threading
from collections import OrderedDict

from wire.batch import is_repeated
from workers.media.picture import Picture, Plane

__all__ = ["MAX_BYTES", "MAX_KEPT_S", "Presence", "RecentPictures"]

MAX_KEPT_S = 1.0
"""Seconds for which a picture is kept: a task for an older one would miss any playout deadline,
which is 260 ms at most, even over a link that is half a second slower than the lead's."""

MAX_BYTES = 96 * 1024 * 1024
"""Bytes of the pictures that are kept: a second of 1920x1080 at 30 frames a second."""


class Presence(enum.Enum):
    """The place of a frame on its way here."""

    COMING = "coming"
    "It was not read yet, or is being decoded."
    HERE = "here"
    "Its picture can be had."
    GONE = "gone"
    "It was lost, could not be decoded, or is too old: it will not come any more."


class RecentPictures:
    """Pictures of one stream. The loop reads units, the decoding thread puts or loses them, and any
    thread asks.
    """

    def __init__(self, *, max_kept_s: float = MAX_KEPT_S, max_bytes: int = MAX_BYTES) -> None:
        self._max_kept_s = max_kept_s
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._newest: int | None = None
        "The newest unit that was read."
        self._inside: set[int] = set()
        "Units that were read, and became neither a picture nor lost so far."
        self._kept: OrderedDict[int, tuple[float, Picture, int]] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def read(self, sequence: int) -> None:
        """Notes that a unit goes to the decoder; units come in their order."""
        with self._lock:
            self._newest = sequence
            self._inside.add(sequence)

    def put(self, sequence: int, picture: Picture, *, at: float, pts: int = 0) -> None:
        """Keeps the picture of a unit that arrived ``at`` seconds; the oldest ones go."""
        with self._lock:
            self._inside.discard(sequence)
            # The picture itself and no copy: its memory is the decoder's, which takes a new one.
            self._kept[sequence] = at, picture, pts
            self._bytes += _size(picture)
            while self._is_over(at):
                _, (_, oldest, _) = self._kept.popitem(last=False)
                self._bytes -= _size(oldest)

    def lose(self, sequence: int) -> None:
        """Notes that a unit becomes no picture."""
        with self._lock:
            self._inside.discard(sequence)

    def restart(self) -> None:
        """Forgets all: the units that follow may have any numbers."""
        with self._lock:
            self._newest, self._bytes = None, 0
            self._inside.clear()
            self._kept.clear()

    def presence(self, sequence: int) -> Presence:
        """Returns where the frame of a unit is."""
        with self._lock:
            if sequence in self._kept:
                return Presence.HERE
            if sequence in self._inside or not is_repeated(sequence, self._newest):
                return Presence.COMING
            # Units are read in their order, so one that was passed over does not come.
            return Presence.GONE

    def luma(self, sequence: int) -> Plane | None:
        """Returns the decoded luma of a unit, not to be written to; None if it is not here."""
        found = self._kept.get(sequence)
        return None if found is None else found[1].y

    def pts(self, sequence: int) -> int | None:
        """Returns the presentation time of a unit, in its ticks; None if it is not here."""
        found = self._kept.get(sequence)
        return None if found is None else found[2]

    def newest(self) -> Plane | None:
        """Returns the luma of the last picture that came; None before the first."""
        with self._lock:
            found = next(reversed(self._kept.values()), None)
        return None if found is None else found[1].y

    def _is_over(self, newest_at: float) -> bool:
        if len(self._kept) < 2:
            return False
        # Age is by arrival: after a replay hundreds of pictures come at once.
        first_at, *_ = next(iter(self._kept.values()))
        return newest_at - first_at > self._max_kept_s or self._bytes > self._max_bytes


def _size(picture: Picture) -> int:
    # Luma and two chroma planes of a quarter each.
    return 3 * picture.width * picture.height // 2
