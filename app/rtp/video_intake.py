"""A publisher's video on its way into the log: whole pictures, their flags and sizes, and what is
refused.

Owns the order: join (``unit_joiner.py``), read the heads (``h264_stream.py``, ``keyframe.py``),
refuse what nobody can or may decode, put parameter sets where decoding starts.
"""

from __future__ import annotations

import collections
import dataclasses
import enum

from app.rtp.jitter_buffer import CodedUnit
from app.rtp.unit_joiner import UnitJoiner
from media.access_unit import MAX_SIDE, Flags
from media.codec import Codec
from media.fragment import PayloadStart
from media.frame_head import inspect
from media.h264_stream import H264Stream, PictureHead, TooManyParts, has_slice, with_sets
from media.limits import MAX_NALS, MAX_SLICES, MAX_UNIT_BYTES, is_too_large, too_large
from media.vp9_frame import join_layers

NOTICE_S = 10.0
"""For how long something that was noticed is said."""

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
    TOO_MANY_BYTES = "too_many_bytes"


_SENTENCES = {
    Refusal.TOO_MANY_PARTS: f"A picture of the publisher has more than {MAX_SLICES} slices or "
    f"{MAX_NALS} NAL units.",
    Refusal.NO_PARAMETER_SETS: "The publisher's key frame comes without its parameter sets "
    "(SPS and PPS), and none came before it.",
    Refusal.TOO_MANY_BYTES: f"A picture of the publisher is over {MAX_UNIT_BYTES >> 20} MiB.",
}

_ASKED_FOR = (Refusal.NO_PARAMETER_SETS, Refusal.TOO_MANY_PARTS, Refusal.TOO_MANY_BYTES)
"""After these another key frame may help."""


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """A picture, or a unit of sound, that goes into the log."""

    coded: CodedUnit
    payload: bytes
    flags: Flags
    width: int
    height: int


@dataclasses.dataclass(frozen=True, slots=True)
class _Judged:
    payload: bytes
    is_key: bool
    size: tuple[int, int]
    refusal: Refusal | None = None


class VideoIntake:
    """One publisher's video track. No I/O; times are arguments, in seconds."""

    def __init__(self) -> None:
        self.refused: collections.Counter[str] = collections.Counter()
        "Pictures that were not taken, by reason."
        self.needs_key = False
        "A key frame may help; whoever asks for it sets this to False."
        self._joiner = UnitJoiner()
        self._h264 = H264Stream()
        self._codec: Codec | None = None
        self._size = (0, 0)
        self._shut: Refusal | None = None
        self._refused_size = (0, 0)
        self._is_gap = False
        self._newest_pts: int | None = None
        self._b_frames_at: float | None = None
        self._key_at: float | None = None
        self._picture_at = 0.0

    def learn(self, fmtp: str) -> None:
        """Takes the parameter sets of the offer's format parameters."""
        self._h264.learn(fmtp)

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
        """The pictures that are whole now, and may pass."""
        if codec is not self._codec:
            self._codec = codec
            self._joiner = UnitJoiner()
        # What begins with no start code goes on with a NAL unit that was cut at a marker.
        is_rest = codec is not Codec.H264 or not part.data.startswith(
            (b"\x00\x00\x00\x01", b"\x00\x00\x01")
        )
        is_picture = is_rest or has_slice(part.data)
        torn = self._joiner.torn
        begins = codec is Codec.VP8 and part.head is not PayloadStart.MIDDLE
        units = self._joiner.add(part, has_slice=is_picture, begins=begins, now=now)
        self.needs_key = self.needs_key or self._joiner.torn > torn
        return self._taken(units, now)

    def on_time(self, *, now: float) -> list[Taken]:
        """Returns the pictures whose time has come; called at ``next_deadline``."""
        return self._taken(self._joiner.on_time(now=now), now)

    def next_deadline(self) -> float | None:
        """Returns the time for the next call of ``on_time``, None while nothing waits."""
        return self._joiner.next_deadline()

    def _taken(self, units: list[CodedUnit], now: float) -> list[Taken]:
        taken = (self._take(unit, now) for unit in units)
        return [each for each in taken if each is not None]

    def _take(self, coded: CodedUnit, now: float) -> Taken | None:
        judged = self._judge(coded, now)
        if judged.refusal is None and judged.is_key:
            self._shut = None
        if judged.refusal is not None:
            self._shut = judged.refusal
            self._refused_size = judged.size
        if self._shut is not None:
            self.refused[self._shut.value] += 1
            self.needs_key = self.needs_key or self._shut in _ASKED_FOR
            self._is_gap = True
            return None
        self._picture_at = now
        if judged.is_key:
            self._key_at = now
        if judged.size[0]:
            self._size = judged.size
        flags = Flags.KEY if judged.is_key else Flags.NONE
        if coded.discontinuity or self._is_gap:
            flags |= Flags.DISCONTINUITY
        self._is_gap = False
        return Taken(coded, judged.payload, flags, *self._size)

    def _judge(self, coded: CodedUnit, now: float) -> _Judged:
        if len(coded.data) > MAX_UNIT_BYTES:
            return _Judged(b"", False, (0, 0), Refusal.TOO_MANY_BYTES)
        if self._codec is Codec.H264:
            return self._judge_h264(coded, now)
        payload = join_layers(coded.data, coded.cuts)
        if coded.head is PayloadStart.MIDDLE or self._codec is None:
            return _Judged(payload, False, (0, 0))
        info = inspect(self._codec, payload)
        if is_too_large(*info.largest):
            return _Judged(payload, False, info.largest, Refusal.TOO_LARGE)
        size = (info.width, info.height)
        is_key = info.is_key and coded.head in (PayloadStart.UNKNOWN, PayloadStart.KEY)
        # What is left of a unit whose head was lost may look like one.
        return _Judged(payload, is_key and bool(info.width or not coded.discontinuity), size)

    def _judge_h264(self, coded: CodedUnit, now: float) -> _Judged:
        try:
            head = self._h264.read(coded.data)
        except TooManyParts:
            return _Judged(b"", False, (0, 0), Refusal.TOO_MANY_PARTS)
        size = (head.width, head.height)
        if is_too_large(*size) or max(size) > MAX_SIDE:
            return _Judged(b"", False, size, Refusal.TOO_LARGE)
        is_key = (head.is_idr or head.is_start) and (head.is_whole or not coded.discontinuity)
        if is_key and not head.width:
            return _Judged(b"", False, size, Refusal.NO_PARAMETER_SETS)
        self._note_order(coded.pts, head, now)
        payload = with_sets(coded.data, head.missing) if is_key else coded.data
        return _Judged(payload, is_key, size)

    def _note_order(self, pts: int, head: PictureHead, now: float) -> None:
        newest = self._newest_pts
        if newest is not None and head.has_b and pts < newest:
            self._b_frames_at = now
        self._newest_pts = pts if newest is None or head.is_idr else max(newest, pts)
