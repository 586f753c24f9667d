"""Figures of one stream without a browser."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.live import _growth, _rows


def view(frames: tuple[int, int, int], p50: float = 20.0, p95: float = 40.0) -> dict[str, Any]:
    """A stream as the API shows it: frames in, out and by the net."""
    names = ("in", "out", "enhanced")
    stages = [{"name": "decode", "p50": 1.5}, {"name": "enhance", "p50": 9.0}]
    return {
        "frames": dict(zip(names, frames, strict=True)),
        "latency_ms": {"total": {"p50": p50, "p95": p95}, "stages": stages},
    }


SEEN = {"fps": 29.9, "first_s": {"video": 0.25}}
MEMORY = {"app": [100.0, 120.0, 110.0], "worker": [400.0, 500.0, 450.0]}


def figures(views: list[dict[str, Any]], seen: dict[str, Any] = SEEN) -> dict[str, Any]:
    found = _rows(views, {"app": 12.0, "worker": 80.0}, MEMORY, seen)
    return {each.name: each for each in found}


def test_frames_are_counted_between_the_first_view_and_the_last() -> None:
    found = figures([view((100, 90, 80)), view((200, 180, 100)), view((300, 289, 229))])
    assert found["frames out / frames in"].value == pytest.approx(99.5)
    assert found["frames out / frames in"].is_met
    share = found["of them by the net (the rest resized, late)"]
    assert share.value == pytest.approx(100 * 149 / 199)


def test_one_frame_too_few_misses_the_target() -> None:
    found = figures([view((0, 0, 0)), view((200, 198, 198))])
    assert not found["frames out / frames in"].is_met


def test_latencies_are_medians_of_the_windows_and_the_first_view_is_none() -> None:
    late = view((0, 0, 0), 999.0, 999.0)
    windows = [view((n, n, n), p50, 50.0 + n) for n, p50 in ((100, 30.0), (200, 35.0), (300, 90.0))]
    found = figures([late, *windows])
    assert found["latency added by the server, p50"].value == 35.0
    assert found["latency added by the server, p50"].note == "decode 1.5, enhance 9.0"
    p95 = found["latency added by the server, p95"]
    assert p95.value == 250.0 and p95.note == "median of 3 windows, worst 350"


def test_memory_is_the_most_and_a_viewer_without_a_picture_misses() -> None:
    views = [view((0, 0, 0)), view((100, 100, 100))]
    found = figures(views, {"fps": 0.0, "first_s": {}})
    assert found["memory of the app"].value == 120.0
    assert found["memory of the worker"].value == 500.0
    assert found["first picture after joining"].value == 99_000
    assert not found["first picture after joining"].is_met
    assert figures(views)["first picture after joining"].value == 250.0


@pytest.mark.parametrize(
    ("samples", "growth"),
    [
        ([5.0] * 40, 0.0),
        # The first tenth warms up and counts for nothing.
        ([0.0] * 4 + [10.0] * 32 + [30.0] * 4, 20.0),
        ([float(n) for n in range(100)], 80.0),
        ([1.0, 2.0, 3.0], 1.0),
    ],
)
def test_growth_is_from_the_second_tenth_to_the_last(samples: list[float], growth: float) -> None:
    assert _growth(samples) == pytest.approx(growth)
