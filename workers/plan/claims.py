"""How many streams a worker takes on."""

from __future__ import annotations

UNIT_PIXELS_PER_S = 480 * 270 * 30
"""One unit of load: a stream of 480x270 at 30 frames per second."""

COPY_LOAD = 0.02
"""Load of a stream that is only copied."""


def stream_load(width: int, height: int, fps: float) -> float:
    """Load of one enhanced stream, by its input; one unit while the size is not known."""
    if not width or not height or not fps:
        return 1.0
    return width * height * fps / UNIT_PIXELS_PER_S


def may_claim(*, capacity: float, load: float, streams: int) -> bool:
    """True if another stream of one unit fits; a worker always takes a first one."""
    return streams == 0 or load + 1.0 <= capacity
