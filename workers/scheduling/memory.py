"""The memory that a stream takes and may take, so that large pictures cannot exhaust a worker."""

from __future__ import annotations

import os
from pathlib import Path

FIXED_BYTES = 64 * 1024 * 1024
"""Bytes of an enhanced stream of any size: contexts of decoder, encoder and net."""

PIXEL_BYTES = 60
"""Bytes for each pixel of the source: pictures the decoder keeps, grids, the net's own."""

ENLARGED_BYTES = 48
"""Bytes for each enhanced pixel: eight pictures at 1.5 bytes between the steps and in temporal
propagation, and those of the encoder. Together 250 a source pixel at x2; measured without it:
63 MB and 173 bytes a pixel (480x270 to 1920x1080, ``live-s``, x264)."""

USABLE_FRACTION = 0.7
"""Fraction of the memory for streams; the rest is for nets, their compiler and the interpreter."""

_GROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def stream_bytes(width: int, height: int, scale: int) -> int:
    """Returns the bytes that one enhanced stream takes."""
    return FIXED_BYTES + width * height * (PIXEL_BYTES + ENLARGED_BYTES * scale * scale)


def usable_bytes(limits: tuple[Path, ...] = _GROUP_LIMITS) -> int:
    """Returns the bytes that all streams of this process may take together: a part of the
    container's limit, or of the machine's memory.
    """
    # The kernel tells a container the memory of the machine; its limit stands in its control group,
    # in a file of version 2 or of version 1.
    all_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in limits:
        try:
            text = path.read_text().strip()
        except OSError:
            continue
        # Without a limit version 2 says ``max``, and version 1 a number beyond any memory.
        if text.isdecimal():
            all_bytes = min(all_bytes, int(text))
    return int(USABLE_FRACTION * all_bytes)


def too_dear(width: int, height: int, needed: int, left: int) -> str:
    """Returns the sentence that refuses a stream for want of memory."""
    return (
        f"{width}x{height} needs {needed >> 20} MiB here, and the worker has "
        f"{max(0, left) >> 20} MiB left for it."
    )
