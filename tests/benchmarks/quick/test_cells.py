"""Figures and their comparison with published ones."""

from __future__ import annotations

import pytest

from benchmarks.quick.cells import MAX_RATIO, Cell, Machine, closest, ratios, verdict


def cell(what: str, ms: float) -> Cell:
    return Cell(what=what, engine="openvino", size="480x270", ms=ms)


def machine(*cells: Cell, has_vnni: bool = False) -> Machine:
    return Machine(name="x", has_vnni=has_vnni, cells=cells)


def test_streams_are_what_thirty_frames_a_second_leave_time_for() -> None:
    assert cell("live-s int8", 1000 / 30).streams == pytest.approx(1.0)
    assert cell("live-s int8", 10.0).streams == pytest.approx(10 / 3)
    assert cell("live-s int8", 0.0).streams == 0.0


def test_the_published_machine_has_the_same_instructions() -> None:
    plain, vnni = machine(), machine(has_vnni=True)
    assert closest([plain, vnni], has_vnni=True) is vnni
    assert closest([plain], has_vnni=True) is None


def test_only_what_both_measured_is_compared() -> None:
    own = machine(cell("live-s int8", 20.0), cell("live-m int8", 9.0))
    other = machine(cell("live-s int8", 10.0), cell("live-l int8", 1.0), cell("live-m int8", 0.0))
    assert ratios(own, other) == {("live-s int8", "openvino", "480x270"): 2.0}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "Nothing that was measured"),
        ([1.0], "about as fast"),
        ([0.9, 1.1, 9.0], "about as fast"),
        ([2 * MAX_RATIO], "3.0 times as long"),
        ([0.5], "2.0 times as fast"),
    ],
)
def test_the_verdict_is_that_of_the_middle_figure(values: list[float], words: str) -> None:
    found = {(str(number), "", ""): value for number, value in enumerate(values)}
    assert words in verdict(found)
