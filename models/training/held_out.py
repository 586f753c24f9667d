"""Held-out material: tests and benchmarks are made of it, so training must not see it."""

from __future__ import annotations

__all__ = ["PASSAGES", "PHOTOS", "SCREEN_SEED", "may_train_on_frames"]

PHOTOS = frozenset(
    {
        "EveningGlow",
        "Wine_by_Jakkub_Mede",
        "friends_by_Aitzol_Berasategi",
        "aitzgorri_by_Aitzol_Berasategi",
        "Autumn",
    }
)
"""File names without their suffix."""

PASSAGES = {"bbb_b_360p24": (80.0, 100.0)}
"""Seconds of a film that are held out, from and to."""

SCREEN_SEED = 10_000_019
"""Rendered screens with this seed and the ones after it are held out."""


def may_train_on_frames(film: str, first: int, count: int, fps: float) -> bool:
    """Returns True if frames first..first+count-1 of `film` are not held out."""
    start, end = PASSAGES.get(film, (0.0, 0.0))
    return (first + count) / fps <= start or first / fps >= end
