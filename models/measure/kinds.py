"""Kinds of content, which every mean over clips counts alike."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["KINDS", "KIND_NAMES", "by_kind", "kind_of", "mean_of_kinds"]

KINDS = {
    "handheld": "natural",
    "motion": "natural",
    "speaker": "natural",
    "street": "natural",
    "dashcam": "natural",
    "talking": "talking head",
    "animation": "animation",
    "screen": "screen",
    "game": "game",
}
"""Kind of each held-out clip."""

KIND_NAMES = tuple(dict.fromkeys(KINDS.values()))
"""The kinds, in the order of tables."""


def kind_of(clip: str) -> str:
    """Returns the kind of a clip; one that is not in the table is a kind of its own."""
    return KINDS.get(clip, clip)


def by_kind(values: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Returns the mean of each kind's clips, from pairs of a clip and a value.

    A clip's values are averaged first, so that one that was measured more often counts no more
    than another.
    """
    clips: dict[str, list[float]] = {}
    for clip, value in values:
        clips.setdefault(clip, []).append(value)
    kinds: dict[str, list[float]] = {}
    for clip, each in clips.items():
        kinds.setdefault(kind_of(clip), []).append(sum(each) / len(each))
    order = [*KIND_NAMES, *kinds]
    return {
        kind: sum(kinds[kind]) / len(kinds[kind]) for kind in dict.fromkeys(order) if kind in kinds
    }


def mean_of_kinds(values: Iterable[tuple[str, float]]) -> float:
    """Returns the mean over kinds of the mean over each kind's clips; nan without any value.

    Five clips of one kind weigh as much as the one of another, so that no kind carries the mean by
    the number of its clips.
    """
    means = by_kind(values).values()
    return sum(means) / len(means) if means else float("nan")
