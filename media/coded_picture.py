"""Facts read from coded pictures without decoding them, and the interface of who reads them."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from typing import Protocol

from media.fragment import PayloadStart


@dataclasses.dataclass(frozen=True, slots=True)
class FrameInfo:
    """Properties of a frame, read from its head; the size is 0x0 if the frame does not tell it."""

    is_key: bool
    width: int = 0
    height: int = 0
    largest: tuple[int, int] = dataclasses.field(default=(0, 0), compare=False)
    "The largest size that it tells a decoder, whatever it is; 0x0 if none."


class Fault(enum.Enum):
    """Reasons for which a picture is of no use to any decoder."""

    TOO_MANY_PARTS = "too_many_parts"
    "No encoder cuts a picture into so many; decoders would be kept busy."
    NO_PARAMETER_SETS = "no_parameter_sets"
    "A key frame whose parameter sets or sequence header nobody has seen."
    DAMAGED = "damaged"
    "Its parts do not make up a unit."


@dataclasses.dataclass(frozen=True, slots=True)
class CodedPicture:
    """One picture as it is passed on, with the facts that decide whether it may pass."""

    payload: bytes
    "Bytes as decoders take them: layers are joined, and what decoding needs is put in front."
    is_key: bool = False
    "Decoding can start here."
    size: tuple[int, int] = (0, 0)
    "(width, height) in luma samples; zeros where it does not tell."
    largest: tuple[int, int] = (0, 0)
    "The largest size that it tells a decoder; zeros if none."
    fault: Fault | None = None
    is_bidirectional: bool = False
    "It is predicted from a picture that is shown later, too."
    ends_reordering: bool = False
    "No picture behind it in the stream is shown before it."


class UnitReader(Protocol):
    """Reads the pictures of one publisher's stream in their order. Work and memory are bounded."""

    def learn(self, fmtp: str) -> None:
        """Takes parameter sets from the format parameters of an offer."""
        ...

    def has_picture(self, part: bytes) -> bool:
        """False for a part that belongs to the picture behind it."""
        ...

    def begins_picture(self, head: PayloadStart) -> bool:
        """True if a part with this head is a picture of its own, also where it has the time stamp
        of the one before."""
        ...

    def read(
        self, data: bytes, *, head: PayloadStart, cuts: tuple[int, ...], after_loss: bool
    ) -> CodedPicture:
        """Reads one unit.

        ``head`` is that of its first payload, ``cuts`` are the places of further frames in it,
        ``after_loss`` says that packets before it were lost.
        """
        ...


class FrameReader:
    """Reads streams whose frames need nothing of each other to be understood."""

    def __init__(
        self,
        inspect: Callable[[bytes], FrameInfo],
        join: Callable[[bytes, tuple[int, ...]], bytes] = lambda data, _: data,
        *,
        has_hidden_frames: bool = False,
    ) -> None:
        """``join`` makes one unit of what was cut. ``has_hidden_frames``: several frames of one
        time stamp are several units."""
        self._inspect = inspect
        self._join = join
        self._has_hidden_frames = has_hidden_frames

    def learn(self, fmtp: str) -> None:
        """Does nothing: the parameters hold nothing that decoding needs."""

    def has_picture(self, part: bytes) -> bool:
        """True: every part belongs to the picture with its time."""
        return True

    def begins_picture(self, head: PayloadStart) -> bool:
        """True where several frames may have one time stamp."""
        return self._has_hidden_frames and head is not PayloadStart.MIDDLE

    def read(
        self, data: bytes, *, head: PayloadStart, cuts: tuple[int, ...], after_loss: bool
    ) -> CodedPicture:
        """Reads one unit."""
        payload = self._join(data, cuts)
        # The head of the frame was lost, so nothing can be read of it.
        if head is PayloadStart.MIDDLE:
            return CodedPicture(payload)
        info = self._inspect(payload)
        # A payload format that tells what begins knows better than the first bytes.
        is_key = info.is_key and head in (PayloadStart.UNKNOWN, PayloadStart.KEY)
        # What is left of a unit whose head was lost may look like a key frame.
        is_key = is_key and bool(info.width or not after_loss)
        return CodedPicture(payload, is_key, (info.width, info.height), info.largest)


def key_frame_size(
    inspect: Callable[[bytes], FrameInfo], head: PayloadStart, data: bytes
) -> tuple[int, int]:
    """Returns (width, height) of the key frame that a payload begins, zeros where there is none."""
    if head in (PayloadStart.MIDDLE, PayloadStart.FRAME):
        return 0, 0
    info = inspect(data)
    return info.width, info.height
