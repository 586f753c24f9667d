"""The load of jobs: the number of streams that a worker takes on."""

from __future__ import annotations

UNIT_PIXELS_PER_S = 480 * 270 * 30
"""One unit of load: a stream of 480x270 at 30 frames per second."""

COPY_LOAD = 0.02
"""Load of a stream that is only copied."""

HEADROOM = 0.9
"""Fraction of an engine's time that the streams that a worker holds take together."""


def coding_load(ms_per_s: float, cores: int, *, held: float) -> float:
    """Returns the load of encoders that take ``ms_per_s`` of one core beside what is counted for a
    stream, where the worker holds ``held`` streams on so many cores.
    """
    # By measurement, ``held`` streams take ``HEADROOM`` of all cores' time: one is that part of it.
    return held * ms_per_s / cores / (1000.0 * HEADROOM)


def stream_load(width: int, height: int, fps: float) -> float:
    """Returns the load of one enhanced stream by its input; one unit while its size is unknown."""
    if not width or not height or not fps:
        return 1.0
    return width * height * fps / UNIT_PIXELS_PER_S


MIN_SLOT = 0.05
"""Free load below which it is not worth claiming another job."""

PAUSE_S = 1.0
"""Seconds of pause after giving back a job that was too large: time for another worker."""


def may_claim(*, capacity: float, load: float, streams: int) -> bool:
    """Returns whether it is worth claiming a job to see if it fits."""
    return streams == 0 or load + MIN_SLOT <= capacity


def fits(
    *, capacity: float, load: float, streams: int, width: int, height: int, fps: float
) -> bool:
    """Returns whether a stream of this input fits beside the others; a first one always does.

    An input that alone is beyond the worker is only copied, and that fits nearly always.
    """
    # A first stream is taken on the slowest machine: late or copied pictures are better than none.
    need = stream_load(width, height, fps or 30.0)
    if need > capacity:
        need = COPY_LOAD
    return streams == 0 or load + need <= capacity
