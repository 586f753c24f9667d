"""The live methods as the policies see them; a test compares them with the real table."""

from __future__ import annotations

from workers.scheduling.cost_model import CostModel
from workers.scheduling.decision import FrameRequest, Reason, Usage
from workers.scheduling.option import MethodInfo, Option, ScaleRule

BICUBIC = MethodInfo("bicubic", 0.0, ScaleRule.ANY, is_free=True)
SMALL = MethodInfo("small", 0.8, ScaleRule.MODEL)
FULL = MethodInfo("full", 1.0, ScaleRule.MODEL)
TEMPORAL = MethodInfo("temporal", 0.95, ScaleRule.MODEL, part_of=FULL)
METHODS = (BICUBIC, SMALL, TEMPORAL, FULL)
NETS = (SMALL, TEMPORAL, FULL)


def took(passed_s: float, engine_s: float, fraction: float = 1.0) -> Usage:
    """A frame during which the thread never waited."""
    return Usage(passed_s, engine_s, engine_s, passed_s - engine_s, fraction=fraction)


def request(
    costs: CostModel,
    arrived: float,
    methods: frozenset[MethodInfo] = frozenset((FULL,)),
    *,
    fps: float = 30.0,
    wanted: float = 1.0,
    energy: float | None = 1.0,
    refused: Reason | None = None,
) -> FrameRequest:
    """A frame of 480x270 that can have ``methods`` and a resize, at the costs known so far."""
    nets = [costs.option(method, wanted=wanted) for method in NETS if method in methods]
    options = (*nets, Option(BICUBIC))
    return FrameRequest(arrived, 1 / fps, 480 * 270, options, energy, refused)
