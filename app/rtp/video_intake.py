"""Turns a publisher's video into the pictures of the log, with their flags and sizes, and refuses
what nobody can or may decode.

Owns the order: join parts (``unit_joiner.py``), read the picture (the codec's ``UnitReader``),
judge it. Knows no codec.
"""

from __future__ import annotations

import collections
import dataclasses
import enum

from app.rtp.jitter_buffer import CodedUnit
from app.rtp.unit_joiner import UnitJoiner
from media.access_unit import Flags
from media.codec import Codec
from media.codec_table import DESCRIPTORS
from media.coded_picture import CodedPicture, Fault, UnitReader
from media.limits import MAX_SIDE, MAX_UNIT_BYTES, is_too_large, too_large

NOTICE_S = 10.0
"""Time for which a refusal that was noticed is told."""

B_FRAMES = (
    "The publisher sends B-frames, which many players of the source show in the wrong order: "
    "switch them off in the encoder."
)


LONG_GOP_S = 12.0
"""A key frame was asked for four seconds before, and again and again."""

LONG_GOP = (
    f"The publisher sent no key frame for {LONG_GOP_S:.0f} s, though it was asked to: who joins "
    "waits for the next one."
)


class Refusal(enum.Enum):
    """Reasons to refuse a picture, and those that follow until a key frame is taken."""

    TOO_LARGE = "too_large"
    TOO_MANY_PARTS = "too_many_parts"
    NO_PARAMETER_SETS = "no_parameter_sets"
    DAMAGED = "damaged"
    TOO_MANY_BYTES = "too_many_bytes"


_FAULTS = {
    Fault.TOO_MANY_PARTS: Refusal.TOO_MANY_PARTS,
    Fault.NO_PARAMETER_SETS: Refusal.NO_PARAMETER_SETS,
    Fault.DAMAGED: Refusal.DAMAGED,
}

_SENTENCES = {
    Refusal.TOO_MANY_PARTS: "A picture of the publisher is cut into more parts (slices) than any "
    "encoder makes.",
    Refusal.NO_PARAMETER_SETS: "The publisher's key frame comes without its parameter sets, and "
    "none came before it.",
    Refusal.DAMAGED: "A picture of the publisher is damaged; the next key frame mends it.",
    Refusal.TOO_MANY_BYTES: f"A picture of the publisher is over {MAX_UNIT_BYTES >> 20} MiB.",
}

_NO_HELP = (Refusal.TOO_LARGE,)
"""Refusals that another key frame does not help, so none is asked for."""


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """A picture, or a unit of sound, that goes into the log."""

    coded: CodedUnit
    payload: bytes
    flags: Flags
    width: int
    height: int


