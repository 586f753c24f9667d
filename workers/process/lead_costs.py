"""Worth and cost of the leads of a worker, as they stand in their reports."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

import msgspec
import psutil

from wire.heartbeat import CostWork, QualityWork, StreamWork
from workers.runtime.cost_meter import CostMeter, LeadUse, RenditionCost, WholeUse
from workers.runtime.package_energy import PackageEnergy
from workers.session.session import StreamSession
from workers.upscale.quality_probe import QualityFigures, QualityProbe


class LeadCosts:
    """Measures at each heartbeat what the worker and its renditions have used."""

    def __init__(self, energy: PackageEnergy | None = None) -> None:
        self._energy = energy or PackageEnergy()
        self._meter = CostMeter()

    def measure(self, leads: Mapping[str, LeadUse]) -> None:
        """Takes what the renditions, by the entry of their job, have used until now."""
        self._meter.observe(leads, self._whole(), now=time.monotonic())

    def _whole(self) -> WholeUse:
        times = psutil.cpu_times()
        # Time that a virtual machine gives its guests is in ``user`` already.
        machine_s = times.user + times.system + getattr(times, "nice", 0.0)
        return WholeUse(time.process_time(), machine_s, self._energy.joules())

    def told(self, entry: str, probe: QualityProbe, work: StreamWork) -> StreamWork:
        """Returns the report of a lead with what it is worth and costs."""
        figures = probe.read(now=time.monotonic())
        cost = self._meter.cost(entry)
        return msgspec.structs.replace(work, quality=_quality(figures), cost=_cost(cost))


def uses_of(sessions: Iterable[StreamSession]) -> dict[str, LeadUse]:
    """Returns what the lanes of these sessions have used, by the entry of their job."""
    return {
        lane.job.entry: LeadUse(
            threads_s=lane.pipeline.cpu_s,
            decode_s=session.decode_cpu_s,
            sharers=len(session.lanes),
            engine_s=lane.pipeline.upscale.engine_s,
        )
        for session in sessions
        for lane in session.lanes
    }


# Digits that tell nobody anything are left out: the heartbeat is written twice a second.
def _quality(figures: QualityFigures | None) -> QualityWork | None:
    if figures is None:
        return None
    gain_db = figures.gain_db
    return QualityWork(
        pictures=figures.pictures,
        consistency_db=round(figures.consistency_db, 2),
        sharpness=round(figures.sharpness, 3),
        gain_db=None if gain_db is None else round(gain_db, 2),
        gain_error_db=None if gain_db is None else round(figures.error_db, 2),
    )


def _cost(cost: RenditionCost) -> CostWork:
    return CostWork(
        cpu_s=round(cost.cpu_s, 2),
        energy_j=None if cost.energy_j is None else round(cost.energy_j, 1),
        cpu_s_per_hour=None if cost.cpu_s_per_hour is None else round(cost.cpu_s_per_hour),
        watt_hours_per_hour=None
        if cost.watt_hours_per_hour is None
        else round(cost.watt_hours_per_hour, 2),
    )
