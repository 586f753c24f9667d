"""The way of a source unit through a worker."""

from __future__ import annotations

import enum


class Route(enum.Enum):
    """The way of a source unit through the worker."""

    WORK = "work"
    "Decode, enhance, encode."
    COPY = "copy"
    "Into the enhanced log as it is, flagged as bypass."
    RECODE = "recode"
    """Copied; beside that decoded and encoded at the same size, for viewers who lack the source's
    codec."""
    DECODE = "decode"
    "Decode only: the picture is for a lead on another worker."
