"""Choice of the net that another one learns from."""

from __future__ import annotations

from collections.abc import Iterable

from models.manifest import Manifest

__all__ = ["can_learn", "teacher_of"]


def teacher_of(pupil: Manifest, known: Iterable[Manifest]) -> Manifest | None:
    """Returns the net of the same kind that gains most on the held-out clips, by the manifests.

    None where none of them gains more than the pupil itself.
    """
    better = [
        each
        for each in known
        if can_learn(each)
        and each.scale == pupil.scale
        and each.strength == pupil.strength
        and gain_db(each) > gain_db(pupil)
    ]
    return max(better, key=gain_db, default=None)


def can_learn(manifest: Manifest) -> bool:
    """True for a plain net that sees one picture of any size, with a float graph."""
    is_plain = manifest.architecture is None and manifest.colour == "luma"
    sees_one = manifest.window == 1 and not manifest.previous and manifest.size_multiple == 1
    return is_plain and sees_one and "fp32" in manifest.files


def gain_db(manifest: Manifest) -> float:
    """Returns the mean gain over bicubic in float, in dB; 0 where it was not measured."""
    return manifest.mean_gain_db.get("fp32", 0.0)
