"""Trains a LiveNet on a patch cache. One script, top to bottom; the same seed gives the same
batches.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from models.nets.live import LiveConfig, LiveNet
from models.training.clip import Bytes

__all__ = ["Pairs", "TrainConfig", "log_squared_error", "relative_error", "train"]

Pairs = tuple[Bytes, Bytes]
"""Decoded [n, p, p] and original [n, 2p, 2p]."""


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    steps: int = 12_500
    batch: int = 16
    rate: float = 2e-3
    """Peak learning rate; falls to a hundredth along a half cosine."""
    warm_up: int = 200
    ema: float = 0.999
    """Decay of the averaged weights, which are the ones that ship."""
    finish: int = 2_500
    """Last steps, which use log_squared_error."""
    seed: int = 1
    save_every: int = 500


def train(
    pairs: list[Pairs],
    model: LiveConfig,
    config: TrainConfig,
    checkpoint: Path,
    report: Callable[[str], None],
) -> LiveNet:
    """Trains, or goes on from `checkpoint` where it exists, and returns the averaged net."""
    torch.manual_seed(config.seed)
    net, average = LiveNet(model), LiveNet(model)
    average.load_state_dict(net.state_dict())
    optimizer = torch.optim.Adam(net.parameters(), lr=config.rate, betas=(0.9, 0.99))
    schedule = LambdaLR(optimizer, lambda step: _rate(step, config))
    first = _resume(checkpoint, model, net, average, optimizer, schedule)
    started, losses = time.monotonic(), []
    for step in range(first, config.steps):
        decoded, original = _batch(pairs, config, step)
        measure = relative_error if step < config.steps - config.finish else log_squared_error
        loss = measure(net(decoded), original)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        # A rare patch of pure noise would otherwise undo many steps.
        torch.nn.utils.clip_grad_norm_(net.parameters(), 0.5)
        optimizer.step()
        schedule.step()
        _follow(average, net, min(config.ema, (step + 1) / (step + 10)))
        losses.append(float(loss.detach()))
        if (step + 1) % config.save_every == 0 or step + 1 == config.steps:
            _save(checkpoint, model, config, net, average, optimizer, schedule, step + 1)
            pace = (time.monotonic() - started) / (step + 1 - first)
            mean = float(np.mean(losses[-config.save_every :]))
            left = pace * (config.steps - step - 1) / 60
            spent = f"{1e3 * pace:.0f} ms a step, {left:.1f} min left"
            report(f"step {step + 1}: loss {mean:.5f}, {spent}")
    return average.eval()


def relative_error(y: Tensor, target: Tensor, epsilon: float = 1e-3, floor: float = 0.01) -> Tensor:
    """Charbonnier error (ICIP 1994) of each patch over its own size, so that faint detail counts as
    much as text.

    PSNR is a logarithm: what matters is the share of a patch's error that is removed. `floor` (2.5
    levels) keeps flat patches from ruling the batch.
    """
    error = torch.sqrt((y - target) ** 2 + epsilon**2)
    weight = 1 / (error.detach().mean((1, 2, 3), keepdim=True) + floor)
    return (error * weight).mean() / weight.mean()


def log_squared_error(y: Tensor, target: Tensor, floor: float = 1e-5) -> Tensor:
    """PSNR itself, upside down, for the end of training; from the start it would be restless.

    Where it is unsure an absolute error makes the net sharpen, a squared one makes it hold back.
    `floor` is the square of 0.8 levels. The factor makes gradients as large as relative_error's.
    """
    return 0.02 * torch.log(((y - target) ** 2).mean((1, 2, 3)) + floor).mean()


def _batch(pairs: list[Pairs], config: TrainConfig, step: int) -> tuple[Tensor, Tensor]:
    """Step n's batch follows from seed and n alone, so that a resumed run equals an uninterrupted
    one.
    """
    rng = np.random.default_rng([config.seed, step])
    decoded, original = pairs[int(rng.integers(len(pairs)))]
    rows = np.sort(rng.integers(len(decoded), size=config.batch))
    x, y = (torch.from_numpy(part[rows]).unsqueeze(1).float() / 255 for part in (decoded, original))
    if rng.random() < 0.5:
        x, y = x.flip(3), y.flip(3)
    if rng.random() < 0.5:
        x, y = x.flip(2), y.flip(2)
    if rng.random() < 0.5:
        x, y = x.transpose(2, 3), y.transpose(2, 3)
    return x.contiguous(), y.contiguous()


def _rate(step: int, config: TrainConfig) -> float:
    if step < config.warm_up:
        return (step + 1) / config.warm_up
    progress = (step - config.warm_up) / max(1, config.steps - config.warm_up)
    return 0.01 + 0.99 * 0.5 * (1 + float(np.cos(np.pi * min(1.0, progress))))


@torch.no_grad()
def _follow(average: LiveNet, net: LiveNet, decay: float) -> None:
    for slow, fast in zip(average.parameters(), net.parameters(), strict=True):
        slow.lerp_(fast, 1 - decay)


def _save(
    path: Path,
    model: LiveConfig,
    config: TrainConfig,
    net: LiveNet,
    average: LiveNet,
    optimizer: torch.optim.Optimizer,
    schedule: LambdaLR,
    step: int,
) -> None:
    content = {
        "config": asdict(model),
        "training": asdict(config),
        "revision": _revision(),
        "step": step,
        "net": net.state_dict(),
        "ema": average.state_dict(),
        "optimizer": optimizer.state_dict(),
        "last_epoch": schedule.last_epoch,
    }
    partial = path.with_suffix(".partial")
    torch.save(content, partial)
    # A run that is killed while saving keeps the checkpoint before.
    os.replace(partial, path)


def _resume(
    path: Path,
    model: LiveConfig,
    net: LiveNet,
    average: LiveNet,
    optimizer: torch.optim.Optimizer,
    schedule: LambdaLR,
) -> int:
    if not path.exists():
        return 0
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    if content["config"] != asdict(model):
        raise ValueError(f"{path.name} holds another net: {content['config']}")
    net.load_state_dict(content["net"])
    average.load_state_dict(content["ema"])
    optimizer.load_state_dict(content["optimizer"])
    schedule.last_epoch = content["last_epoch"]
    step: int = content["step"]
    return step


def _revision() -> str:
    command = ["git", "rev-parse", "HEAD"]
    folder = Path(__file__).parent
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
