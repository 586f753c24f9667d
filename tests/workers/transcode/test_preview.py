"""The still of before and after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.workers.transcode.films import ffmpeg, pattern
from workers.errors import FileFailed
from workers.transcode.job import FileEnhancer, FileOptions
from workers.transcode.preview import check_still, detail_of, most_detailed, split
from workers.transcode.source import open_source


def options(zoo: Path) -> FileOptions:
    return FileOptions("tiny", threads=1, zoo=zoo)


def image(path: Path) -> Any:
    found = cv2.imread(str(path))
    assert found is not None
    return found


def test_detail_is_edges_and_texture() -> None:
    flat = np.full((48, 64), 90, np.uint8)
    soft = np.tile(np.arange(64, dtype=np.uint8), (48, 1))
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 255, (48, 64), dtype=np.uint8)
    assert detail_of(flat) <= detail_of(soft) < detail_of(noise)


def test_the_most_detailed_picture_is_taken(tmp_path: Path) -> None:
    film = tmp_path / "in.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=gray:s=64x48:d=4:r=25"),
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:d=1:r=25"),
        *("-f", "lavfi", "-i", "color=black:s=64x48:d=4:r=25"),
        *("-filter_complex", "[0][1][2]concat=n=3"),
        *("-c:v", "libx264", "-g", "10", film),
    )
    source = open_source(film)
    at_s, picture = most_detailed(film, source)
    source.container.close()
    assert 3.9 <= at_s <= 5.1
    assert detail_of(picture.y) > 5


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_one_half_is_enlarged_and_the_other_enhanced(
    tmp_path: Path, zoo: Path, suffix: str
) -> None:
    film = pattern(tmp_path / "in.mkv", "-c:v", "ffv1", size="320x240")
    path = tmp_path / f"still{suffix}"
    with FileEnhancer(options(zoo)) as enhancer:
        still = enhancer.still(film, path)
        assert (still.width, still.height) == (640, 480)
        plain = image(path)
    assert plain.shape == (480, 640, 3)
    # The divider is white from top to bottom.
    assert plain[:, 320].min() > 180
    # ``other`` inverts the picture, so that the halves differ plainly.
    with FileEnhancer(FileOptions("other", threads=1, zoo=zoo)) as enhancer:
        enhancer.still(film, path)
    inverted = image(path)
    top = slice(0, 400)
    left = np.abs(inverted[top, :310].astype(int) - plain[top, :310].astype(int)).mean()
    right = np.abs(inverted[top, 330:].astype(int) - plain[top, 330:].astype(int)).mean()
    assert left < 3 and right > 30
    assert not list(tmp_path.glob("*.partial.*"))


def test_both_halves_have_a_label() -> None:
    blank = np.full((480, 640, 3), 128, np.uint8)
    made = split(blank, blank)
    changed = (made != blank).any(axis=2)
    assert changed[400:, :310].any() and changed[400:, 330:].any()
    assert not changed[:300, :310].any() and not changed[:300, 330:].any()


def test_a_name_of_no_known_kind_is_told() -> None:
    check_still(Path("a.PNG"))
    with pytest.raises(FileFailed, match=r"a\.jpg ends in none of \.png, \.webp"):
        check_still(Path("a.jpg"))


def test_what_is_no_film_has_no_still(tmp_path: Path, zoo: Path) -> None:
    (tmp_path / "text.mp4").write_text("hello")
    with FileEnhancer(options(zoo)) as enhancer, pytest.raises(FileFailed):
        enhancer.still(tmp_path / "text.mp4", tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()
