"""What training must not see."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.training import held_out
from models.training.cache import Sources
from tests.data.clips.make import CAMERA, GAME_SEED
from tests.models.training.material import CLIPS


def test_held_out_passages_are_refused_frame_by_frame() -> None:
    start, end = held_out.PASSAGES["bbb_b_360p24"]
    may = held_out.may_train_on_frames
    assert may("bbb_b_360p24", int(start * 24) - 36, 36, 24)
    assert not may("bbb_b_360p24", int(start * 24) - 35, 36, 24)
    assert not may("bbb_b_360p24", int(end * 24) - 1, 36, 24)
    assert may("bbb_b_360p24", int(end * 24), 36, 24)
    assert may("bbb_a_360p24", int(start * 24), 36, 24)
    assert not may("bbb_a_360p24", 65 * 24, 36, 24)


def test_held_out_photographs_are_not_found(tmp_path: Path) -> None:
    for folder, name in [("photos", "Autumn.jpg"), ("photos", "Path.jpg"), ("video", "film.mp4")]:
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).touch()
    assert [path.name for path in Sources.find(tmp_path).photos] == ["Path.jpg"]
    with pytest.raises(FileNotFoundError):
        Sources.find(tmp_path / "photos")


def test_held_out_clips_of_cameras_are_not_found(tmp_path: Path) -> None:
    names = ["photos/Path.jpg", "video/film.mp4", "natural/bee.mp4"]
    for name in [*names, *(f"natural/{held}.mp4" for held in held_out.NATURAL)]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.stem for path in Sources.find(tmp_path).natural] == ["bee"]


def test_what_nets_are_chosen_by_is_held_out_and_shown_in_no_chart() -> None:
    assert held_out.VALIDATION < held_out.NATURAL
    charted = {path.stem for path in CLIPS.glob("*.mp4")}
    assert not held_out.VALIDATION & charted


def test_the_films_that_tests_use_are_all_held_out_or_no_training_material() -> None:
    assert held_out.SCREEN_SEED > 10**6, "training counts its seeds from small numbers"
    assert all("." not in name for name in held_out.PHOTOS), "names without a suffix"


def test_what_charts_show_is_held_out_and_decides_nothing() -> None:
    shown = {source for source, *_ in CAMERA.values()}
    assert shown <= held_out.NATURAL and shown.isdisjoint(held_out.VALIDATION)
    assert GAME_SEED >= held_out.SCREEN_SEED


@pytest.mark.parametrize("fps", [24.0, 25.0, 60.0])
def test_a_passage_is_held_out_at_any_frame_rate(fps: float) -> None:
    start, end = held_out.PASSAGES["bbb_b_360p24"]
    inside = int((start + end) / 2 * fps)
    assert not held_out.may_train_on_frames("bbb_b_360p24", inside, 1, fps)
    whole = int((end + 10) * fps)
    assert not held_out.may_train_on_frames("bbb_b_360p24", 0, whole, fps)


@settings(max_examples=30, deadline=None)
@given(
    first=st.integers(0, 3000), count=st.integers(1, 200), fps=st.sampled_from([24.0, 25.0, 30.0])
)
def test_a_passage_may_be_taken_if_and_only_if_none_of_its_frames_is_held_out(
    first: int, count: int, fps: float
) -> None:
    start, end = held_out.PASSAGES["bbb_b_360p24"]
    # A frame is shown from n / fps to (n + 1) / fps.
    clear = all((n + 1) / fps <= start for n in range(first, first + count)) or all(
        n / fps >= end for n in range(first, first + count)
    )
    assert held_out.may_train_on_frames("bbb_b_360p24", first, count, fps) is clear


@settings(max_examples=30, deadline=None)
@given(first=st.integers(0, 10**6), count=st.integers(1, 1000))
def test_every_frame_of_another_film_is_free(first: int, count: int) -> None:
    assert held_out.may_train_on_frames("another", first, count, 24.0)
