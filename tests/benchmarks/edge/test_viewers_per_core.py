"""What follows from one measurement, and the table."""

from __future__ import annotations

import dataclasses

import pytest

from benchmarks.edge.viewers_per_core import Load, table

LOAD = Load(
    server="one", kbps=1400, viewers=100, alive=100, cpu=0.6, idle_cpu=0.1, packets=160_000,
    expected=160_000.0, seconds=8.0, p50_ms=1.0, p99_ms=2.0, load=1.5,
)  # fmt: skip


def test_only_what_the_viewers_take_counts_for_a_packet() -> None:
    assert LOAD.packet_us == pytest.approx(25.0)
    assert dataclasses.replace(LOAD, packets=0).packet_us > 0


def test_a_core_carries_viewers_beside_the_stream_itself() -> None:
    assert LOAD.per_core == pytest.approx(180.0)
    # Where half of the packets are missing, half of the work was left undone.
    late = dataclasses.replace(LOAD, packets=80_000, cpu=0.35)
    assert late.per_core == pytest.approx(180.0)


def test_more_than_was_expected_is_all() -> None:
    assert dataclasses.replace(LOAD, packets=170_000).delivered == 1.0
    assert dataclasses.replace(LOAD, packets=80_000).delivered == 0.5


def test_the_table_tells_of_viewers_that_were_lost() -> None:
    lines = table([LOAD, dataclasses.replace(LOAD, alive=97)]).splitlines()
    assert len(lines) == 4
    assert "| 100 | 0.60 | 25.0 | 180 | 1.0, 2.0 | 100.0 % | 1.5 |" in lines[2]
    assert "| 97 of 100 |" in lines[3]
