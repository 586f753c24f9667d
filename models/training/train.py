"""Trains a LiveNet. One script, top to bottom; the same seed gives the same batches."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from models.nets.live import LiveConfig, LiveNet
from models.training.batches import Batch, Material
from models.training.losses import crisp_error, log_squared_error, relative_error

__all__ = ["TrainConfig", "learning_rate", "revision", "save", "train"]


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
    """Last steps of the faithful stage, which use log_squared_error."""
    stage: Literal["faithful", "crisp"] = "faithful"
    """`crisp` trains that head alone: what the other look gives stays as it is."""
    boost: float = 0.0
    """Crisp stage: how much the original's edges are raised."""
    contrast: float = 0.02
    """Crisp stage: weight of contrast_error."""
    seed: int = 1
    save_every: int = 500


def train(
    material: Material,
    model: LiveConfig,
    config: TrainConfig,
    checkpoint: Path,
    report: Callable[[str], None],
    start: Path | None = None,
) -> LiveNet:
    """Trains, or goes on from `checkpoint` where it exists, and returns the averaged net.

    `start`: another net's checkpoint; what has the same name and shape is taken from it.
    """
    torch.manual_seed(config.seed)
    net, average = LiveNet(model), LiveNet(model)
    if start is not None and not checkpoint.exists():
        report(_begin_from(start, net))
    average.load_state_dict(net.state_dict())
    crisp = {id(p) for p in net.crisp.parameters()} if net.crisp is not None else set()
    learning = [p for p in net.parameters() if (id(p) in crisp) == (config.stage == "crisp")]
    for parameter in net.parameters():
        parameter.requires_grad_(any(parameter is p for p in learning))
    optimizer = torch.optim.Adam(learning, lr=config.rate, betas=(0.9, 0.99))
    schedule = LambdaLR(optimizer, lambda step: learning_rate(step, config.warm_up, config.steps))
    first = _resume(checkpoint, model, net, average, optimizer, schedule)
    started, losses = time.monotonic(), []
    for step in range(first, config.steps):
        batch = material.batch(step)
        loss, enhanced = _loss(net, batch, config, step)
        material.keep(enhanced)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        # A rare patch of pure noise would otherwise undo many steps.
        torch.nn.utils.clip_grad_norm_(learning, 0.5)
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


def _loss(net: LiveNet, batch: Batch, config: TrainConfig, step: int) -> tuple[Tensor, Tensor]:
    """The loss, and the faithful picture."""
    if config.stage == "crisp":
        enhanced = net(batch.decoded, batch.previous, strength=1.0)
        loss = crisp_error(enhanced, batch.original, config.boost, config.contrast)
        # A stream's previous picture is the one that was shown.
        return loss, enhanced
    enhanced = net(batch.decoded, batch.previous)
    measure = relative_error if step < config.steps - config.finish else log_squared_error
    return measure(enhanced, batch.original), enhanced


def _begin_from(start: Path, net: LiveNet) -> str:
    """Takes over what fits; says what did."""
    content: dict[str, Any] = torch.load(start, map_location="cpu", weights_only=True)
    own = net.state_dict()
    fitting = {k: v for k, v in content["ema"].items() if k in own and own[k].shape == v.shape}
    net.load_state_dict({**own, **fitting})
    return f"{len(fitting)} of {len(own)} tensors begin as in {start.name}"


def learning_rate(step: int, warm_up: int, steps: int) -> float:
    """Share of the peak rate: up in a line, down to a hundredth along a half cosine."""
    if step < warm_up:
        return (step + 1) / warm_up
    progress = (step - warm_up) / max(1, steps - warm_up)
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
        "revision": revision(),
        "step": step,
        "net": net.state_dict(),
        "ema": average.state_dict(),
        "optimizer": optimizer.state_dict(),
        "last_epoch": schedule.last_epoch,
    }
    save(content, path)


def save(content: dict[str, Any], path: Path) -> None:
    """Writes a checkpoint; a run that is killed meanwhile keeps the one before."""
    partial = path.with_suffix(".partial")
    torch.save(content, partial)
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


def revision() -> str:
    """The commit that the code stands at."""
    command = ["git", "rev-parse", "HEAD"]
    folder = Path(__file__).parent
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
