"""Options: what a frame could get, and its cost over resources."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping

ResourceId = str
"""Name of something that frames share: `CPU`, or an engine's name after ``engine:``."""

CPU: ResourceId = "cpu"
"""All cores that this process may use."""

ENGINE: ResourceId = "engine:local"
"""The worker's engine: one net runs at a time, whichever runtime runs it."""

Cost = Mapping[ResourceId, float]
"""Milliseconds of each resource; a resource that is not named costs nothing."""

FREE: Cost = {}

MAX_FRACTION = 0.7
"""Above this fraction of a picture the whole net is the better choice: it costs little more."""


class ScaleRule(enum.Enum):
    """Relation of a method's output size to the source's."""

    ANY = "any"
    "The size that the rendition has."
    MODEL = "model"
    "The model's own scale."
    SAME = "same"
    "The source's size."


# Compared by identity: the table of methods has one instance of each, and they are keys of
# dictionaries that are read several times a frame.
@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class MethodInfo:
    """Descriptor of an upscale method; there is one instance for each, compared by identity."""

    name: str
    "The quality level in reports."
    quality: float
    "Expected gain over a resize, in parts of the full net's: 0 to 1."
    scale: ScaleRule
    is_free: bool = False
    "True if it takes nothing that is allocated: its CPU time counts with that of every frame."
    part_of: MethodInfo | None = None
    """The method of whose work it does a fraction, on top of its own last picture. That one's
    pictures may also be what it goes on from."""


@dataclasses.dataclass(frozen=True, slots=True)
class Option:
    """One method's offer for one frame, with the measured cost."""

    method: MethodInfo
    cost: Cost = dataclasses.field(default_factory=dict)
    "Cost without any fraction."
    latency_s: float = 0.0
    "Cautious time from taking the engine to the enlarged picture, without any fraction."
    hold_s: float = 0.0
    "Time for which the engine is held; without any fraction."
    fraction_cost: Cost = dataclasses.field(default_factory=dict)
    "Cost of a fraction of 1, for methods that do a fraction."
    fraction_hold_s: float = 0.0
    "Time for which a fraction of 1 holds the engine."
    wanted: float = 1.0
    "Fraction that would be worth doing, 0 to 1."
    energy: float | None = None
    "Residual energy that the method expects to add; None if it does not know."
    plan: Callable[[], Option] | None = None
    "Works out the exact option. It takes milliseconds, so it is only called with a prospect."


@dataclasses.dataclass(frozen=True, slots=True)
class PricedOption:
    """An option of a method that is not free, with its price."""

    method: MethodInfo
    price_ms: float
    "Price in milliseconds of the allocation, with the whole fraction that is wanted."
    latency_s: float
    "Cautious time from taking the engine to the enlarged picture, without any fraction."
    fixed_ms: float = 0.0
    "Part of ``price_ms`` that a method which does a fraction costs without any."
    hold_s: float = 0.0
    "Time for which the engine is held; without any fraction."
    fraction_hold_s: float = 0.0
    "Time for which a fraction of 1 would hold the engine."
