"""A profile of the time of a frame, part by part."""

from __future__ import annotations

import cProfile
import dataclasses
import pstats
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.temporal.coded import Coded
from benchmarks.temporal.material import SCALE, Material
from benchmarks.temporal.methods import Temporal
from benchmarks.temporal.nets import free_net
from models.manifest import load_manifest
from workers.media.picture import Picture

__all__ = ["INSIDE", "NET", "OTHER", "PARTS", "Profile", "profile"]

INSIDE, NET = "codec information", "net"
OTHER = "copies, all else"

_FUNCTIONS = {
    "flow": ("between",),
    "match": ("match", "bordered"),
    "bicubic": ("update",),
    "predict": ("propagate", "compensate"),
    "choose": ("plan",),
    "paste": ("apply", "spread_edges"),
}
"""Functions of workers/temporal; none of them calls another one."""

PARTS = (INSIDE, *_FUNCTIONS, OTHER, NET)


@dataclasses.dataclass(frozen=True, slots=True)
class Profile:
    """Parts of a frame's time, with all the work that propagation requests."""

    net: str
    kind: str
    codec: str
    ms: dict[str, float]
    "Milliseconds by PARTS, mean over frames."


def profile(net: str, material: Material, frames: Sequence[Coded], codec: str) -> Profile:
    """One stream, beside the measured run: looking on takes time."""
    manifest = load_manifest(net)
    height, width = material.small.shape[1:]
    method = Temporal(manifest, free_net(manifest, "int8", width, height), width, height, most=None)
    target = Picture.blank(SCALE * width, SCALE * height)
    watcher = cProfile.Profile()
    watcher.enable()
    usages = [method.enhance(coded, target).usage for coded in frames]
    watcher.disable()
    spent = _by_part(watcher)
    spent[NET] = sum(usage.spent_s for usage in usages)
    # The profiler counts the net's calls under OTHER; the net's own clock tells how long they took.
    spent[OTHER] -= spent[NET]
    spent[INSIDE] = sum(coded.info_s for coded in frames)
    in_ms = {part: 1e3 * spent[part] / len(frames) for part in PARTS}
    return Profile(net, material.kind, codec, in_ms)


def _by_part(watcher: cProfile.Profile) -> dict[str, float]:
    """Seconds; what belongs to no function is OTHER."""
    parts = {name: part for part, names in _FUNCTIONS.items() for name in names}
    spent = dict.fromkeys((*_FUNCTIONS, OTHER), 0.0)
    everything = 0.0
    # pstats keeps, for each function, calls, calls without recursion, own and whole seconds.
    found: dict[tuple[str, int, str], Any] = pstats.Stats(watcher).stats  # type: ignore[attr-defined]
    for (path, _, name), (_, _, own, whole, _) in found.items():
        everything += own
        if name in parts and Path(path).parts[-3:-1] == ("workers", "temporal"):
            spent[parts[name]] += whole
    spent[OTHER] = everything - sum(spent.values())
    return spent
