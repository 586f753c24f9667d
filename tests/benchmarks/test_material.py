"""The clips are made long without a cut."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.material import CLIP_FOLDER, back_and_forth


def test_a_clip_runs_back_and_forth() -> None:
    assert back_and_forth(4, 10) == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3]


def test_a_clip_of_one_frame_stands_still() -> None:
    assert back_and_forth(1, 3) == [0, 0, 0]


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.integers(2, 60), st.integers(0, 300))
def test_each_frame_is_a_neighbour_of_the_one_before(frames: int, count: int) -> None:
    found = back_and_forth(frames, count)
    assert len(found) == count and set(found) <= set(range(frames))
    assert all(abs(b - a) == 1 for a, b in zip(found, found[1:], strict=False))


def test_the_clips_are_there() -> None:
    assert {path.stem for path in CLIP_FOLDER.glob("*.mp4")} >= {"speaker", "handheld", "animation"}
