"""The option of a method that runs a net on whole pictures."""

from __future__ import annotations

from workers.scheduling.option import MethodInfo, Option
from workers.upscale.method import MethodContext
from workers.upscale.upscaler import Upscaler


def option_of(method: MethodInfo, upscaler: Upscaler, context: MethodContext) -> Option | None:
    """Returns the option, at the expected cost until it was measured; None without a net."""
    if upscaler.net is None:
        return None
    # Without an expectation the first frame would count as costing nothing, and every stream would
    # begin with the most expensive net.
    if context.costs.usual_ms(method) is None:
        expected_s = context.models.expected_s(upscaler.net)
        if expected_s is not None:
            context.costs.expect(method, expected_s)
    return context.costs.option(method)
