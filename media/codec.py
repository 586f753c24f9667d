"""The codecs of access units, by the numbers that they have on the wire."""

from __future__ import annotations

import enum


class Codec(enum.IntEnum):
    """How its payload is coded."""

    H264 = 1
    "ITU-T H.264, Annex B byte stream with start codes, one access unit."
    VP8 = 2
    "RFC 6386 frame."
    OPUS = 3
    "RFC 6716 packet."
    VP9 = 4
    "VP9 bitstream specification: a frame, or a superframe (annex B) of one picture's frames."
