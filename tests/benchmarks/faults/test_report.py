"""The table of faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.faults.history import Seen
from benchmarks.faults.measure import Result, height_of, judge
from benchmarks.faults.report import HEAD, line, summary
from benchmarks.faults.stack import Stack
from benchmarks.faults.table import FAULTS, Fault, Moments, publish_arguments


def fault(**changes: object) -> Fault:
    fields: dict[str, object] = {
        "name": "a fault",
        "inflict": lambda stack, streams: Moments(0.0, 0.0),
        "freeze_s": 0.5,
        "again_s": 2.0,
    }
    return Fault(**(fields | changes))  # type: ignore[arg-type]


def result(**changes: object) -> Result:
    fields: dict[str, object] = {
        "fault": fault(),
        "streams": 1,
        "freeze_s": 0.2,
        "again_s": 1.5,
        "lost": 0,
        "twice": 0,
        "out_of_order": 0,
    }
    return Result(**(fields | changes))  # type: ignore[arg-type]


def test_a_row_has_what_was_measured_and_what_is_wanted() -> None:
    row = line(result())
    assert row == "| a fault | 1 | 0.20 s | 0.5 s | 1.50 s | 2 s | 0 | 0 | 0 |"
    assert row.count("|") == HEAD.splitlines()[0].count("|")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"freeze_s": 0.6}, "**0.60 s**"),
        ({"again_s": 2.5}, "**2.50 s**"),
        ({"again_s": None}, "**never**"),
        ({"twice": 3}, "**3**"),
        ({"out_of_order": 4}, "**4**"),
    ],
)
def test_what_is_missed_is_bold(changes: dict[str, object], words: str) -> None:
    assert words in line(result(**changes))
    assert not result(**changes).is_met
    assert summary([result(), result(**changes)]) == "1 of 2 as wanted"


def test_what_is_not_wanted_cannot_be_missed() -> None:
    free = fault(freeze_s=None, again_s=None)
    assert result(fault=free, freeze_s=9.0, again_s=None).is_met


def test_a_publisher_that_begins_anew_counts_its_pictures_anew() -> None:
    height = height_of(1)
    old = [Seen(n / 30, 3000 * n, 100 + n, height) for n in range(30)]
    new = [Seen(4 + n / 30, 360_000 + 3000 * n, n, height) for n in range(30)]
    moments = Moments(1.0, 4.0)
    judged = judge(old + new, fault(keeps_numbers=False), 1, moments, 5.0)
    assert (judged.twice, judged.out_of_order) == (0, 0)
    assert judge(old + new, fault(), 1, moments, 5.0).out_of_order > 0


def test_the_faults_have_names_of_their_own_and_sizes_that_are_known() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert (height_of(1), height_of(4)) == (540, 360)
    assert publish_arguments(1) != publish_arguments(4)


def test_a_clock_jumps_from_where_it_is(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    file = tmp_path / "clock"
    file.write_text("+0s")
    steps = [fault.inflict for fault in FAULTS if fault.clock]
    for step, told in zip([*steps, steps[1]], ["+60s", "+0s", "-60s"], strict=True):
        step(stack, [])
        assert file.read_text() == told
