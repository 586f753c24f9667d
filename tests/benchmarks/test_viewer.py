"""What a viewer that is no browser reports of the frames that it decoded."""

from __future__ import annotations

import pytest

from benchmarks.viewer import SETTLE_S, Watcher


def watched(*times: float, numbers: list[int | None] | None = None) -> dict[str, object]:
    watcher = Watcher()
    numbers = numbers or [None] * len(times)
    watcher.video = [(at, 960, 540, n) for at, n in zip(times, numbers, strict=True)]
    return watcher.report()


def test_nothing_seen_is_a_report_too() -> None:
    report = watched()
    assert report["frames"] == 0 and report["fps"] == 0.0 and report["longest_gap_s"] == 0.0
    assert report["first_number"] is None and report["sizes"] == []


def test_the_burst_of_a_join_is_no_frame_rate() -> None:
    burst = [1.0 + 0.001 * n for n in range(200)]
    steady = [1.0 + SETTLE_S + 0.1 * n for n in range(1, 31)]
    report = watched(*burst, *steady)
    assert report["fps"] == pytest.approx(10.0)
    assert report["frames"] == 230


def test_one_frame_after_the_burst_has_no_rate() -> None:
    assert watched(0.0, SETTLE_S + 0.5)["fps"] == 0.0


def test_the_longest_gap_and_the_numbers_are_told() -> None:
    report = watched(0.0, 0.1, 0.9, 1.0, numbers=[4, None, 5, 5])
    assert report["longest_gap_s"] == pytest.approx(0.8)
    assert (report["stamped"], report["distinct_numbers"]) == (3, 2)
    assert (report["first_number"], report["last_number"]) == (4, 5)
    assert report["sizes"] == [(960, 540)]
