"""Which input sizes of a net deserve a graph of their own."""

from __future__ import annotations

__all__ = ["EVERY", "MOST", "OFTEN", "HotShapes"]

Size = tuple[int, int]

MOST = 16
"""Graphs of one size each that a net has beside the one for any size; each takes about 4 MB."""

OFTEN = 8
"""Times that a size was met, after which it is worth the 50 ms that its graph takes to be made."""

EVERY = 100
"""Inputs from one graph to the next, at least: streams go on meanwhile, on the same cores."""

_HALVE_AFTER = 2000
_BETTER = 2


class HotShapes:
    """Counts sizes as they come. What was long ago counts less, so that other content, or another
    picture size, gets graphs too. No threads, no clock.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._counts: dict[Size, int] = {}
        self._total = 0
        self._own: set[Size] = set()
        self._refused: set[Size] = set()
        self._is_making = False
        self._since = EVERY

    def meet(self, size: Size) -> bool:
        """One more input of that size; True if a graph is to be made for it now. One is made after
        the other, with a pause: ``made`` or ``refuse`` must follow before there is another.
        """
        self._since += 1
        self._counts[size] = self._counts.get(size, 0) + 1
        self._total += 1
        if self._total >= _HALVE_AFTER:
            self._counts = {key: count // 2 for key, count in self._counts.items() if count > 1}
            self._total = sum(self._counts.values())
        if self._is_making or self._since < EVERY or size in self._own or size in self._refused:
            return False
        self._is_making = self._is_worth_it(size)
        return self._is_making

    def made(self, size: Size) -> Size | None:
        """It has its graph; returns the size whose graph is to go for it, if there are too many."""
        self._end()
        dropped = self._rarest() if len(self._own) >= self._most else None
        if dropped is not None:
            self._own.remove(dropped)
        self._own.add(size)
        return dropped

    def refuse(self, size: Size) -> None:
        """It cannot be had; it is not asked for again."""
        self._end()
        self._refused.add(size)

    def _end(self) -> None:
        self._is_making, self._since = False, 0

    def _is_worth_it(self, size: Size) -> bool:
        count = self._counts.get(size, 0)
        if len(self._own) < self._most:
            return count >= OFTEN
        return count >= max(OFTEN, _BETTER * self._counts.get(self._rarest(), 0))

    def _rarest(self) -> Size:
        return min(self._own, key=lambda size: self._counts.get(size, 0))
