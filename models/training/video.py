"""Trains a VideoNet on sequences of live-coded frames, one frame after the other as it will run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from models.nets.table import build
from models.nets.video import VideoNet
from models.training.batches import Sequences
from models.training.losses import relative_error
from models.training.run import Progress, Run

__all__ = ["VideoTraining", "load_video", "train_video", "windows"]


@dataclass(frozen=True, kw_only=True)
class VideoTraining:
    steps: int = 2_000
    batch: int = 4
    frames: int = 6
    """Frames of a roll-out; gradients flow through all of them."""
    rate: float = 1e-3
    warm_up: int = 100
    ema: float = 0.998
    seed: int = 1
    save_every: int = 200


def train_video(
    net_name: str,
    settings: Mapping[str, Any],
    parts: list[Sequences],
    config: VideoTraining,
    checkpoint: Path,
    report: Callable[[str], None],
) -> nn.Module:
    """Trains a net of the table, or goes on from `checkpoint` where it exists; the averaged net."""
    torch.manual_seed(config.seed)
    net, average = build(net_name, settings), build(net_name, settings)
    identity = {"net_name": net_name, "settings": dict(settings)}
    run = Run.begin(
        net, average, identity, rate=config.rate, warm_up=config.warm_up, steps=config.steps
    )
    first = run.resume(checkpoint)
    progress = Progress(
        run=run,
        checkpoint=checkpoint,
        training=asdict(config),
        report=report,
        first=first,
        steps=config.steps,
        every=config.save_every,
    )
    for step in range(first, config.steps):
        decoded, original = _batch(parts, config, step)
        loss = roll_out_error(net, decoded, original)
        run.step(loss, step, config.ema)
        progress.add(loss, step)
    return average.eval()


def load_video(path: Path) -> tuple[nn.Module, dict[str, Any]]:
    """The averaged net of a checkpoint, and the checkpoint's other content."""
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    net = build(content["net_name"], content["settings"])
    net.load_state_dict(content["ema"])
    return net.eval(), content


def roll_out_error(net: nn.Module, decoded: Tensor, original: Tensor) -> Tensor:
    """Mean loss over the frames of decoded [N, T, p, p] and original [N, T, s*p, s*p], in 0..1."""
    video = cast(VideoNet, net)
    state = video.start(*decoded.shape[2:], batch=len(decoded))
    total = decoded.new_zeros(())
    for t, frames in enumerate(windows(decoded, video.window, video.lookahead)):
        # The state is not detached: what a frame leaves to the next ones is learned through them.
        enhanced, *carried = video.step(frames[:, :, None], *state)
        state = tuple(carried)
        total = total + relative_error(enhanced, original[:, t, None])
    return total / decoded.shape[1]


def windows(clip: Tensor, window: int, lookahead: int) -> list[Tensor]:
    """Returns the window of each frame of [N, T, ...], as a live caller feeds it.

    It has the frames before, the frame itself, and the frame again in place of later ones. The
    first frame also stands for those before it.
    """
    behind = window - lookahead - 1
    return [
        # min(t, ...) puts the current frame in place of later ones, max(0, ...) the first frame in
        # place of those before it.
        torch.stack([clip[:, max(0, min(t, t + n))] for n in range(-behind, lookahead + 1)], 1)
        for t in range(clip.shape[1])
    ]


def _batch(parts: list[Sequences], config: VideoTraining, step: int) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng([config.seed, step])
    decoded, original, _ = parts[int(rng.integers(len(parts)))]
    rows = np.sort(rng.integers(len(decoded), size=config.batch))
    # A roll-out begins anywhere in its sequence, so the net also learns from frames far behind a
    # key frame.
    first = int(rng.integers(decoded.shape[1] - config.frames + 1))
    span = slice(first, first + config.frames)
    x, y = (
        torch.from_numpy(part[rows, span].astype(np.float32)) / 255 for part in (decoded, original)
    )
    for axis in (2, 3):
        if rng.random() < 0.5:
            x, y = x.flip(axis), y.flip(axis)
    return x, y
