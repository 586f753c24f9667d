"""Many measurements that do not depend on one another, in processes side by side."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, TypeVar

__all__ = ["measure_all", "say"]

Found = TypeVar("Found")


def measure_all(
    measure: Callable[..., Found], cells: Sequence[tuple[Any, ...]], jobs: int, name: str
) -> Iterator[Found]:
    """Calls ``measure`` with each cell's values, ``jobs`` at a time, yields what is found as it
    comes and prints how far it is. Not for what measures time.
    """
    # Fresh processes: a copy of one in which a runtime has started threads would hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as workers:
        waiting = [workers.submit(measure, *cell) for cell in cells]
        for number, done in enumerate(as_completed(waiting), 1):
            yield done.result()
            say(f"{name}: {number} of {len(cells)}")


def say(text: str) -> None:
    """Prints a line of progress at once."""
    print(text, flush=True)
