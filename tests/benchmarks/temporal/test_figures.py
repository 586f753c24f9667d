from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("imageio_ffmpeg")
pytest.importorskip("matplotlib")
pytest.importorskip("onnx")
pytest.importorskip("openvino")

from benchmarks.material import back_and_forth
from benchmarks.temporal.figures import gain, kept, mean_ms, saved, speedup, targets
from benchmarks.temporal.grid import Cell, Track
from benchmarks.temporal.methods import FLOW, FP32, FULL, HALF, LOOP, METHODS, PLAIN, TEMPORAL
from benchmarks.temporal.peak import Kernel, best
from benchmarks.temporal.plots import draw_kept, draw_over_time, draw_profile, draw_time
from benchmarks.temporal.profile import PARTS, Profile
from benchmarks.temporal.quality_over_time import SHOWN, QualityOverTime
from benchmarks.temporal.report import Results, engine, markdown

FRAMES = 20
DB = {FULL: 31.0, TEMPORAL: 30.9, HALF: 30.8, PLAIN: 30.0, FLOW: 25.0, FP32: 31.02, LOOP: 31.02}
VMAF = {FULL: 56.0, TEMPORAL: 56.3, HALF: 55.0, PLAIN: 50.0, FLOW: 20.0}
SHARE = {FULL: 1.0, TEMPORAL: 0.2, HALF: 0.1, PLAIN: 0.0, FLOW: 0.1, FP32: 1.0, LOOP: 1.0}
MS = {FULL: 12.0, TEMPORAL: 3.0, HALF: 2.0, PLAIN: 0.5, FLOW: 5.0, FP32: 30.0, LOOP: 30.0}


def track(method: str, *, ms: float, db: float) -> Track:
    frames = tuple(range(0, FRAMES, 10 if method in (FP32, LOOP) else 1))
    each = np.ones(len(frames))
    return Track(
        frames,
        spent_ms=ms * each,
        net_ms=0.5 * ms * each,
        runs=3 * each,
        fraction=SHARE[method] * each,
        inside=0.8 * SHARE[method] * each,
        errors=255**2 / 10 ** (db / 10) * each,
        vmaf=VMAF.get(method, float("nan")),
        flicker=1.0,
    )


def cell(
    kind: str,
    codec: str = "h264",
    *,
    ms: dict[str, float] = MS,
    db: dict[str, float] = DB,
    is_large: bool = False,
) -> Cell:
    tracks = {name: track(name, ms=ms[name], db=db[name]) for name in METHODS}
    size = "640x360" if is_large else "480x270"
    return Cell("live-s", kind, size, is_large, codec, 0.25, tracks)


def grid(**changed: Any) -> list[Cell]:
    return [
        cell(kind, codec, **changed)
        for kind in ("speaker", "handheld")
        for codec in ("h264", "vp8")
    ]


def results(cells: list[Cell]) -> Results:
    return Results(
        machine="a machine",
        frames=FRAMES,
        nets=["live-s"],
        cells=cells,
        profiles=[Profile("live-s", "speaker", "h264", dict.fromkeys(PARTS, 0.25))],
        kernels=[
            Kernel("fp32", "a product", 40.0),
            Kernel("fp32", "another", 100.0),
            Kernel("int8", "a third", 400.0),
        ],
        over_time=[
            QualityOverTime("live-s", "speaker", 10, {name: [DB[name]] * 20 for name in SHOWN})
        ],
        lacking=["Something is not installed here."],
    )


def test_gain_and_what_is_kept_of_it_are_over_bicubic() -> None:
    one = cell("speaker")
    assert gain(one, FULL, "psnr") == pytest.approx(1.0)
    assert gain(one, TEMPORAL, "vmaf") == pytest.approx(6.3)
    assert kept([one], TEMPORAL, "psnr") == pytest.approx(90.0)
    assert kept([one], TEMPORAL, "vmaf") == pytest.approx(105.0)


def test_what_is_kept_is_weighed_by_what_there_was_to_keep() -> None:
    low = {**DB, FULL: 30.2, TEMPORAL: 30.1}
    both = [cell("speaker"), cell("speaker", "vp8", db=low)]
    assert kept(both, TEMPORAL, "psnr") == pytest.approx(100 * (0.9 + 0.1) / 1.2)


def test_nothing_is_said_of_a_share_of_next_to_nothing() -> None:
    assert kept([cell("speaker", db={**DB, FULL: 30.05})], TEMPORAL, "psnr") is None
    assert kept([], TEMPORAL, "psnr") is None


