"""What a worker puts into the reports of its leads: worth and cost, with few digits."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.waiting import until
from tests.workers.runtime.test_cost_meter import use
from tests.workers.runtime.test_package_energy import domain
from wire.heartbeat import CostWork, StreamWork
from workers.media.picture import Picture
from workers.process.lead_costs import LeadCosts, uses_of
from workers.runtime.package_energy import PackageEnergy
from workers.upscale.quality_probe import PERIOD_S, Probed, QualityProbe

WORK = StreamWork(stream="cam1", rendition="enhanced", epoch=5, state="enhancing")


@pytest.fixture
def costs(tmp_path: Path) -> LeadCosts:
    return LeadCosts(PackageEnergy(tmp_path))


def test_a_lead_that_was_not_measured_yet_tells_nothing(costs: LeadCosts) -> None:
    told = costs.told("1-0", QualityProbe(), WORK)
    assert (told.quality, told.cost) == (None, CostWork())
    assert told == WORK


def test_cost_is_that_of_its_job(costs: LeadCosts) -> None:
    costs.measure({"1-0": use(), "2-0": use()})
    costs.measure({"1-0": use(threads=3.0), "2-0": use(threads=1.0)})
    one, two = (costs.told(entry, QualityProbe(), WORK).cost for entry in ("1-0", "2-0"))
    assert one.cpu_s >= 3.0 and two.cpu_s >= 1.0
    assert one.energy_j is None  # the machine of this test tells none


def test_energy_is_told_where_the_machine_has_it(tmp_path: Path) -> None:
    counter = domain(tmp_path, "intel-rapl:0", "package-0", 0)
    costs = LeadCosts(PackageEnergy(tmp_path))
    costs.measure({"1-0": use()})
    spent_s = 0.0

    def has_some() -> bool:
        nonlocal spent_s
        spent_s += 1.0
        # Linux counts the machine's time in hundredths of a second, so some must pass.
        sum(range(10**6))
        counter.write_text(str(int(10_000_000 * spent_s)))
        costs.measure({"1-0": use(threads=spent_s)})
        return bool(costs.told("1-0", QualityProbe(), WORK).cost.energy_j)

    until("energy", has_some, 30)


def test_quality_is_told_with_the_error_of_its_estimate(costs: LeadCosts) -> None:
    random = np.random.default_rng(3)
    source, made = Picture.blank(32, 24), Picture.blank(64, 48)
    source.y[:] = random.integers(0, 256, source.y.shape, np.uint8)
    made.y[:] = random.integers(0, 256, made.y.shape, np.uint8)
    probe = QualityProbe()
    probed = Probed(source, made, "live-s", is_resized=False)
    # ``told`` reads at the time of now, so the measurement is one of now.
    now = time.monotonic()
    probe.offer(probed, now=now - PERIOD_S)
    probe.offer(probed, now=now)
    until("a measurement", lambda: costs.told("1-0", probe, WORK).quality, 30)
    quality = costs.told("1-0", probe, WORK).quality
    assert quality is not None
    assert quality.pictures == 1
    assert quality.gain_db == round(quality.gain_db or 9.999, 2)
    assert quality.gain_error_db is not None and quality.gain_error_db > 0


def test_without_sessions_nothing_is_used() -> None:
    assert uses_of([]) == {}
