"""The table of upscale methods."""

from __future__ import annotations

from collections.abc import Callable

from workers.scheduling.option import MethodInfo, ScaleRule
from workers.upscale.method import MethodContext, UpscaleMethod
from workers.upscale.methods.bicubic import BICUBIC, BicubicMethod
from workers.upscale.methods.full import FULL, FullMethod
from workers.upscale.methods.restore import RESTORE, RestoreMethod
from workers.upscale.methods.small import SMALL, SmallMethod
from workers.upscale.methods.temporal import TEMPORAL, TemporalMethod

Factory = Callable[[MethodContext], UpscaleMethod]

METHODS: dict[MethodInfo, Factory] = {
    BICUBIC: BicubicMethod,
    SMALL: SmallMethod,
    TEMPORAL: TemporalMethod,
    FULL: FullMethod,
    RESTORE: RestoreMethod,
}
"""The methods by descriptor, worst first."""


def methods_for(factor: int) -> tuple[MethodInfo, ...]:
    """Returns the methods for a rendition of that factor: 1 for the source's size, 0 for the
    model's own scale, below 0 for one without a net.
    """
    if factor < 0:
        return (BICUBIC,)
    rule = ScaleRule.SAME if factor == 1 else ScaleRule.MODEL
    return tuple(info for info in METHODS if info.scale in (ScaleRule.ANY, rule))