def test_a_method_that_made_few_frames_is_judged_by_them() -> None:
    one = cell("speaker")
    errors = one.tracks[PLAIN].errors
    errors[1:10] *= 100
    assert gain(one, LOOP, "psnr") == pytest.approx(1.02)
    assert gain(one, FULL, "psnr") > 10


def test_work_saved_is_what_the_net_did_not_do() -> None:
    assert saved([cell("speaker")], TEMPORAL) == pytest.approx(80.0)
    assert saved([cell("speaker")], PLAIN) == 100.0


def test_precisions_are_compared_on_the_same_frames() -> None:
    one = cell("speaker")
    one.tracks[FULL].net_ms[1:10] = 1e6
    faster, lost = speedup([one])
    assert faster == pytest.approx(30 / 12)
    assert lost == pytest.approx(0.02)


def test_targets_are_judged_by_what_was_found() -> None:
    judged = {each.row.name: each.row for each in targets(grid(), "live-s")}
    assert len(judged) == 2 * 4 + 2
    assert not judged["fixed camera: kept of the net's PSNR gain"].is_met
    assert judged["hand-held: kept of the net's VMAF gain"].is_met
    assert judged["fixed camera: multiply-adds of the net saved"].is_met
    time = judged["fixed camera: time for a frame, over the full net's"]
    assert time.value == pytest.approx(25.0) and time.is_met
    slow = targets(grid(ms={**MS, TEMPORAL: 5.0}), "live-s")
    assert [each.row.name for each in slow if not each.row.is_met][-1] == time.name


def test_large_pictures_are_no_part_of_the_targets() -> None:
    both = [*grid(), cell("speaker", ms={**MS, TEMPORAL: 100.0}, is_large=True)]
    assert [e.row.value for e in targets(both, "live-s")] == [
        e.row.value for e in targets(grid(), "live-s")
    ]


def test_the_page_says_what_was_missed_and_why() -> None:
    page = markdown(results([*grid(), cell("speaker", is_large=True)]))
    assert page.count("**missed**") == 2
    assert "- fixed camera, PSNR: 0.10 of 1.00 dB are lost." in page
    assert "fixed camera, time:" not in page
    assert "| fixed camera | 640x360 | h264 |" in page
    assert "Something is not installed here." in page
    assert "nan" not in page


def test_the_engine_is_held_to_the_best_kernel_of_its_precision() -> None:
    kernels = results(grid()).kernels
    assert best(list(kernels), "fp32").what == "another"
    int8, fp32 = engine(results(grid()))
    assert "of 400 GMAC/s" in int8.note and "of 100 GMAC/s" in fp32.note
    assert int8.value / fp32.value == pytest.approx(30 / 12 / 4)


def test_without_onnxruntime_its_column_is_empty() -> None:
    cells = grid()
    for each in cells:
        del each.tracks[LOOP]
    row = next(line for line in markdown(results(cells)).splitlines() if "30.00 / 50.0" in line)
    assert row.endswith("| - |")


def test_plots_are_drawn(tmp_path: Path) -> None:
    all_of = results(grid())
    draw_kept(all_of.cells, all_of.nets, tmp_path / "kept.png")
    draw_time(all_of.cells, all_of.nets, tmp_path / "time.png")
    draw_over_time(all_of.over_time, tmp_path / "quality-over-time.png")
    draw_profile(all_of.profiles, tmp_path / "profile.png")
    for path in tmp_path.iterdir():
        assert path.read_bytes().startswith(b"\x89PNG")
    assert len(list(tmp_path.iterdir())) == 4


def test_why_too_little_work_is_saved_is_said_in_figures() -> None:
    cells = grid()
    for each in cells:
        each.tracks[TEMPORAL].fraction[:] = 0.5
    missed = [each.why for each in targets(cells, "live-s") if not each.row.is_met]
    (why,) = [each for each in missed if "work:" in each]
    assert why.startswith("fixed camera, work: the net works on 16 % of the samples")
    assert why.endswith("the source itself 25 % of the cells change from frame to frame.")


def test_means_are_over_streams() -> None:
    pair = [cell("speaker"), cell("speaker", ms={**MS, FULL: 24.0})]
    assert mean_ms(pair, FULL) == pytest.approx(18.0)


def test_back_and_forth_repeats_no_picture_at_the_ends() -> None:
    assert back_and_forth(4, 9) == [0, 1, 2, 3, 2, 1, 0, 1, 2]
