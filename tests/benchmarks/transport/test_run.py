"""Cells of the transport table with real processes. Root only."""

from __future__ import annotations

import pytest

from benchmarks.network import lab
from benchmarks.network.conditions import WIDE_AREA
from benchmarks.transport.frames import SIZES
from benchmarks.transport.run import judge, measure

BIG = "3.9 Mbit/s"


def test_frames_are_judged_by_the_deadline() -> None:
    found = judge([30.0] * 90 + [300.0] * 4 + [301.0] * 4, 100)
    assert found.in_time == pytest.approx(0.94)
    assert found.late == pytest.approx(0.04)
    assert found.p50 == 30.0
    assert found.p95 == 300.0
    assert found.p99 == 301.0


def test_no_frames_have_no_ages() -> None:
    found = judge([], 100)
    assert (found.in_time, found.late, found.p50, found.p99) == (0.0, 0.0, None, None)


@pytest.mark.skipif(bool(lab.missing()), reason=lab.missing())
@pytest.mark.parametrize(("name", "in_time"), [("udp", (0.4, 0.99)), ("link", (0.85, 1.0))])
def test_the_link_restores_what_plain_datagrams_lose(
    name: str, in_time: tuple[float, float]
) -> None:
    cell = measure(name, BIG, SIZES[BIG], WIDE_AREA.but(loss=0.02), 1.5, drain_s=0.4)
    assert in_time[0] <= cell.in_time <= in_time[1]
    assert cell.p50 is not None
    assert 20 < cell.p50 < 80
    assert 0.02 < cell.overhead < 0.6
    assert cell.cpu_send > 0
    assert cell.cpu_receive > 0