class VideoIntake:
    """One publisher's video track. No I/O; times are arguments, in seconds."""

    def __init__(self) -> None:
        self.refused: collections.Counter[str] = collections.Counter()
        "Pictures that were not taken, by reason."
        self.needs_key = False
        "A key frame may help; whoever asks for it sets this to False."
        self._joiner = UnitJoiner()
        self._readers: dict[Codec, UnitReader] = {}
        self._codec: Codec | None = None
        self._size = (0, 0)
        self._shut: Refusal | None = None
        self._refused_size = (0, 0)
        self._is_gap = False
        self._newest_pts: int | None = None
        self._b_frames_at: float | None = None
        self._key_at: float | None = None
        self._picture_at = 0.0

    def learn(self, codec: Codec, fmtp: str) -> None:
        """Takes the parameter sets of the offer's format parameters."""
        self._reader(codec).learn(fmtp)

    def reason(self, *, now: float) -> str:
        """Returns a sentence that says why no pictures pass or what is wrong with them, or ""."""
        if self._shut is Refusal.TOO_LARGE:
            return too_large(*self._refused_size)
        if self._shut is not None:
            return _SENTENCES[self._shut]
        if self._b_frames_at is not None and now - self._b_frames_at < NOTICE_S:
            return B_FRAMES
        waits = self._key_at is not None and self._picture_at - self._key_at > LONG_GOP_S
        return LONG_GOP if waits else ""

    def add(self, codec: Codec, part: CodedUnit, *, now: float) -> list[Taken]:
        """Takes one part; returns the pictures that are whole now, and may pass."""
        if codec is not self._codec:
            # What the joiner holds belongs to a stream of another codec, which ended.
            self._codec = codec
            self._joiner = UnitJoiner()
        reader, torn = self._reader(codec), self._joiner.torn
        units = self._joiner.add(
            part,
            has_slice=reader.has_picture(part.data),
            begins=reader.begins_picture(part.head),
            now=now,
        )
        self.needs_key = self.needs_key or self._joiner.torn > torn
        return self._taken(units, now)

    def on_time(self, *, now: float) -> list[Taken]:
        """Returns the pictures whose time has come; called at ``next_deadline``."""
        return self._taken(self._joiner.on_time(now=now), now)

    def next_deadline(self) -> float | None:
        """Returns the time for the next call of ``on_time``, None while nothing waits."""
        return self._joiner.next_deadline()

    def _reader(self, codec: Codec) -> UnitReader:
        found = self._readers.get(codec)
        if found is None:
            found = self._readers[codec] = DESCRIPTORS[codec].open_reader()
        return found

    def _taken(self, units: list[CodedUnit], now: float) -> list[Taken]:
        taken = (self._take(unit, now) for unit in units)
        return [each for each in taken if each is not None]

    def _take(self, coded: CodedUnit, now: float) -> Taken | None:
        if self._codec is None:
            return None
        # Checked before the reader works on it, whose cost grows with the unit.
        if len(coded.data) > MAX_UNIT_BYTES:
            self._refuse(Refusal.TOO_MANY_BYTES)
            return None
        picture = self._reader(self._codec).read(
            coded.data, head=coded.head, cuts=coded.cuts, after_loss=coded.discontinuity
        )
        refusal = self._refusal_of(picture)
        if refusal is None:
            self._note_order(coded.pts, picture, now)
            # What follows a picture that was refused may refer to it, until a key frame passes.
            self._shut = refusal = None if picture.is_key else self._shut
        if refusal is not None:
            self._refuse(refusal)
            return None
        return self._pass(coded, picture, now)

    def _refusal_of(self, picture: CodedPicture) -> Refusal | None:
        if picture.fault is not None:
            return _FAULTS[picture.fault]
        if is_too_large(*picture.largest) or max(picture.largest) > MAX_SIDE:
            self._refused_size = picture.largest
            return Refusal.TOO_LARGE
        return None

    def _refuse(self, refusal: Refusal) -> None:
        """Refuses a picture, and those behind it until a key frame passes."""
        # Pictures that follow may refer to this one, so all are refused until a key frame passes.
        self._shut = refusal
        self.refused[refusal.value] += 1
        self.needs_key = self.needs_key or refusal not in _NO_HELP
        # The next picture that passes carries the flag, so that nobody decodes across the gap.
        self._is_gap = True

    def _pass(self, coded: CodedUnit, picture: CodedPicture, now: float) -> Taken:
        self._picture_at = now
        if picture.is_key:
            self._key_at = now
        # Most pictures do not tell their size, and have that of the last one that did.
        if picture.size[0]:
            self._size = picture.size
        flags = Flags.KEY if picture.is_key else Flags.NONE
        if coded.discontinuity or self._is_gap:
            flags |= Flags.DISCONTINUITY
        self._is_gap = False
        return Taken(coded, picture.payload, flags, *self._size)

    def _note_order(self, pts: int, picture: CodedPicture, now: float) -> None:
        newest = self._newest_pts
        # B slices are allowed without reordering. Only one that comes behind a later picture shows
        # that pictures are reordered.
        if newest is not None and picture.is_bidirectional and pts < newest:
            self._b_frames_at = now
        if newest is None or picture.ends_reordering:
            self._newest_pts = pts
        else:
            self._newest_pts = max(newest, pts)
