"""Cuts a rendition's units into segments and parts, by their capture times alone; no I/O.

Time is divided into slots of ``SEGMENT_US``, and a segment has the number of the slot that it
begins in: at the first key frame of it, or, where it has none, at its last picture. So each node
gives the same segments the same numbers, whenever it begins.
"""

from __future__ import annotations

import collections
import dataclasses

from app.hls.key_frame_need import KeyFrameNeed
from app.hls.times import SOUND_RATE, VIDEO_RATE, SoundTimes, ticks
from media.access_unit import AccessUnit, Flags, Kind
from media.cmaf.decode_times import DecodeTimes
from media.cmaf.fragments import Run, Sample, fragment
from media.cmaf.tracks import (
    SILENCE,
    SILENCE_TICKS,
    TrackFormat,
    Unpackable,
    format_of,
    init_segment,
    sample_of,
    sound_ticks,
)

SEGMENT_US = 2_000_000
"""Length of a slot; a segment is shorter than two. Shorter ones would need more key frames."""

_SEGMENT_TICKS = SEGMENT_US * VIDEO_RATE // 1_000_000
"""Length of a gap: the picture before a pause lasts up to the first one, so that a playlist counts
no time twice."""

PART_TICKS = 22_500
"""Greatest length of a part, a quarter of a second: at 24 to 60 frames a second 0.2 s or more are
in it. A player makes two requests for each."""

MAX_SOUND_PACKETS = 250
"""Packets of sound that wait for a picture; 5 s. The oldest are dropped."""

_SOUND_LAG_TICKS = SOUND_RATE // 2
"""Sound that is so far behind the pictures is taken to be missing, and silence fills the hole: a
player stops where one of two tracks ends."""

MAX_COPIES_US = 4 * 1_000_000
"""A lead that wakes copies the source at first, of another size. So the first segment waits so long
for pictures that are enhanced: players begin anew where the size changes, and some cannot."""

_USUAL_FRAME_TICKS = 3_000
_PARTS_NUMBERED = 100
"""Fragments are numbered by segment and part."""


@dataclasses.dataclass(frozen=True, slots=True)
class MadePart:
    """One part of a segment."""

    segment: int
    data: bytes
    ticks: int
    "Length in 1/90000 s."
    is_independent: bool
    "It begins with a key frame."
    started_us: int
    "Capture time of its first picture, Unix us."
    tracks: tuple[TrackFormat, ...]
    init: bytes
    "The initialization segment that it needs."
    is_first: bool
    breaks: bool
    "It is the first of a segment that a decoder cannot take as the sequel of the one before."


@dataclasses.dataclass(frozen=True, slots=True)
class SegmentEnd:
    """Nothing more belongs to this segment."""

    segment: int


Event = MadePart | SegmentEnd


@dataclasses.dataclass(frozen=True, slots=True)
class _Picture:
    sample: Sample
    capture_us: int
    format: TrackFormat

    @property
    def slot(self) -> int:
        return self.capture_us // SEGMENT_US


@dataclasses.dataclass(slots=True)
class _Open:
    """The segment that is being made."""

    number: int
    restarts: bool
    tracks: tuple[TrackFormat, ...] = ()
    "Empty before its first part."
    parts: int = 0
    pictures: list[_Picture] = dataclasses.field(default_factory=list)
    "The pictures of the part that is being made."


