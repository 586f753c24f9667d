"""The map of a rendition's picture by the device that made each part, as its lead tells it.

Soft state in the lead's heartbeat, and there only while somebody asks for it (``MapRequest`` in
``control.py``).
"""

from __future__ import annotations

import string
from typing import Annotated

import msgspec

from media.limits import MAX_SIDE

__all__ = ["LIFE_S", "MADE_S", "MAX_CELLS", "MAX_DEVICES", "NOBODY", "TeamMap"]

LIFE_S = 3.0
"""Time for which a lead keeps a map after it was asked for one: three times that between requests,
so that a lost one goes unseen."""

MADE_S = 1.0
"""Time after which what a device made is no longer shown as its: by then most of a picture that
moves was predicted again and again."""

MAX_CELLS = 576
"""Cells of a map, 32 by 18 of a picture of 16:9: half a kilobyte in a heartbeat."""

MAX_DEVICES = 16
"""Devices in a map: the lead, the 8 that help it at a time, and those that left within a second."""

NOBODY = "."
"""Character of a cell that no net worked on within ``MADE_S``."""

DIGITS = (string.digits + string.ascii_lowercase)[:MAX_DEVICES]
"""Characters of cells by place of the device."""

_Side = Annotated[int, msgspec.Meta(ge=1, le=MAX_SIDE)]
_Device = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class TeamMap(msgspec.Struct, frozen=True, kw_only=True):
    """The devices that made each part of the decoded picture within the last second.

    Checked when it is read: one that contradicts itself is refused.
    """

    width: _Side
    "Width of the decoded picture, in luma samples."
    height: _Side
    cell: _Side
    "Side of a cell, in luma samples; those at the right and at the bottom may reach beyond it."
    devices: Annotated[list[_Device], msgspec.Meta(min_length=1, max_length=MAX_DEVICES)]
    "Names of the devices, the lead's first."
    cells: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_CELLS)]
    """Row by row, a character for each cell: ``.`` where no net worked on it within a second, else
    the place of the device in ``devices`` as a hexadecimal digit."""

    def __post_init__(self) -> None:
        """Raises ValueError where the parts do not fit together."""
        if len(self.cells) != self.rows * self.columns:
            raise ValueError(f"{len(self.cells)} cells for {self.columns} x {self.rows}")
        known = DIGITS[: len(self.devices)] + NOBODY
        if strays := set(self.cells) - set(known):
            raise ValueError(f"cells of unknown devices: {''.join(sorted(strays))[:16]!r}")

    @property
    def rows(self) -> int:
        """Cells from top to bottom."""
        return -(-self.height // self.cell)

    @property
    def columns(self) -> int:
        """Cells from left to right."""
        return -(-self.width // self.cell)
