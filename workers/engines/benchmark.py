"""Measurement of a net on this machine: time of a call, and the picture of a sample."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import numpy as np

from workers.engines.engine import Array, CompiledNet, NetInfo, Port, Session

BUDGET_S = 0.5
"""Upper limit for all calls of one measurement together; one call is always made."""

ROUNDS = 6
"""Calls of one measurement. More would not change the choice, and every worker waits for them."""


@dataclasses.dataclass(frozen=True, slots=True)
class EngineTiming:
    """Result of one engine: the time of its calls, or the reason why it cannot be used."""

    engine: str
    ms: float = 0.0
    "Time of one call in ms; 0 if the engine cannot be used."
    precision: str = ""
    "Precision of the computation: fp32, fp16 or int8."
    reason: str = ""
    "Sentence that says why the engine cannot be used; empty if it can."


class TimedCalls:
    """Collects the times of calls and tells when they suffice. It has no clock of its own."""

    def __init__(self, *, budget_s: float = BUDGET_S, rounds: int = ROUNDS) -> None:
        self._budget_s = budget_s
        self._rounds = rounds
        self._took: list[float] = []

    def add(self, took_s: float) -> None:
        """Adds the time of one call, in seconds."""
        self._took.append(took_s)

    @property
    def is_over(self) -> bool:
        """True after enough calls, or if the next one would probably exceed the budget."""
        if not self._took:
            return False
        # The last call tells most of the next one: the first may have been slow because it warmed
        # up.
        likely = sum(self._took) + self._took[-1]
        return len(self._took) >= self._rounds or likely > self._budget_s

    @property
    def first_quartile_s(self) -> float:
        """First quartile of the times: slower calls were held up by other work on the machine.

        The first call, which warms up, counts only if it is the only one.
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
    """Measures a call of a net; returns seconds. Raises DeviceFailed."""
    session, feeds, result = net.session(), sample_feeds(net.info), blank(net.info.output)
    trial = TimedCalls(budget_s=budget_s, rounds=rounds)
    while not trial.is_over:
        begun = clock()
        session.run(feeds, result)
        trial.add(clock() - begun)
    return trial.first_quartile_s


def sample_picture(net: CompiledNet) -> Array:
    """Returns the net's output for the sample picture. Raises DeviceFailed."""
    session: Session = net.session()
    result = blank(net.info.output)
    session.run(sample_feeds(net.info), result)
    return result


def blank(port: Port) -> Array:
    """Returns an array of zeros for a port."""
    return np.zeros(port.shape, port.dtype)


def sample_feeds(info: NetInfo) -> dict[str, Array]:
    """Returns the sample: a smooth picture in every plane, and 0.5 for every number.

    Every precision renders a smooth picture alike.
    """
    feeds = {}
    for port in info.inputs:
        if len(port.shape) < 2:
            # A port without height and width is a strength, from 0 to 1.
            feeds[port.name] = np.full(port.shape, 0.5, port.dtype)
            continue
        plane = _waves(*port.shape[-2:])
        levels = plane * 255.0 if port.dtype == "uint8" else plane
        feeds[port.name] = np.broadcast_to(levels, port.shape).astype(port.dtype)
    return feeds


def _waves(height: int, width: int) -> Array:
    """Returns levels from 0 to 1, five waves across: the same picture at every size."""
    y = np.linspace(0.0, 10.0 * np.pi, height)[:, None]
    x = np.linspace(0.0, 10.0 * np.pi, width)[None]
    plane: Array = 0.5 + 0.22 * np.sin(x) + 0.18 * np.cos(y + 0.7 * x)
    return plane
