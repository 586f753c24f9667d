from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from models.nets.table import UnknownNet, build  # noqa: E402
from models.nets.video import VideoNet  # noqa: E402
from models.training.batches import Sequences  # noqa: E402
from models.training.losses import relative_error  # noqa: E402
from models.training.video import (  # noqa: E402
    VideoTraining,
    _batch,
    load_video,
    roll_out_error,
    train_video,
    windows,
)
from tests.models.nets.small import SHAPES, SMALL  # noqa: E402

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


@settings(max_examples=30, deadline=None)
@given(length=st.integers(1, 6), window=st.integers(1, 7), lookahead=st.integers(0, 6))
def test_a_window_has_its_length_and_no_frame_from_the_future(
    length: int, window: int, lookahead: int
) -> None:
    lookahead = min(lookahead, window - 1)
    clip = torch.arange(float(length))[None]
    seen = windows(clip, window, lookahead)
    assert len(seen) == length
    for t, frames in enumerate(seen):
        row = frames[0].tolist()
        assert len(row) == window
        assert row == sorted(row) and max(row) == t
        assert row[window - lookahead - 1 :] == [t] * (lookahead + 1)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_the_error_of_a_roll_out_is_that_of_its_frames(name: str) -> None:
    torch.manual_seed(1)
    net = build(name, SMALL[name] | SHAPES[1]).eval()
    decoded, original = torch.rand(1, 2, 16, 16), torch.rand(1, 2, 32, 32)
    video = cast(VideoNet, net)
    with torch.no_grad():
        state = video.start(16, 16)
        errors = []
        for t, frames in enumerate(windows(decoded, video.window, video.lookahead)):
            enhanced, *carried = video.step(frames[:, :, None], *state)
            state = tuple(carried)
            errors.append(float(relative_error(enhanced, original[:, t, None])))
        assert float(roll_out_error(net, decoded, original)) == pytest.approx(np.mean(errors))


def test_a_later_frame_s_error_reaches_an_earlier_frame() -> None:
    """Gradients flow through the state: what is remembered is learned."""
    torch.manual_seed(1)
    net = build("unet", SETTINGS)
    video = cast(VideoNet, net)
    first = torch.rand(1, 1, 1, 16, 16, requires_grad=True)
    _, *state = video.step(first, *video.start(16, 16))
    second, *_ = video.step(torch.rand(1, 1, 1, 16, 16), *state)
    second.mean().backward()  # type: ignore[no-untyped-call]
    assert first.grad is not None and float(first.grad.abs().max()) > 0


def test_the_batches_follow_from_the_seed_and_the_step() -> None:
    one, same = (_batch([sequences()], config(8), 3) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    other = _batch([sequences()], config(8), 4)
    assert not torch.equal(one[0], other[0])
    decoded, original = one
    assert decoded.shape == (2, 3, 16, 16) and original.shape == (2, 3, 32, 32)


@pytest.mark.parametrize("step", range(8))
def test_a_mirrored_batch_is_mirrored_in_both_sizes(step: int) -> None:
    decoded, original = _batch([sequences()], config(8), step)
    cells = original.reshape(2, 3, 16, 2, 16, 2).mean((3, 5))
    assert float((cells - decoded).abs().max()) <= 0.5 / 255 + 1e-6


def test_a_checkpoint_loads_the_average_ready_to_run(tmp_path: Path) -> None:
    trained = train_video("unet", SETTINGS, [sequences()], config(2), tmp_path / "a.pt", print)
    net, content = load_video(tmp_path / "a.pt")
    assert not net.training and content["net_name"] == "unet"
    assert content["settings"] == SETTINGS and content["training"]["steps"] == 2
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, trained.state_dict()[name])


def test_an_unknown_net_is_named_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(UnknownNet, match="'abacus'"):
        train_video("abacus", {}, [sequences()], config(1), tmp_path / "a.pt", print)
    assert not (tmp_path / "a.pt").exists()
