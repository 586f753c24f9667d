"""Selection of the input sizes of a net that get a static graph of their own."""

from __future__ import annotations

__all__ = ["MAX_GRAPHS", "MIN_COUNT", "MIN_INPUTS_BETWEEN", "HotShapes"]

Size = tuple[int, int]

MAX_GRAPHS = 8
"""Static graphs of a net for sizes that prove frequent, beside the prepared ones; each takes about
4 MB."""

MIN_COUNT = 8
"""Occurrences of a size before it gets a graph, whose compilation takes about 50 ms."""

MIN_INPUTS_BETWEEN = 100
"""Inputs between two compilations, which run on the same cores as the streams."""

_HALVING_PERIOD = 2000
"""Inputs after which all counts are halved, so that new content gets its graphs too."""

_MIN_GAIN = 2
"""A size replaces the rarest one when it occurs this many times as often: fewer would swap graphs
back and forth."""


class HotShapes:
    """Counts input sizes and tells which one to compile next; old occurrences count less.

    It has no threads and no clock.
    """

    def __init__(self, max_graphs: int = MAX_GRAPHS) -> None:
        self._max_graphs = max_graphs
        self._counts: dict[Size, int] = {}
        self._total = 0
        self._compiled: set[Size] = set()
        self._rejected: set[Size] = set()
        self._prepared: set[Size] = set()
        self._is_compiling = False
        # The first graph need not wait for a pause.
        self._inputs_since = MIN_INPUTS_BETWEEN

    def prepare(self, size: Size) -> bool:
        """Records that a graph of this size is compiled ahead, to stay, beside the ``max_graphs``;
        returns False if it was before.
        """
        is_new = size not in self._prepared
        self._prepared.add(size)
        # A prepared size is not counted, so as a frequent one it would soon be the rarest to go.
        self._compiled.discard(size)
        return is_new

    def observe(self, size: Size) -> bool:
        """Counts one input; returns True if its size is to be compiled now.

        One size is compiled at a time: ``compiled`` or ``reject`` must follow before the next.
        """
        self._inputs_since += 1
        if size in self._prepared:
            return False
        self._counts[size] = self._counts.get(size, 0) + 1
        self._total += 1
        if self._total >= _HALVING_PERIOD:
            # A count of 1 would become 0, so its size is dropped: the dictionary stays small
            # whatever comes.
            self._counts = {key: count // 2 for key, count in self._counts.items() if count > 1}
            self._total = sum(self._counts.values())
        if self._is_compiling or self._inputs_since < MIN_INPUTS_BETWEEN:
            return False
        if size in self._compiled or size in self._rejected:
            return False
        self._is_compiling = self._is_frequent(size)
        return self._is_compiling

    def compiled(self, size: Size) -> Size | None:
        """Records a graph; returns the size whose graph must go, None if none must."""
        self._end()
        if size in self._prepared:
            return None
        dropped = self._rarest() if len(self._compiled) >= self._max_graphs else None
        if dropped is not None:
            self._compiled.remove(dropped)
        self._compiled.add(size)
        return dropped

    def reject(self, size: Size) -> None:
        """Records that a size cannot be compiled; ``observe`` never asks for it again."""
        self._end()
        self._rejected.add(size)

    def _end(self) -> None:
        # The pause begins at the end of the compilation, which itself may take many inputs.
        self._is_compiling, self._inputs_since = False, 0

    def _is_frequent(self, size: Size) -> bool:
        count = self._counts.get(size, 0)
        if len(self._compiled) < self._max_graphs:
            return count >= MIN_COUNT
        # A size is compared with the rarest one that has a graph, for it would be the one to go.
        return count >= max(MIN_COUNT, _MIN_GAIN * self._counts.get(self._rarest(), 0))

    def _rarest(self) -> Size:
        return min(self._compiled, key=lambda size: self._counts.get(size, 0))
