"""Held-out material: tests and benchmarks are made of it, so training must not see it."""

from __future__ import annotations

__all__ = ["NATURAL", "PASSAGES", "PHOTOS", "SCREEN_SEED", "VALIDATION", "may_train_on_frames"]

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

VALIDATION = frozenset({"coffee_pour", "asl_woman"})
"""Camera clips by which trainings are stopped and nets are chosen. No chart shows them."""

NATURAL = VALIDATION | {"marathon", "asl_man", "road_car"}
"""Camera clips that are held out, by file name. Both of the signing persons are, because they
stand in one office; the last three are what charts show.
"""

PASSAGES = {"bbb_a_360p24": (60.0, 70.0), "bbb_b_360p24": (80.0, 100.0)}
"""Seconds of a film that are held out, from and to. The first passage is for validation."""

SCREEN_SEED = 10_000_019
"""Rendered screens and games with this seed and the ones after it are held out."""


def may_train_on_frames(film: str, first: int, count: int, fps: float) -> bool:
    """Returns True if frames first..first+count-1 of `film` are not held out."""
    start, end = PASSAGES.get(film, (0.0, 0.0))
    return (first + count) / fps <= start or first / fps >= end
