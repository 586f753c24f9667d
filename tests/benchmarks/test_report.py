from __future__ import annotations

import pytest

pytest.importorskip("bjontegaard")
pytest.importorskip("imageio_ffmpeg")
pytest.importorskip("openvino")

from benchmarks.quality.at_viewer import Cell
from benchmarks.quality.grid import Found, identity
from benchmarks.quality.methods import Method
from benchmarks.quality.report import Results, figures, markdown, mean_over_bicubic
from benchmarks.quality.stability import GainOverTime
from benchmarks.scores import Scores
from models.measure.held_out_clips import CLIPS
from tests.benchmarks.quality.material import pair, points

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
    passed = [each for clip in CLIPS for each in pair(Cell(clip, "h264", 0.12), gain, gain / 2)]
    return Results(
        machine="a machine",
        frames=2,
        methods=methods,
        found=found,
        milliseconds={"bicubic": 0.1},
        clean_db={"live-m int8": gain},
        passed=passed,
        passed_frames=3,
        points=[point for clip in CLIPS for point in points(clip)],
        over_time=[GainOverTime("screen", {"live-t": [2.0] * 50 + [1.0] * 10})],
    )


def test_gains_are_differences_to_bicubic_in_the_same_cell() -> None:
    found = results(0.6).found
    assert mean_over_bicubic(found, "live-s int8", "psnr", lambda f: True) == pytest.approx(0.6)
    assert mean_over_bicubic(found, "bicubic", "vmaf", lambda f: True) == 0


@pytest.mark.parametrize(("gain", "met"), [(1.1, True), (0.3, False)])
def test_targets_are_judged_by_what_was_found(gain: float, met: bool) -> None:
    rows = figures(results(gain))
    assert len(rows) == 6
    assert rows[1].is_met is met and rows[4].is_met is met
    assert rows[1].value == pytest.approx(gain)
    assert "live-" in rows[2].name and rows[5].value == pytest.approx(0)


def test_the_page_has_a_row_for_each_method_and_says_what_was_missed() -> None:
    page = markdown(results(0.3))
    for name in NAMES[1:]:
        assert page.count(f"| {name} |") == 6
    assert "**missed**" in page
    assert "| screen | live-t | +2.00 | +1.00 | +1.00 |" in page
    assert "nan" not in page
    # What reaches viewers comes before what does not.
    order = ["## Targets", "## At the viewer", "## One uplink", "## All methods", "## Pictures"]
    assert [page.index(head) for head in order] == sorted(page.index(head) for head in order)


def test_other_weights_under_the_same_name_are_measured_anew() -> None:
    one, two = (Method("net", "ours", lambda h, w: lambda c: c, digest=d) for d in ("a", "b"))
    assert identity(one, 48, 3) != identity(two, 48, 3)
    assert identity(one, 48, 3) != identity(one, 24, 3)
    assert identity(one, 48, 3) == identity(one, 48, 3)
