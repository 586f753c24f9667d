"""The recurrent U-net's own rules; what all video nets share is tested in test_video_nets."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from models.nets.unet import UNetConfig, UNetVSR


def net(**changes: object) -> UNetVSR:
    torch.manual_seed(1)
    values = {"channels": 8, "blocks": (1, 1, 1), "scale": 2, "colours": 1} | changes
    return UNetVSR(UNetConfig(**values)).eval()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong", [{"scale": 1}, {"scale": 3}, {"blocks": (1, 1)}, {"blocks": (1, 1, 1, 1)}]
)
def test_settings_that_cannot_be_are_refused_in_a_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="scale must be 2 or 4, and blocks a number for each"):
        net(**wrong)


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("colours", [1, 3])
def test_a_step_enlarges_and_keeps_its_state_s_shape(scale: int, colours: int) -> None:
    made = net(scale=scale, colours=colours)
    state = made.start(16, 24, batch=2)
    frames = torch.rand(2, made.window, colours, 16, 24)
    with torch.no_grad():
        enhanced, *after = made.step(frames, *state)
    assert enhanced.shape == (2, colours, 16 * scale, 24 * scale)
    assert [part.shape for part in after] == [part.shape for part in state]


def test_before_the_first_frame_there_is_nothing() -> None:
    assert all(not part.any() for part in net().start(16, 16))


def test_streams_of_a_batch_do_not_disturb_each_other() -> None:
    made = net()
    frames = torch.rand(2, made.window, 1, 16, 16)
    with torch.no_grad():
        both = made.step(frames, *made.start(16, 16, batch=2))[0]
        alone = made.step(frames[1:], *made.start(16, 16))[0]
    assert torch.allclose(both[1:], alone, atol=1e-5)
