"""One figure of a quick measurement, and its comparison with the published ones; no I/O."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

FPS = 30

MAX_RATIO = 1.5
"""Times above that of a published figure at which a machine is told to be slower: shared cores
change by a third from minute to minute."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """The time of one thing on one engine and size."""

    what: str
    "A net with its precision, an encoder, or a server."
    engine: str
    size: str
    ms: float
    "First quartile of the times of a frame, or of a call."
    cpu_ms: float = 0.0
    "Processor time of all cores for the same."

    @property
    def streams(self) -> float:
        """Streams of 30 fps that this alone would leave time for."""
        return 1000.0 / FPS / self.ms if self.ms else 0.0

    @property
    def key(self) -> tuple[str, str, str]:
        """The three parts that are alike where two figures are compared."""
        return self.what, self.engine, self.size


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one machine."""

    name: str
    "Processor, cores and how busy it was."
    has_vnni: bool
    cells: tuple[Cell, ...]


def closest(machines: Iterable[Machine], *, has_vnni: bool) -> Machine | None:
    """Returns the published machine whose instructions are those of this one."""
    return next((each for each in machines if each.has_vnni == has_vnni), None)


def ratios(own: Machine, other: Machine) -> dict[tuple[str, str, str], float]:
    """Returns the times here over those there, where both have a figure."""
    theirs = {cell.key: cell.ms for cell in other.cells}
    return {
        cell.key: cell.ms / theirs[cell.key] for cell in own.cells if theirs.get(cell.key, 0.0) > 0
    }


def verdict(found: dict[tuple[str, str, str], float]) -> str:
    """Returns one sentence about this machine beside the published one."""
    if not found:
        return "Nothing that was measured here has a published figure."
    middle = sorted(found.values())[len(found) // 2]
    if middle > MAX_RATIO:
        return (
            f"This machine takes {middle:.1f} times as long as the published one: look for other "
            "programs, a quota (`sharpcast doctor`), or a processor that is slowed down."
        )
    if middle < 1 / MAX_RATIO:
        return f"This machine is {1 / middle:.1f} times as fast as the published one."
    return "This machine is about as fast as the published one."
