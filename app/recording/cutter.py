"""Cuts units into fragments and files; no I/O, no clock but the units' own.

A fragment is what is lost at most when a process dies while it writes. It begins with a key frame
where one comes. A file begins with a key frame: at first, when codec, size or sound change, when
the file is long or large enough, and behind whatever the disk refused.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Hashable, Iterable

from app.recording.file_timeline import FileTimeline
from media.access_unit import AccessUnit, Kind
from media.container import PlacedUnit, Tracks

MAX_EARLY_SOUNDS = 250
"""Packets of sound that wait for the first picture: 5 s, more than a worker needs to begin."""

MAX_FRAGMENT_US = 1_000_000
"""Length of a fragment at most, where several seconds waited for the disk."""

MIN_GAP_US = 500_000
GAP_INTERVALS = 4
"""Time without pictures before a key frame above which something is missing, and the same as
intervals of a stream of few pictures a second."""

USUAL_DURATION_US = 33_333
"""The duration of a file's last picture, behind which nothing comes."""


@dataclasses.dataclass(frozen=True, slots=True)
class FileLimits:
    """The length and size at which a file is followed by another one."""

    file_us: int = 3_600_000_000
    "An hour: what one seeks in and downloads in one piece."
    file_bytes: int = 2 * 2**30
    "Bytes of units; players and file systems of all kinds take files below 4 GiB."


USUAL_LIMITS = FileLimits()


@dataclasses.dataclass(frozen=True, slots=True)
class RecordedFragment:
    """Samples to be written in one piece."""

    samples: tuple[PlacedUnit, ...]
    begins: Tracks | None = None
    "The tracks of the file that it begins; None: it goes to the file of the one before."
    gap_us: int = 0
    "Length of what is missing before it."

    @property
    def last_capture_us(self) -> int:
        """The time of capture of the last picture, 0 without one."""
        times = (s.unit.capture_us for s in self.samples if s.unit.kind is Kind.VIDEO)
        return max(times, default=0)


class Cutter:
    """Makes fragments of the units of one rendition and of its sound."""

    def __init__(
        self,
        *,
        has_audio: bool,
        format_key: Callable[[AccessUnit], Hashable],
        after_us: int = 0,
        limits: FileLimits = USUAL_LIMITS,
    ) -> None:
        """``format_key`` tells what the pictures of a file have in common, by a key frame, and None
        for one that no file can hold. ``after_us`` is the time of the last picture in the file of
        another node, 0 for none.
        """
        self.has_audio = has_audio
        "True if the next file has a track for sound."
        self._limits = limits
        self._timeline: FileTimeline | None = None
        self._tracks: Tracks | None = None
        self._format_key = format_key
        self._format: Hashable = None
        self._is_new = False
        "The file's first fragment is not cut yet."
        self._bytes = 0
        self._early: collections.deque[AccessUnit] = collections.deque(maxlen=MAX_EARLY_SOUNDS)
        self._held: PlacedUnit | None = None
        "The last picture, whose duration the next one tells."
        self._samples: list[PlacedUnit] = []
        self._needs_key = True
        self._last_us = after_us
        self._interval_us = 0
        "Time between the last two pictures."
        self._gap_us = 0
        "Length of what is missing before the fragment that is being filled."

    def add(self, units: Iterable[AccessUnit]) -> list[RecordedFragment]:
        """Returns the fragments that units make; all but the last picture is in them."""
        made: list[RecordedFragment] = []
        for unit in units:
            if unit.kind is Kind.VIDEO:
                self._add_picture(unit, made)
            elif self._timeline is None:
                self._early.append(unit)
            else:
                self._add_sound(unit, self._timeline)
        self._cut(made)
        return made

    def restart(self) -> None:
        """Gives up what is not cut yet; the next key frame begins another file."""
        self._timeline = self._tracks = self._held = self._format = None
        self._samples.clear()
        self._needs_key = True

    def end(self) -> list[RecordedFragment]:
        """Returns what is left, with the last picture."""
        made: list[RecordedFragment] = []
        if self._held is not None:
            self._release(USUAL_DURATION_US)
        self._cut(made)
        self.restart()
        return made

    def _add_picture(self, unit: AccessUnit, made: list[RecordedFragment]) -> None:
        if self._needs_key and not unit.is_key:
            return
        if unit.is_key:
            key = self._format_key(unit)
            if key is None:
                self._needs_key = True
                return
            if key != self._format or self._needs_file(unit):
                made += self._end_file()
                self._begin_file(unit)
                self._format = key
        timeline = self._timeline
        if timeline is None:
            return
        time_us, offset_us = timeline.place_picture(unit)
        if self._held is not None:
            self._release(time_us - self._held.time_us)
        if unit.is_key or self._length_us(time_us) >= MAX_FRAGMENT_US:
            self._cut(made)
        self._note_gap(unit)
        self._needs_key = False
        self._held = PlacedUnit(unit, time_us, USUAL_DURATION_US, offset_us)
        self._bytes += len(unit.payload)

    def _note_gap(self, unit: AccessUnit) -> None:
        interval_us, self._last_us = unit.capture_us - self._last_us, unit.capture_us
        if interval_us == unit.capture_us:
            return  # nothing was recorded before it
        # What comes behind a loss, and from a publisher who comes back, is a key frame.
        if unit.is_key and interval_us > max(MIN_GAP_US, GAP_INTERVALS * self._interval_us):
            self._gap_us = interval_us
        elif not self._needs_key:
            self._interval_us = interval_us

    def _add_sound(self, unit: AccessUnit, timeline: FileTimeline) -> None:
        placed = timeline.place_sound(unit)
        if placed is not None and self._tracks is not None and self._tracks.has_audio:
            self._samples.append(PlacedUnit(unit, *placed))
            self._bytes += len(unit.payload)

    def _needs_file(self, unit: AccessUnit) -> bool:
        tracks, timeline = self._tracks, self._timeline
        if tracks is None or timeline is None:
            return True
        if tracks.has_audio is not self.has_audio or timeline.is_broken_by(unit):
            return True
        is_long = unit.capture_us - tracks.started_us >= self._limits.file_us
        return is_long or self._bytes >= self._limits.file_bytes

    def _begin_file(self, unit: AccessUnit) -> None:
        self._timeline = FileTimeline(unit)
        self._tracks = Tracks(unit, self.has_audio, unit.capture_us)
        self._is_new = True
        self._bytes = 0
        sounds, self._early = self._early, collections.deque(maxlen=MAX_EARLY_SOUNDS)
        for sound in sounds:
            self._add_sound(sound, self._timeline)

    def _end_file(self) -> list[RecordedFragment]:
        if self._tracks is None:
            return []
        needs_key, made = self._needs_key, self.end()
        self._needs_key = needs_key
        return made

    def _length_us(self, time_us: int) -> int:
        return time_us - self._samples[0].time_us if self._samples else 0

    def _release(self, duration_us: int) -> None:
        """Puts the picture that was held back into the fragment."""
        if self._held is not None:
            lasting = dataclasses.replace(self._held, duration_us=max(1, duration_us))
            self._samples.append(lasting)
            self._held = None

    def _cut(self, made: list[RecordedFragment]) -> None:
        # Sound alone does not begin a file: a player looks for the picture first.
        has_picture = any(sample.unit.kind is Kind.VIDEO for sample in self._samples)
        if not self._samples or (self._is_new and not has_picture):
            return
        begins = self._tracks if self._is_new else None
        made.append(
            RecordedFragment(tuple(self._samples), begins, self._gap_us if has_picture else 0)
        )
        self._samples.clear()
        self._is_new = False
        if has_picture:
            self._gap_us = 0
