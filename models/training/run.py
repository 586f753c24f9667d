"""Common parts of training runs: schedule, averaged weights, and resuming from a checkpoint."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

__all__ = ["Progress", "Run"]


@dataclass(frozen=True, slots=True)
class Run:
    """A net in training and all that a checkpoint holds of it."""

    net: nn.Module
    average: nn.Module
    """The net's running mean, which ships."""
    optimizer: torch.optim.Optimizer
    schedule: LambdaLR
    identity: Mapping[str, Any]
    """Settings of the net; a run can only be resumed with the same ones."""

    @classmethod
    def begin(
        cls,
        net: nn.Module,
        average: nn.Module,
        identity: Mapping[str, Any],
        *,
        rate: float,
        warm_up: int,
        steps: int,
    ) -> Run:
        """Begins a run: Adam over all parameters that learn, ``average`` a copy of the net.

        The rate rises in a line, then falls to a hundredth along a half cosine.
        """
        average.load_state_dict(net.state_dict())
        learning = [p for p in net.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(learning, lr=rate, betas=(0.9, 0.99))
        schedule = LambdaLR(optimizer, lambda step: _rate_factor(step, warm_up, steps))
        return cls(net, average, optimizer, schedule, identity)

    def step(self, loss: torch.Tensor, number: int, decay: float) -> None:
        """Takes one step of the optimizer and of the mean, which follows faster at first."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        # A rare patch of pure noise would otherwise undo many steps.
        learning = [p for p in self.net.parameters() if p.requires_grad]
        torch.nn.utils.clip_grad_norm_(learning, 0.5)
        self.optimizer.step()
        self.schedule.step()
        # An average over 1 / (1 - decay) steps would keep the random start for as long.
        weight = 1 - min(decay, (number + 1) / (number + 10))
        with torch.no_grad():
            for slow, fast in zip(self.average.parameters(), self.net.parameters(), strict=True):
                slow.lerp_(fast, weight)

    def save(self, path: Path, training: Mapping[str, Any], step: int) -> None:
        """Writes a checkpoint; a run that is killed meanwhile keeps the one before."""
        content = {
            **self.identity,
            "training": dict(training),
            "revision": _revision(),
            "step": step,
            "net": self.net.state_dict(),
            "ema": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "last_epoch": self.schedule.last_epoch,
        }
        partial = path.with_suffix(".partial")
        torch.save(content, partial)
        # Renaming is atomic: a reader, or a run after a kill, finds the old file or the new one.
        os.replace(partial, path)

    def resume(self, path: Path) -> int:
        """Takes up a checkpoint, if there is one; the number of steps that were done. Raises
        ValueError where it is another net's.
        """
        if not path.exists():
            return 0
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        found = {key: content.get(key) for key in self.identity}
        if found != dict(self.identity):
            raise ValueError(f"{path.name} holds another net: {found}")
        self.net.load_state_dict(content["net"])
        self.average.load_state_dict(content["ema"])
        self.optimizer.load_state_dict(content["optimizer"])
        # The rate follows from the number of steps alone; a lambda cannot be saved.
        self.schedule.last_epoch = content["last_epoch"]
        step: int = content["step"]
        return step


@dataclass(slots=True, kw_only=True)
class Progress:
    """Saves a run and reports its mean loss every few steps, and after the last one."""

    run: Run
    checkpoint: Path
    training: Mapping[str, Any]
    """Settings of the training, for the checkpoint."""
    report: Callable[[str], None]
    first: int
    """Steps that were done before."""
    steps: int
    """Steps of the whole training."""
    every: int
    """Steps between two checkpoints."""
    _started: float = field(default_factory=time.monotonic, init=False)
    _losses: list[float] = field(default_factory=list, init=False)

    def add(self, loss: torch.Tensor, step: int) -> None:
        """Takes the loss of step number `step`, which is done."""
        self._losses.append(float(loss.detach()))
        done = step + 1
        if done % self.every and done < self.steps:
            return
        self.run.save(self.checkpoint, self.training, done)
        pace = (time.monotonic() - self._started) / (done - self.first)
        left = pace * (self.steps - done) / 60
        # Single batches differ too much to show a trend.
        mean = float(np.mean(self._losses[-self.every :]))
        spent = f"{1e3 * pace:.0f} ms a step, {left:.1f} min left"
        self.report(f"step {done}: loss {mean:.5f}, {spent}")


def _rate_factor(step: int, warm_up: int, steps: int) -> float:
    if step < warm_up:
        return (step + 1) / warm_up
    progress = (step - warm_up) / max(1, steps - warm_up)
    return 0.01 + 0.99 * 0.5 * (1 + float(np.cos(np.pi * min(1.0, progress))))


def _revision() -> str:
    command = ["git", "rev-parse", "HEAD"]
    folder = Path(__file__).parent
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    # An installed package or an unpacked archive is no working copy of git.
    return done.stdout.strip() or "unknown"
