from __future__ import annotations

from pathlib import Path

import av

from benchmarks.team import material


def test_the_clip_is_small_and_as_long_as_its_truth(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    material.write("speaker", path)
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == material.LOOP
    assert (frames[0].width, frames[0].height) == (material.WIDTH, material.HEIGHT)
    truth = material.truth_luma("speaker")
    assert truth.shape == (material.LOOP, 2 * material.HEIGHT, 2 * material.WIDTH)
    # Forth and back: the loop has no cut.
    assert (truth[1] == truth[-1]).all()
