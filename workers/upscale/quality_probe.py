"""Measures a picture of a rendition now and then, on a thread of its own."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import os
import threading

from workers.media.picture import Picture, Plane
from workers.upscale.gain_model import LIVE, GainModel
from workers.upscale.live_quality import MeasuredQuality, measure

PERIOD_S = 10.0
"""Seconds between pictures that are measured: six a minute, each ten milliseconds of a core."""

KEPT_S = 120.0
"""Seconds for which a measurement counts."""

_NICE = 10
"""Niceness of the measuring thread: frames of live streams come first."""

_Found = tuple[float, MeasuredQuality, float | None]


@dataclasses.dataclass(frozen=True, slots=True)
class QualityFigures:
    """Averages over the last two minutes."""

    pictures: int
    "Number of pictures that were measured."
    consistency_db: float
    sharpness: float
    gain_db: float | None
    "Estimated PSNR over bicubic interpolation; None for nets that the estimate was not fitted to."
    error_db: float
    "Root mean squared error of the estimate on streams that it has not seen."


@dataclasses.dataclass(frozen=True, slots=True)
class Probed:
    """A picture as it came and as it was made."""

    source: Picture
    made: Picture
    model: str
    "Name of the net that works on the rendition."
    is_resized: bool
    "No net worked on this picture."
    strength: float = 0.0
    "Strength of the style."


class QualityProbe:
    """Takes the pictures of one rendition in order, and measures one of them every ``PERIOD_S``.

    ``offer`` is for one thread, ``read`` for any. While a picture is measured, no other one is; so
    it never waits, and at most one copy of a picture is held.
    """

    def __init__(self, model: GainModel = LIVE) -> None:
        self._model = model
        self._found: collections.deque[tuple[float, MeasuredQuality, float | None]] = (
            collections.deque(maxlen=int(KEPT_S / PERIOD_S))
        )
        self._lock = threading.Lock()
        self._is_measuring = False
        self._due: float | None = None
        self._made_by = ""

    def offer(self, probed: Probed, *, now: float) -> None:
        """Takes a picture; copies its luma if it is the turn of one."""
        source, made = probed.source, probed.made
        if probed.model != self._made_by:
            # What another net made tells nothing of this one. Its first pictures are left out too.
            self._made_by, self._due = probed.model, now + PERIOD_S / 2
            self._forget()
        if self._due is None or now < self._due or self._is_measuring or made.width <= source.width:
            return
        self._due, self._is_measuring = now + PERIOD_S, True
        # The encoder, and the next frame, work on the same memory.
        planes = source.y.copy(), made.y.copy()
        threading.Thread(
            target=self._measure,
            args=(planes, probed, now),
            name="measure quality",
            daemon=True,
        ).start()

    def read(self, *, now: float) -> QualityFigures | None:
        """Returns the averages; None while nothing was measured of late."""
        with self._lock:
            found = [each for each in self._found if now - each[0] <= KEPT_S]
        if not found:
            return None
        gains = [gain for _, _, gain in found if gain is not None]
        return QualityFigures(
            pictures=len(found),
            consistency_db=sum(each.consistency_db for _, each, _ in found) / len(found),
            sharpness=sum(each.sharpness for _, each, _ in found) / len(found),
            gain_db=sum(gains) / len(gains) if len(gains) == len(found) else None,
            error_db=self._model.error_db,
        )

    def _forget(self) -> None:
        with self._lock:
            self._found.clear()

    def _measure(self, planes: tuple[Plane, Plane], probed: Probed, now: float) -> None:
        try:
            _be_nice()
            found = measure(*planes, strength=probed.strength)
            with self._lock:
                if probed.model == self._made_by:
                    self._found.append((now, found, self._gain(found, probed)))
        finally:
            self._is_measuring = False

    def _gain(self, found: MeasuredQuality, probed: Probed) -> float | None:
        # A resized picture is what gains are counted from.
        if probed.is_resized:
            return 0.0
        scale = probed.made.width / probed.source.width
        return found.gain_db(self._model) if self._model.holds_for(probed.model, scale) else None


def _be_nice() -> None:
    # Linux gives each thread a niceness of its own; elsewhere it is the process's, and left.
    if hasattr(os, "setpriority") and os.uname().sysname == "Linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
