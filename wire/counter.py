"""One registered counter: what ``/metrics`` and the API say of it."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Counter:
    """One registered counter."""

    name: str
    "The metric's name without ``sharpcast_`` before and ``_total`` behind it."
    unit: str
    "A plural noun: what is counted."
    help: str
    labels: tuple[str, ...]
    attributes: tuple[str, ...]
    "The places that increase it, as ``Class.attribute`` or ``Class.method``."
    only_grows: bool = True
    "False: it counts for what is present, and falls when that leaves."
