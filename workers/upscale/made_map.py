"""The map of who made which part of a rendition's pictures of late, while somebody asks for it."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from wire.team_map import DIGITS, LIFE_S, MADE_S, MAX_CELLS, MAX_DEVICES, NOBODY, TeamMap
from workers.media.frame_info import CELL
from workers.upscale.team_frame import OWN, MadeRegion

__all__ = ["MadeMap"]

MAX_NAMES = 64
"""Devices that are remembered; with more the map begins anew. A rendition has 8 helpers at most."""

_Places = npt.NDArray[np.int16]


class MadeMap:
    """The last maker of each cell of the picture, with the time. Nothing is kept while nobody asks.

    One thread notes frames, another one reads; ``now`` is monotonic.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._cells: _Cells | None = None

    def want(self, *, now: float) -> None:
        """Keeps a map for ``LIFE_S`` from now on."""
        self._until = now + LIFE_S

    def note(self, width: int, height: int, made: Sequence[MadeRegion], *, now: float) -> None:
        """Takes the regions of a frame that nets made, in the order in which they were applied."""
        if now >= self._until:
            self._cells = None
            return
        with self._lock:
            cells = self._cells
            if cells is None or cells.size != (width, height) or len(cells.names) > MAX_NAMES:
                cells = self._cells = _Cells.blank(width, height)
            cells.noted_at = now
            for device, region in made:
                rows, columns = region.cells()
                cells.maker[rows, columns] = cells.place_of(device)
                cells.made_at[rows, columns] = now

    def read(self, lead: str, *, now: float) -> TeamMap | None:
        """Returns the map with the name of this device; None while nobody asks, or no picture was
        made for as long.
        """
        if now >= self._until:
            return None
        with self._lock:
            cells = self._cells
            if cells is None or now >= cells.noted_at + LIFE_S:
                return None
            names = list(cells.names)
            makers = np.where(cells.made_at > now - MADE_S, cells.maker, -1)
        names[0] = lead
        step = _step(*makers.shape)
        coarse = _most(makers, step, len(names))
        present = [place for place in range(1, len(names)) if (coarse == place).any()]
        shown = [0, *present[: MAX_DEVICES - 1]]
        characters = dict(zip(shown, DIGITS, strict=False))
        text = "".join(characters.get(place, NOBODY) for place in coarse.ravel().tolist())
        width, height = cells.size
        devices = [names[place] for place in shown]
        return TeamMap(width=width, height=height, cell=step * CELL, devices=devices, cells=text)


@dataclasses.dataclass(slots=True)
class _Cells:
    """The state of all cells of a picture of one size."""

    size: tuple[int, int]
    maker: _Places
    "Place in ``names`` of who made the cell last."
    made_at: npt.NDArray[np.float64]
    names: list[str]
    "Devices, this one first."
    noted_at: float = 0.0
    "Time of the last frame."

    @classmethod
    def blank(cls, width: int, height: int) -> _Cells:
        grid = -(-height // CELL), -(-width // CELL)
        return cls((width, height), np.zeros(grid, np.int16), np.full(grid, -np.inf), [OWN])

    def place_of(self, device: str) -> int:
        if device not in self.names:
            self.names.append(device)
        return self.names.index(device)


def _step(rows: int, columns: int) -> int:
    """Returns the side of the least square of cells of which few enough cover the picture."""
    step = 1
    while -(-rows // step) * -(-columns // step) > MAX_CELLS:
        step += 1
    return step


def _most(makers: _Places, step: int, count: int) -> _Places:
    """Returns for each square of cells who made most of it, -1 for nobody; a device wins a tie
    against nobody.
    """
    rows, columns = makers.shape
    # Beyond the picture's edge is neither a device nor nobody, so that it has no say.
    pad = (0, -rows % step), (0, -columns % step)
    squares = np.pad(makers, pad, constant_values=-2)
    squares = squares.reshape(squares.shape[0] // step, step, squares.shape[1] // step, step)
    places = np.array([*range(count), -1], np.int16)
    counts = [(squares == place).sum(axis=(1, 3)) for place in places]
    most: _Places = places[np.argmax(counts, axis=0)]
    return most
