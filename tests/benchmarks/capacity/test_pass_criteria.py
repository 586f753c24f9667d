"""What is sustained, what is tried next, and what the tables say."""

from __future__ import annotations

import dataclasses

import pytest

from benchmarks.capacity.figures import Served, Timing
from benchmarks.capacity.pass_criteria import COUNTS, is_sustained, next_count, sustained, twice
from benchmarks.capacity.report import LoadSeries, grid, rows
from benchmarks.capacity.run import Outcome


def outcome(streams: int = 1, *, good: bool = True) -> Outcome:
    return Outcome(
        streams=streams,
        timing=Timing(1000, 995, p50_ms=20.0, p95_ms=60.0, p99_ms=90.0, worst_gap_ms=99.0),
        served=Served(1000, full=100, temporal=880 if good else 700),
        worker_cpu=0.5,
        late_ms=2.0,
        unaccounted=0,
    )


def test_all_of_output_net_and_time_must_be_there() -> None:
    good = outcome()
    assert is_sustained(good)
    for timing in (
        dataclasses.replace(good.timing, out=989),
        dataclasses.replace(good.timing, p95_ms=67.0),
    ):
        assert not is_sustained(dataclasses.replace(good, timing=timing))
    for served in (
        Served(1000, full=100, temporal=840, bicubic=60),
        Served(1000, full=100, temporal=880, temporal_wanted=10.0, temporal_done=9.0),
    ):
        assert not is_sustained(dataclasses.replace(good, served=served))


@pytest.mark.parametrize(
    ("good", "most"), [((), 0), ((1, 2, 3), 3), ((1, 2, 4), 2), ((2,), 0), (COUNTS, 8)]
)
def test_sustained_is_the_last_number_before_one_that_is_not(
    good: tuple[int, ...], most: int
) -> None:
    outcomes = [outcome(count, good=count in good) for count in reversed(COUNTS)]
    assert sustained(outcomes) == most
    assert twice(outcomes) == 2 * max(1, most)


def tried(limit: int, *, to_the_end: bool) -> list[int]:
    outcomes: list[Outcome] = []
    while (count := next_count(outcomes, to_the_end=to_the_end)) is not None:
        outcomes.append(outcome(count, good=count <= limit))
    return [one.streams for one in outcomes]


def test_more_streams_are_tried_until_they_are_too_many() -> None:
    assert tried(2, to_the_end=False) == [1, 2, 3]
    assert tried(0, to_the_end=False) == [1]
    assert tried(99, to_the_end=False) == list(COUNTS)
    assert tried(0, to_the_end=True) == list(COUNTS)


def series(
    content: str,
    limit: int,
    *,
    model: str = "live-s",
    temporal: bool = True,
    counts: object = COUNTS,
) -> LoadSeries:
    assert isinstance(counts, tuple)
    outcomes = tuple(outcome(count, good=count <= limit) for count in counts)
    return LoadSeries(model, content, temporal, outcomes)


def test_the_default_net_with_propagation_has_the_targets() -> None:
    measured = [
        series("fixed", 4), series("mixed", 1), series("fixed", 1, temporal=False, counts=(1, 2)),
        series("fixed", 2, model="live-m", counts=(1, 2)),
    ]  # fmt: skip
    found = {row.name: row for row in rows(measured, "live-s")}
    fixed = found["270p30 streams one core sustains: live-s, fixed camera"]
    mixed = found["270p30 streams one core sustains: live-s, mixed content"]
    assert (fixed.value, fixed.target, fixed.is_met) == (4, 4, True)
    assert (mixed.value, mixed.target, mixed.is_met) == (1, 2, False)
    whole = found["270p30 streams one core sustains: live-s, fixed camera, without propagation"]
    other = found["270p30 streams one core sustains: live-m, fixed camera"]
    assert (whole.value, whole.target, whole.note) == (1, None, "")
    assert (other.value, other.target, other.note) == (2, None, "more were not tried")


def test_twice_the_load_is_judged_by_the_oldest_frames_and_the_worst_gap() -> None:
    names = {row.name: row for row in rows([series("fixed", 4)], "live-s")}
    p99 = names["twice the load (8 streams): live-s, fixed camera, p99 age at output"]
    gap = names["twice the load (8 streams): live-s, fixed camera, worst gap"]
    assert (p99.value, p99.target, p99.at_most) == (90.0, 250.0, True)
    assert (gap.value, gap.target, gap.at_most) == (99.0, 500.0, True)
    cut_short = [series("fixed", 4, counts=(1, 2, 3, 4))]
    assert not any("twice" in row.name for row in rows(cut_short, "live-s"))


def test_frames_that_are_nowhere_and_a_late_feeder_are_told() -> None:
    odd = dataclasses.replace(outcome(), unaccounted=3, late_ms=40.0)
    found = rows(
        [series("fixed", 4), LoadSeries("live-m", "mixed", True, (odd, outcome(2)))], "live-s"
    )
    names = {row.name: row for row in found}
    assert not names["frames that are nowhere, all runs"].is_met
    assert names["the feeder's own lateness, p99 of its worst run"].value == 40.0


def test_the_grid_has_a_line_for_every_run() -> None:
    text = grid([series("fixed", 4), series("mixed", 1, temporal=False, counts=(1, 2))])
    lines = text.splitlines()
    assert len(lines) == 2 + len(COUNTS) + 2
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2].startswith("| live-s | fixed | 1 | 10.0% | 88.0% | 100% |")
    assert lines[2].endswith("| 50% | 2 ms | yes |") and "| 0.5% | 20 ms | 60 ms |" in lines[2]
    assert lines[-1].startswith("| live-s, not temporal | mixed | 2 |") and lines[-1].endswith(
        "no |"
    )
