"""Limits on one coded picture, the same in the ingest and in every decoder."""

from __future__ import annotations

MAX_SIDE = 8192
"""Luma samples along a side of a picture at most: more than any limit of pixels allows in practice,
and few enough that sizes fit the 16 bits that frame batches have for them."""

MAX_PIXELS = 1920 * 1088
"""Luma samples of a picture at most: 1080p, whose 1080 rows H.264 codes as 1088, either way up."""

MAX_UNIT_BYTES = 2 * 1024 * 1024
"""Bytes of an access unit at most, well under what a batch takes; 1080p at full quality is one."""

MAX_PREFIX_BYTES = 65_536
"""Bytes without a slice that belong to the picture behind them at most; parameter sets and messages
are a thousandth of it."""

MAX_NALS = 512
"""NAL units in an H.264 access unit at most."""

MAX_SLICES = 256
"""Slices of them. Senders in packetization mode 0 make one for each packet, so that a key frame of
300 kB has 250."""


def is_too_large(width: int, height: int) -> bool:
    """Returns True for a picture that has too many pixels to be decoded here."""
    return width * height > MAX_PIXELS


def too_large(width: int, height: int) -> str:
    """Returns the sentence that refuses such a picture."""
    return f"The picture is {width}x{height}, and the server takes no more than 1920x1088."
