from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.training.batches import Sequences  # noqa: E402
from models.training.video import VideoTraining, load_video, train_video, windows  # noqa: E402

SETTINGS = {"colours": 1, "scale": 2, "channels": 8, "blocks": [1, 1, 1]}


def sequences() -> Sequences:
    rng = np.random.default_rng(0)
    large = rng.integers(0, 256, (6, 1, 32, 32), np.uint8).repeat(4, 1)
    small = np.rint(large.reshape(6, 4, 16, 2, 16, 2).mean((3, 5))).astype(np.uint8)
    return small, large, np.zeros((6, 4, 2, 4, 4), np.float16)


def config(steps: int) -> VideoTraining:
    return VideoTraining(steps=steps, batch=2, frames=3, warm_up=2, save_every=4)


def test_a_window_repeats_the_newest_frame_for_those_to_come() -> None:
    clip = torch.arange(4.0)[None]
    seen = [frames[0].tolist() for frames in windows(clip, 5, 2)]
    assert seen == [[0, 0, 0, 0, 0], [0, 0, 1, 1, 1], [0, 1, 2, 2, 2], [1, 2, 3, 3, 3]]


def test_a_recurrent_net_learns_and_a_resumed_run_ends_where_a_whole_one_does(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    whole = train_video("unet", SETTINGS, [sequences()], config(8), tmp_path / "a.pt", said.append)
    first, last = (float(text.split("loss ")[1].split(",")[0]) for text in said)
    assert last < first

    class Interrupted(Exception):
        pass

    def stop(_: str) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        train_video("unet", SETTINGS, [sequences()], config(8), tmp_path / "b.pt", stop)
    train_video("unet", SETTINGS, [sequences()], config(8), tmp_path / "b.pt", print)
    parts, content = load_video(tmp_path / "b.pt")
    assert content["step"] == 8 and content["revision"]
    for a, b in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_a_checkpoint_of_another_net_is_not_gone_on_with(tmp_path: Path) -> None:
    train_video("unet", SETTINGS, [sequences()], config(1), tmp_path / "a.pt", print)
    other = {**SETTINGS, "channels": 16}
    with pytest.raises(ValueError, match="another net"):
        train_video("unet", other, [sequences()], config(2), tmp_path / "a.pt", print)
