"""What is copied, and how long a group of pictures may be."""

from __future__ import annotations

import dataclasses

import pytest

from cli.publisher.copy_rule import MAX_GOP_S, GopWatch, SourceVideo, obstacle

PLAIN = SourceVideo("h264", 1920, 1080, "yuv420p", False)
S = 1_000_000


def test_what_every_browser_decodes_is_copied() -> None:
    assert obstacle(PLAIN) == ""
    assert obstacle(dataclasses.replace(PLAIN, pixel_format="yuvj420p")) == ""
    assert obstacle(dataclasses.replace(PLAIN, width=1920, height=1088)) == ""
    # A camera's parameter sets may come with its first key frame only.
    assert obstacle(dataclasses.replace(PLAIN, pixel_format="")) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"codec": "hevc"}, "its video is hevc, and only H.264"),
        ({"has_b_frames": True}, "B-frames"),
        ({"pixel_format": "yuv420p10le"}, "yuv420p10le"),
        ({"pixel_format": "yuv422p"}, "yuv422p"),
        ({"width": 3840, "height": 2160}, "3840x2160 is larger"),
    ],
)
def test_all_else_has_a_reason(change: dict[str, object], words: str) -> None:
    assert words in obstacle(dataclasses.replace(PLAIN, **change))  # type: ignore[arg-type]


def watched(*pictures: tuple[float, bool]) -> GopWatch:
    watch = GopWatch()
    for at_s, is_key in pictures:
        watch.note(round(at_s * S), is_key=is_key)
    return watch


def every(step_s: float, until_s: float, key_s: float) -> list[tuple[float, bool]]:
    count = round(until_s / step_s)
    return [(index * step_s, index % round(key_s / step_s) == 0) for index in range(count)]


def test_key_frames_every_two_seconds_may_go_on_for_ever() -> None:
    watch = watched(*every(0.04, 60, 2))
    assert watch.longest_s == pytest.approx(1.96)
    assert not watch.is_too_long


def test_a_camera_with_one_key_frame_in_ten_seconds_is_found_at_the_limit() -> None:
    pictures = every(0.04, MAX_GOP_S + 0.04, 10)
    assert not watched(*pictures).is_too_long
    assert watched(*pictures, (MAX_GOP_S + 0.08, False)).is_too_long


def test_a_gap_of_the_source_does_not_count() -> None:
    assert not watched((0, True), (0.04, False), (20.0, False), (20.04, False)).is_too_long
    assert watched((0, True), *((0.5 * n, False) for n in range(1, 12))).is_too_long
