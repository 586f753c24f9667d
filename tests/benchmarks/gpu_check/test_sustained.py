"""How many streams pass is searched without a clock; trials run a small net."""

from __future__ import annotations

import pytest

from benchmarks.gpu_check.sustained import StreamSearch, judge, try_streams
from models.manifest import load_manifest, model_file
from workers.engines.registry import make_engine


def found(capacity: int, **limits: int) -> tuple[int, list[int]]:
    """The result of a search on a machine that sustains so many streams, and what it tried."""
    search, tried = StreamSearch(**limits), []
    while (count := search.next_count()) is not None:
        tried.append(count)
        search.add(count, passed=count <= capacity)
    return search.best, tried


@pytest.mark.parametrize("capacity", [0, 1, 2, 3, 5, 11, 13])
def test_the_greatest_number_is_found(capacity: int) -> None:
    assert found(capacity, max_trials=12)[0] == capacity


def test_it_doubles_and_then_halves() -> None:
    assert found(11, max_trials=12) == (11, [1, 2, 4, 8, 16, 12, 10, 11])


def test_a_machine_that_sustains_none_is_asked_once() -> None:
    assert found(0) == (0, [1])


def test_it_ends_at_the_most_that_is_asked_for_and_after_the_most_trials() -> None:
    assert found(1000, max_streams=6) == (6, [1, 2, 4, 6])
    best, tried = found(50, max_trials=7)
    assert len(tried) == 7 and best == 32


def test_a_trial_passes_up_to_one_late_frame_in_a_hundred() -> None:
    assert judge(1, [0.01] * 99 + [0.05]).passed
    assert not judge(1, [0.01] * 98 + [0.05] * 2).passed
    assert not judge(1, []).passed
    trial = judge(2, [0.01, 0.02, 0.03])
    assert (trial.streams, round(trial.p50_ms)) == (2, 20) and trial.late == 0


def test_frames_of_a_small_net_are_counted() -> None:
    manifest = load_manifest("live-s")
    engine = make_engine("openvino", threads=1)
    net = engine.compile(manifest, model_file(manifest, "int8"), width=64, height=48)
    trial = try_streams(net, 2, seconds=0.2)
    assert trial.streams == 2 and 0 < trial.p50_ms <= trial.p95_ms
    engine.close()
