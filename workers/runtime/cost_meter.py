"""Divides a worker's processor time and its machine's energy among the renditions."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping

WINDOW_S = 60.0
"""Seconds over which rates are told."""

_MIN_S = 5.0
"""Seconds without which a rate says nothing."""

_PER_HOUR = 3600.0
_JOULES_PER_WATT_HOUR = 3600.0


@dataclasses.dataclass(frozen=True, slots=True)
class LeadUse:
    """The time that one rendition has used so far, in seconds."""

    threads_s: float
    "Processor time of its own threads."
    decode_s: float
    "Processor time of the decoder that it has in common with other renditions of its stream."
    sharers: int
    "Renditions that have this decoder in common."
    engine_s: float
    "Time of the engine."


@dataclasses.dataclass(frozen=True, slots=True)
class WholeUse:
    """The time and energy that the worker and its machine have used so far."""

    process_s: float
    "Processor time of the worker's process."
    machine_s: float
    "Processor time of all processes of the machine."
    energy_j: float | None
    "Energy of its processors, None where it is not known."


@dataclasses.dataclass(frozen=True, slots=True)
class RenditionCost:
    """The cost of one rendition, since this worker leads it, and per hour of the last minute."""

    cpu_s: float = 0.0
    energy_j: float | None = None
    cpu_s_per_hour: float | None = None
    "None until it was measured for some seconds."
    watt_hours_per_hour: float | None = None
    "None where the machine does not tell its energy."


@dataclasses.dataclass(slots=True)
class _Account:
    """The sums of one rendition and their course."""

    last: LeadUse
    cpu_s: float = 0.0
    energy_j: float = 0.0
    course: collections.deque[tuple[float, float, float]] = dataclasses.field(
        default_factory=collections.deque
    )


class CostMeter:
    """Divides what a worker used among its renditions.

    Each has the time of its own threads and its part of the decoder's. What is left of the process
    (the engine's threads, the event loop) goes to them as they used the engine, so that the costs
    add up to what the worker took. Energy goes to a rendition as its processor time stands to that
    of all processes of the machine, idle power included.
    """

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}
        self._whole: WholeUse | None = None
        self._knows_energy = False

    def observe(self, leads: Mapping[str, LeadUse], whole: WholeUse, *, now: float) -> None:
        """Takes what all renditions, by name, and the worker have used until now."""
        before, self._whole = self._whole, whole
        self._accounts = {
            name: self._accounts.get(name) or _Account(use) for name, use in leads.items()
        }
        if before is not None:
            self._divide(leads, before, whole)
        self._knows_energy = whole.energy_j is not None
        for name, account in self._accounts.items():
            account.last = leads[name]
            account.course.append((now, account.cpu_s, account.energy_j))
            while now - account.course[0][0] > WINDOW_S:
                account.course.popleft()

    def _divide(self, leads: Mapping[str, LeadUse], before: WholeUse, whole: WholeUse) -> None:
        direct, engine = {}, {}
        for name, use in leads.items():
            last = self._accounts[name].last
            decode_s = max(0.0, use.decode_s - last.decode_s) / max(1, use.sharers)
            direct[name] = max(0.0, use.threads_s - last.threads_s) + decode_s
            engine[name] = max(0.0, use.engine_s - last.engine_s)
        rest_s = max(0.0, whole.process_s - before.process_s - sum(direct.values()))
        # While no net works, what is left goes with the threads' time.
        weights = engine if sum(engine.values()) > 0 else direct
        total = sum(weights.values())
        machine_s = whole.machine_s - before.machine_s
        for name, account in self._accounts.items():
            cpu_s = direct[name] + (rest_s * weights[name] / total if total > 0 else 0.0)
            account.cpu_s += cpu_s
            if whole.energy_j is not None and before.energy_j is not None and machine_s > 0:
                passed_j = max(0.0, whole.energy_j - before.energy_j)
                account.energy_j += passed_j * min(1.0, cpu_s / machine_s)

    def cost(self, name: str) -> RenditionCost:
        """Returns the cost of a rendition; nothing for one that was not observed."""
        account = self._accounts.get(name)
        if account is None:
            return RenditionCost()
        energy_j = account.energy_j if self._knows_energy else None
        (began, cpu_s, joules), (now, _, _) = account.course[0], account.course[-1]
        passed_s = now - began
        if passed_s < _MIN_S:
            return RenditionCost(account.cpu_s, energy_j)
        watts = (account.energy_j - joules) / passed_s
        return RenditionCost(
            cpu_s=account.cpu_s,
            energy_j=energy_j,
            cpu_s_per_hour=_PER_HOUR * (account.cpu_s - cpu_s) / passed_s,
            watt_hours_per_hour=watts * _PER_HOUR / _JOULES_PER_WATT_HOUR
            if self._knows_energy
            else None,
        )