class Segmenter:
    """Takes the units of one log in their order; returns parts and ends of segments.

    A picture is held back until the next one comes, which tells how long it is shown.
    """

    def __init__(self) -> None:
        self.problem = ""
        "A sentence that says why pictures are not taken; empty: they are."
        self.unpackable = 0
        "Units that have no place in MP4."
        self._decoding = DecodeTimes()
        self._sounding = SoundTimes()
        self._sound: collections.deque[Sample] = collections.deque(maxlen=MAX_SOUND_PACKETS)
        self._sound_format: TrackFormat | None = None
        self._sound_end = 0
        self._need = KeyFrameNeed(SEGMENT_US)
        self._open: _Open | None = None
        self._held: _Picture | None = None
        self._last_number = -1
        self._last_tracks: tuple[TrackFormat, ...] = ()
        self._init = b""
        self._restarts = False
        self._awaits_key = True
        self._first_copy_us: int | None = None

    @property
    def wants_key_frame(self) -> bool:
        """True while the next segment waits for a key frame."""
        return self._need.is_due

    def take(self, unit: AccessUnit) -> list[Event]:
        """Takes one unit."""
        if unit.kind is Kind.AUDIO:
            self._take_sound(unit)
            return []
        picture = self._picture(unit)
        return [] if picture is None else self._take_picture(picture)

    def restart(self) -> list[Event]:
        """Notes that another publisher's units follow, whose first picture is a key frame."""
        events: list[Event] = []
        if self._held is not None:
            events += self._append(self._held, _USUAL_FRAME_TICKS, is_last=True)
            events += self._end()
        self._decoding, self._sounding = DecodeTimes(), SoundTimes()
        self._sound.clear()
        self._sound_format = None
        self._held, self._awaits_key = None, True
        self._restarts = self._last_number >= 0
        return events

    def _picture(self, unit: AccessUnit) -> _Picture | None:
        """Returns the picture of a unit; None where it has no place."""
        if self._awaits_key and (not unit.is_key or self._is_early_copy(unit)):
            return None
        try:
            found = format_of(unit) if unit.is_key else None
            data = sample_of(unit)
        except Unpackable as error:
            self.unpackable += 1
            self.problem, self._awaits_key = str(error), True
            return None
        self.problem, self._awaits_key = "", False
        form = found or (self._held.format if self._held is not None else None)
        if form is None:
            return None
        shown = ticks(unit.capture_us, VIDEO_RATE)
        time = self._decoding.place(shown, is_key=unit.is_key)
        sample = Sample(data, time, _USUAL_FRAME_TICKS, shown - time, unit.is_key)
        return _Picture(sample, unit.capture_us, form)

    def _is_early_copy(self, unit: AccessUnit) -> bool:
        """True for a copy of the source in an enhanced log that nothing was packaged of yet."""
        if self._last_number >= 0 or Flags.BYPASS not in unit.flags:
            return False
        if self._first_copy_us is None:
            self._first_copy_us = unit.capture_us
        return unit.capture_us - self._first_copy_us < MAX_COPIES_US

    def _take_picture(self, new: _Picture) -> list[Event]:
        events: list[Event] = []
        held, is_key = self._held, new.sample.is_sync
        if held is None or self._open is None:
            self._begin(max(new.slot, self._last_number + 1))
        else:
            if held.slot > self._open.number and new.slot > held.slot:
                # Its slot has passed without a key frame: the segment begins with its last picture.
                events += self._end()
                self._begin(held.slot)
            missing = max(0, new.slot - self._open.number - 1)
            # Behind slots in which nothing was captured a segment begins with any picture.
            begins = missing > 0 or (
                is_key and (new.slot > self._open.number or new.format != held.format)
            )
            duration = max(1, new.sample.time - held.sample.time - missing * _SEGMENT_TICKS)
            events += self._append(held, duration, is_last=begins)
            if begins:
                events += self._end()
                self._begin(max(new.slot, self._last_number + 1))
        self._held = new
        self._need.take(new.capture_us, is_key=is_key, has_begun=new.slot <= self._last_number)
        return events

    def _begin(self, number: int) -> None:
        self._open = _Open(number, self._restarts)
        self._restarts = False
        self._last_number = number

    def _append(self, picture: _Picture, duration: int, *, is_last: bool) -> list[Event]:
        """Adds a picture to the part, and cuts the part where another one would not fit."""
        assert self._open is not None
        events: list[Event] = []
        placed = dataclasses.replace(
            picture, sample=dataclasses.replace(picture.sample, duration=duration)
        )
        waiting = self._open.pictures
        if waiting and placed.sample.end - waiting[0].sample.time > PART_TICKS:
            events.append(self._cut())
        self._open.pictures.append(placed)
        length = placed.sample.end - self._open.pictures[0].sample.time
        if is_last or length + duration > PART_TICKS:
            events.append(self._cut())
        return events

    def _end(self) -> list[Event]:
        """Ends the segment."""
        if self._open is None:
            return []
        events: list[Event] = [self._cut()] if self._open.pictures else []
        events.append(SegmentEnd(self._open.number))
        self._open = None
        return events

    def _cut(self) -> MadePart:
        """Makes a part of what waits."""
        assert self._open is not None
        now, pictures = self._open, self._open.pictures
        first, end = pictures[0], pictures[-1].sample.end
        breaks = now.restarts
        if not now.tracks:
            now.tracks = self._tracks(first)
            # The first segment of all follows none.
            changes = now.tracks != self._last_tracks
            breaks = breaks or (changes and bool(self._last_tracks))
            if changes:
                self._init = init_segment(now.tracks)
            self._last_tracks = now.tracks
        runs = [Run(1, [picture.sample for picture in pictures])]
        if len(now.tracks) > 1:
            runs.append(Run(2, self._sound_until(first.sample.time, end)))
        self._forget_sound(end)
        number = now.number * _PARTS_NUMBERED + now.parts
        made = MadePart(
            segment=now.number,
            data=fragment(number, runs),
            ticks=end - first.sample.time,
            is_independent=first.sample.is_sync,
            started_us=first.capture_us,
            tracks=now.tracks,
            init=self._init,
            is_first=now.parts == 0,
            breaks=now.parts == 0 and breaks,
        )
        now.parts += 1
        now.pictures = []
        return made

    def _tracks(self, first: _Picture) -> tuple[TrackFormat, ...]:
        return (first.format, *filter(None, [self._sound_format]))

    def _take_sound(self, unit: AccessUnit) -> None:
        length = sound_ticks(unit)
        if not length:
            return
        if self._sound_format is None:
            try:
                self._sound_format = format_of(unit)
            except Unpackable:
                return
        time = self._sounding.place(unit)
        # What silence stands for already comes too late.
        if time < self._sound_end:
            if self._sound_end - time < SILENCE_TICKS // 2:
                time = self._sound_end
            else:
                return
        self._sound.append(Sample(unit.payload, time, length))
        self._sound_end = time + length

    def _sound_until(self, begin: int, end: int) -> list[Sample]:
        """Returns the sound that waits, with silence where none has come for long."""
        begin, end = (at * SOUND_RATE // VIDEO_RATE for at in (begin, end))
        found = [
            each
            for each in self._sound
            if each.end > begin - _SOUND_LAG_TICKS and each.time <= end + _SOUND_LAG_TICKS
        ]
        at = max(found[-1].end if found else self._sound_end, begin - _SOUND_LAG_TICKS)
        while at + SILENCE_TICKS <= end - _SOUND_LAG_TICKS:
            found.append(Sample(SILENCE, at, SILENCE_TICKS))
            at += SILENCE_TICKS
            self._sound_end = max(self._sound_end, at)
        return found

    def _forget_sound(self, end: int) -> None:
        """Drops the sound of a part. What comes in a pause of the pictures is for a later one."""
        last = end * SOUND_RATE // VIDEO_RATE + _SOUND_LAG_TICKS
        while self._sound and self._sound[0].time <= last:
            self._sound.popleft()
