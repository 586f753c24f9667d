"""The content of one RTP payload, in one form for all codecs."""

from __future__ import annotations

import dataclasses
import enum


class PayloadStart(enum.Enum):
    """The beginning of a payload, as far as its format tells."""

    UNKNOWN = "unknown"
    "Nothing: the format does not tell, or not for this codec."
    MIDDLE = "middle"
    "A coded frame goes on that began in a payload before."
    FRAME = "frame"
    "A coded frame begins that refers to others."
    KEY = "key"
    "A coded frame begins that refers to no other."


@dataclasses.dataclass(frozen=True, slots=True)
class Fragment:
    """A payload without its descriptor."""

    data: bytes
    "Codec bytes; empty for padding."
    head: PayloadStart = PayloadStart.UNKNOWN
