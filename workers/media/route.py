"""The way of a source unit through a worker."""

from __future__ import annotations

import enum


class Route(enum.Enum):
    """Where a source unit goes."""

    WORK = "work"
    "Decode, enhance, encode."
    COPY = "copy"
    "Into the enhanced log as it is, flagged as bypass."
    RECODE = "recode"
    "Beside a copy: decode and encode at the same size, for viewers who lack the source's codec."
