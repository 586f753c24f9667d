"""How long a net takes here, and what picture it gives: measured, within a bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from workers.engines.engine import Array, CompiledNet, NetInfo, Port, Session

BUDGET_S = 0.5
"""The most that the calls of one trial take together, but for the one call that there must be."""

ROUNDS = 6
"""Calls that are enough to choose by; every worker waits for them at its start."""


class Trial:
    """Collects what calls took, and says when that is enough. No clock of its own."""

    def __init__(self, *, budget_s: float = BUDGET_S, rounds: int = ROUNDS) -> None:
        self._budget_s = budget_s
        self._rounds = rounds
        self._took: list[float] = []

    def add(self, took_s: float) -> None:
        """One more call."""
        self._took.append(took_s)

    @property
    def is_over(self) -> bool:
        """True when there were enough calls, or the next would probably break the budget."""
        if not self._took:
            return False
        likely = sum(self._took) + self._took[-1]
        return len(self._took) >= self._rounds or likely > self._budget_s

    @property
    def usual_s(self) -> float:
        """The faster quarter's bound, in seconds: what is slower was held up by something that will
        pass. The first call, which warms up, counts where it is the only one.
        """
        steady = sorted(self._took[1:] or self._took)
        return steady[len(steady) // 4]


def time_net(
    net: CompiledNet,
    *,
    budget_s: float = BUDGET_S,
    rounds: int = ROUNDS,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Seconds that a call usually takes. Raises DeviceFailed."""
    session, feeds, result = net.session(), sample_feeds(net.info), blank(net.info.output)
    trial = Trial(budget_s=budget_s, rounds=rounds)
    while not trial.is_over:
        begun = clock()
        session.run(feeds, result)
        trial.add(clock() - begun)
    return trial.usual_s


def sample_picture(net: CompiledNet) -> Array:
    """What a net makes of the sample, from a session of its own. Raises DeviceFailed."""
    session: Session = net.session()
    result = blank(net.info.output)
    session.run(sample_feeds(net.info), result)
    return result


def blank(port: Port) -> Array:
    """An array of zeros for a port."""
    return np.zeros(port.shape, port.dtype)


def sample_feeds(info: NetInfo) -> dict[str, Array]:
    """A smooth picture in every plane, of the kind that every precision renders alike; numbers for
    each frame are half of their range.
    """
    feeds = {}
    for port in info.inputs:
        if len(port.shape) < 2:
            feeds[port.name] = np.full(port.shape, 0.5, port.dtype)
            continue
        plane = _waves(*port.shape[-2:])
        levels = plane * 255.0 if port.dtype == "uint8" else plane
        feeds[port.name] = np.broadcast_to(levels, port.shape).astype(port.dtype)
    return feeds


def _waves(height: int, width: int) -> Array:
    """0..1, five waves across: the same picture at every size."""
    y = np.linspace(0.0, 10.0 * np.pi, height)[:, None]
    x = np.linspace(0.0, 10.0 * np.pi, width)[None]
    plane: Array = 0.5 + 0.22 * np.sin(x) + 0.18 * np.cos(y + 0.7 * x)
    return plane
