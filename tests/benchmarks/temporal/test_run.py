from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("imageio_ffmpeg")
pytest.importorskip("matplotlib")
pytest.importorskip("onnx")

from benchmarks.material import BITS_PER_PIXEL
from benchmarks.temporal.coded import CODECS, Coded, coded_frames
from benchmarks.temporal.contact_sheet import COLOURS, draw_contact_sheet, fates
from benchmarks.temporal.figures import targets
from benchmarks.temporal.grid import Cell, measure
from benchmarks.temporal.material import KINDS, LARGE, Material, film, thumbnail
from benchmarks.temporal.methods import (
    FLOW,
    FULL,
    HALF,
    MAX_HALF_FRACTION,
    NOW_AND_THEN,
    PLAIN,
    SPARSE,
    TEMPORAL,
)
from benchmarks.temporal.peak import chain
from benchmarks.temporal.profile import NET, PARTS, profile
from benchmarks.temporal.quality_over_time import follow
from models.openvino_core import open_core
from models.training.codec import LiveEncoder

NET_NAME = "live-s"
FRAMES = 34
KEY = 20


@lru_cache
def material() -> Material:
    return thumbnail(FRAMES)


@lru_cache
def frames(codec: str = "h264") -> tuple[Coded, ...]:
    return tuple(coded_frames(material(), LiveEncoder(codec, BITS_PER_PIXEL), keys=(KEY,)))


@lru_cache
def cell() -> Cell:
    return measure(NET_NAME, material(), frames(), "h264", every=8)


@pytest.mark.parametrize("codec", CODECS)
def test_every_frame_comes_with_what_its_codec_tells(codec: str) -> None:
    coded = frames(codec)
    assert [n for n, each in enumerate(coded) if each.info.is_key] == [0, KEY]
    assert all((each.info.motion is None) == each.info.is_key for each in coded)
    assert all(each.info.coded_bytes > 0 and each.info_s > 0 for each in coded)
    assert coded[0].picture.y.shape == material().small.shape[1:]


def test_methods_see_the_same_frames_and_differ_in_work() -> None:
    tracks = cell().tracks
    for name, track in tracks.items():
        step = NOW_AND_THEN if name in SPARSE else 1
        assert track.frames == tuple(range(0, FRAMES, step))
        assert (track.spent_ms > track.net_ms).all() and (
            track.inside <= track.fraction + 1e-9
        ).all()
    assert (tracks[FULL].fraction == 1).all() and (tracks[PLAIN].runs == 0).all()
    assert (
        tracks[TEMPORAL].fraction[[0, KEY]].tolist() == [1, 1]
        and tracks[TEMPORAL].fraction.mean() < 0.9
    )
    assert tracks[HALF].fraction.max() <= MAX_HALF_FRACTION
    assert np.flatnonzero(tracks[FLOW].runs).tolist() == [0, KEY]


def test_the_better_method_has_the_better_picture() -> None:
    tracks = cell().tracks
    assert tracks[FULL].psnr() > tracks[PLAIN].psnr() + 0.1
    assert tracks[TEMPORAL].psnr() > tracks[PLAIN].psnr() + 0.1
    assert tracks[FLOW].psnr() < tracks[PLAIN].psnr()
    assert tracks[FULL].vmaf > tracks[FLOW].vmaf
    assert tracks[FULL].errors[0] == tracks[FLOW].errors[0] == tracks[TEMPORAL].errors[0]


def test_targets_follow_from_a_measured_stream() -> None:
    judged = targets([cell()], NET_NAME)
    assert all(np.isfinite(each.row.value) for each in judged)
    assert all(each.why for each in judged if not each.row.is_met)


def test_what_was_enlarged_judges_no_picture() -> None:
    small = thumbnail(4)
    untrue = Material(small.kind, small.truth, small.small, small.chroma, small.fps, is_true=False)
    coded = list(coded_frames(untrue, LiveEncoder("vp8", BITS_PER_PIXEL)))
    measured = measure(NET_NAME, untrue, coded, "vp8", every=4, names=(FULL, PLAIN))
    assert not measured.is_judged and list(measured.tracks) == [FULL, PLAIN]


def test_a_profile_accounts_for_all_the_time() -> None:
    found = profile(NET_NAME, material(), frames()[:8], "h264")
    assert tuple(found.ms) == PARTS
    assert min(found.ms.values()) >= 0 and found.ms[NET] > 0
    assert found.ms["match"] > 0 and found.ms["predict"] > 0 and found.ms["paste"] > 0


def test_quality_over_time_goes_over_a_key_frame() -> None:
    each = follow(NET_NAME, thumbnail(12))
    assert each.key == 6
    assert each.behind(TEMPORAL, 0, 1) == 0
    assert each.behind(PLAIN, 0, 12) > each.behind(TEMPORAL, 0, 12)


def test_each_cell_has_a_fate(tmp_path: Path) -> None:
    short = thumbnail(6)
    coded = list(coded_frames(short, LiveEncoder("h264", BITS_PER_PIXEL)))
    fate, made = fates(NET_NAME, short, coded)
    assert fate.shape == (12, 20) and made.shape == (192, 320)
    assert fate.max() < len(COLOURS)
    first, _ = fates(NET_NAME, short, coded[:1])
    assert (first == list(COLOURS).index("by the net")).all()
    draw_contact_sheet(NET_NAME, [short], tmp_path / "contact-sheet.png")
    assert (tmp_path / "contact-sheet.png").stat().st_size > 1000


def test_a_still_source_changes_nowhere() -> None:
    small = thumbnail(3)
    still = small.small[[0, 0, 0]]
    assert Material("screen", small.truth, still, small.chroma, 30).changing() == 0
    half = still.copy()
    half[1, :48] += 9
    assert Material("screen", small.truth, half, small.chroma, 30).changing() == 0.5


def test_material_has_the_sizes_that_the_page_speaks_of() -> None:
    game = film("game", LARGE, 2)
    assert game.size == "640x360" and game.is_true
    assert not film("speaker", LARGE, 2).is_true
    assert [film(kind, "normal", 2).size for kind in KINDS] == [
        "480x270",
        "480x270",
        "320x180",
        "480x270",
        "480x270",
    ]


def test_the_int8_kernel_multiplies_in_int8() -> None:
    compiled = open_core().compile_model(chain(64, 3, "int8"), "CPU")
    told = [op.get_rt_info() for op in compiled.get_runtime_model().get_ops()]
    products = [t for t in told if t["layerType"].astype(str) in ("FullyConnected", "MatMul")]
    assert len(products) == 3
    assert all("8" in each["runtimePrecision"].astype(str) for each in products)
