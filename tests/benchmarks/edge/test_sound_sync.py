"""The flash and the beep of the sound-to-picture measurement."""

from __future__ import annotations

import math
from pathlib import Path

import av
import numpy as np
import pytest

from benchmarks.edge import sound_sync
from benchmarks.edge.sound_sync import (
    FPS,
    PERIOD_S,
    errors_ms,
    heard_rows,
    is_marked,
    rows_of,
    write_clip,
)
from benchmarks.sound import RATE


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sync") / "flash.mp4"
    write_clip(target, seconds=3.0)
    return target


def test_a_flash_lasts_its_frames_once_a_period() -> None:
    marked = [index for index in range(3 * FPS) if is_marked(index / FPS)]
    assert len(marked) == 3 * sound_sync.FLASH_FRAMES
    assert [index for index in marked if index - 1 not in marked] == [15, 45, 75]


def test_nothing_is_marked_at_the_joint_of_a_loop() -> None:
    assert not is_marked(0.0)
    assert not is_marked(PERIOD_S - 1 / FPS)


def test_the_pictures_of_the_clip_flash(clip: Path) -> None:
    with av.open(str(clip)) as container:
        means = [
            float(np.asarray(frame.to_ndarray(format="gray")).mean())
            for frame in container.decode(video=0)
        ]
    bright = [index for index, mean in enumerate(means) if mean > 180]
    assert bright == [index for index in range(3 * FPS) if is_marked(index / FPS)]


def test_the_sound_of_the_clip_begins_with_the_flash(clip: Path) -> None:
    with av.open(str(clip)) as container:
        heard = [
            (float(frame.time or 0.0), frame.to_ndarray()[0]) for frame in container.decode(audio=0)
        ]
    loud: list[float] = []
    for at, samples in heard:
        above = np.flatnonzero(np.abs(samples.astype(np.float64)) > 0.1 * np.abs(samples).max())
        if np.abs(samples).max() > 0.2 and above.size:
            loud.append(at + int(above[0]) / RATE)
    # Opus smears a beginning over some milliseconds.
    begins = [at for at in loud if not any(0 < at - other < 0.3 for other in loud)]
    assert begins == pytest.approx([0.5, 1.5, 2.5], abs=0.015)


@pytest.mark.parametrize(
    ("flashes", "beeps", "errors"),
    [
        pytest.param([1000.0, 2000.0], [990.0, 2015.0], [10.0, -15.0], id="both"),
        pytest.param([1000.0], [1000.0, 2000.0], [0.0], id="a flash was lost"),
        pytest.param([1000.0, 2000.0], [2000.0], [0.0], id="a beep was lost"),
        pytest.param([], [1000.0], [], id="no picture"),
        pytest.param([1000.0], [], [], id="no sound"),
        pytest.param([1000.0], [1500.0], [], id="half a period is nobody's"),
    ],
)
def test_each_beep_has_the_flash_that_is_nearest(
    flashes: list[float], beeps: list[float], errors: list[float]
) -> None:
    assert errors_ms(flashes, beeps) == errors


def test_the_row_tells_the_direction_and_the_worst() -> None:
    (row,) = rows_of("source", [-10.0, -20.0, 30.0])
    assert row.value == 10.0
    assert row.is_met
    assert "picture later by -10 ms" in row.note
    assert "worst of 3: +30 ms" in row.note


def test_a_measurement_that_found_nothing_misses_the_target() -> None:
    (row,) = rows_of("source", [])
    assert math.isinf(row.value)
    assert not row.is_met


def test_an_error_of_a_tenth_of_a_second_misses_the_target() -> None:
    (row,) = rows_of("source", [100.0, 101.0])
    assert not row.is_met


def test_what_the_page_hears_is_told_without_a_target() -> None:
    (row,) = heard_rows("source", [80.0])
    assert row.is_met
    assert row.name == "flash to beep in the page, source"
