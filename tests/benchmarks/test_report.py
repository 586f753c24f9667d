from __future__ import annotations

import pytest

pytest.importorskip("bjontegaard")
pytest.importorskip("imageio_ffmpeg")
pytest.importorskip("openvino")

from benchmarks.quality.grid import Found, identity
from benchmarks.quality.methods import Method
from benchmarks.quality.report import Results, figures, markdown, mean_over_bicubic
from benchmarks.quality.stability import GainOverTime
from benchmarks.quality.uplink import CODECS, RATES, WAYS, Point, bd_rate
from benchmarks.scores import Scores
from models.measure.held_out_clips import CLIPS

NAMES = ["bicubic"] + [
    f"{net} {kind}" for net in ("live-s", "live-m", "live-l") for kind in ("fp32", "int8")
]
NAMES.append("live-m int8, crisp")


def scores(psnr: float, vmaf: float = 50.0) -> Scores:
    return Scores(psnr=psnr, ssim=0.9, vmaf=vmaf, neg=vmaf, xpsnr=psnr, flicker=1.0)


def results(gain: float) -> Results:
    methods = [Method(name, "ours", lambda h, w: lambda clip: clip) for name in NAMES]
    found = [
        Found(name, clip, "h264", 0.12, scores(30.0 + gain * (name != "bicubic"), 50 + 8 * gain))
        for name in NAMES
        for clip in CLIPS
    ]
    points = [
        Point(way, clip, codec, 1000 * rate * cost, scores(30 + 100 * rate, 40 + 500 * rate))
        for way, cost in zip(WAYS, (1.0, 1.0, 0.5, 0.5, 0.5), strict=True)
        for clip in CLIPS
        for codec in CODECS
        for rate in RATES
    ]
    return Results(
        machine="a machine",
        frames=2,
        methods=methods,
        found=found,
        milliseconds={"bicubic": 0.1},
        clean_db={"live-m int8": gain},
        points=points,
        over_time=[GainOverTime("screen", {"live-t": [2.0] * 50 + [1.0] * 10})],
    )


def test_gains_are_differences_to_bicubic_in_the_same_cell() -> None:
    found = results(0.6).found
    assert mean_over_bicubic(found, "live-s int8", "psnr", lambda f: True) == pytest.approx(0.6)
    assert mean_over_bicubic(found, "bicubic", "vmaf", lambda f: True) == 0


@pytest.mark.parametrize(("gain", "met"), [(1.1, True), (0.3, False)])
def test_targets_are_judged_by_what_was_found(gain: float, met: bool) -> None:
    rows = figures(results(gain))
    assert len(rows) == 8
    assert rows[1].is_met is met and rows[6].is_met is met
    assert rows[1].value == pytest.approx(gain)


def test_half_the_bits_for_the_same_score_is_minus_fifty_percent() -> None:
    points = results(1.0).points
    assert bd_rate(points, WAYS[3], "vmaf") == pytest.approx(-50, abs=0.5)
    assert bd_rate(points, WAYS[1], "psnr") == pytest.approx(0, abs=0.5)


def test_the_page_has_a_row_for_each_method_and_says_what_was_missed() -> None:
    page = markdown(results(0.3))
    for name in NAMES[1:]:
        assert page.count(f"| {name} |") == 6
    assert "**missed**" in page
    assert "| screen | live-t | +2.00 | +1.00 | +1.00 |" in page
    assert "nan" not in page.split("## All methods")[1]


def test_other_weights_under_the_same_name_are_measured_anew() -> None:
    one, two = (Method("net", "ours", lambda h, w: lambda c: c, digest=d) for d in ("a", "b"))
    assert identity(one, 48, 3) != identity(two, 48, 3)
    assert identity(one, 48, 3) != identity(one, 24, 3)
    assert identity(one, 48, 3) == identity(one, 48, 3)
