"""Trains a LiveNet. One script, top to bottom; the same seed gives the same batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from models.nets.live import LiveConfig, LiveNet
from models.training.batches import Batch, Material
from models.training.losses import crisp_error, log_squared_error, relative_error
from models.training.run import Progress, Run

__all__ = ["TrainConfig", "train"]


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
    """`crisp` trains that head alone: the output of the other style stays as it is."""
    boost: float = 0.0
    """Crisp stage: how much the original's edges are raised."""
    contrast: float = 0.02
    """Crisp stage: weight of contrast_error."""
    fidelity: float = 0.0
    """Crisp stage: weight of fidelity_error, which VMAF-NEG mostly consists of."""
    bfloat16: bool = False
    """True for convs in bfloat16 up to the finish, where the processor has it (AVX-512 BF16, AMX):
    two and a half times as fast there, slower elsewhere. Pictures stay in full precision.
    """
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
    # A checkpoint of this run already holds what it began from.
    if start is not None and not checkpoint.exists():
        report(_begin_from(start, net))
    _prepare(net, config)
    identity = {"config": asdict(model)}
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
        batch = material.batch(step)
        loss, enhanced = _loss(net, batch, config, step)
        material.keep(enhanced)
        run.step(loss, step, config.ema)
        progress.add(loss, step)
    return average.eval()


def _loss(net: LiveNet, batch: Batch, config: TrainConfig, step: int) -> tuple[Tensor, Tensor]:
    """The loss, and the faithful picture."""
    is_fast = config.bfloat16 and step < config.steps - config.finish
    strength = 1.0 if config.stage == "crisp" else 0.0
    with torch.autocast("cpu", torch.bfloat16, enabled=is_fast):
        enhanced = net(batch.decoded, batch.previous, strength=strength)
    if config.stage == "crisp":
        weights = (config.boost, config.contrast, config.fidelity)
        loss = crisp_error(enhanced, batch.original, *weights)
        # A stream's previous picture is the one that was shown.
        return loss, enhanced
    measure = relative_error if step < config.steps - config.finish else log_squared_error
    return measure(enhanced, batch.original), enhanced


def _prepare(net: LiveNet, config: TrainConfig) -> None:
    """Lets the crisp head learn in its own stage, and everything else in the faithful one."""
    # Channels that lie side by side in memory save a third of the time.
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    # By identity, because == between tensors compares their elements.
    crisp = {id(p) for p in net.crisp.parameters()} if net.crisp is not None else set()
    for parameter in net.parameters():
        parameter.requires_grad_((id(parameter) in crisp) == (config.stage == "crisp"))


def _begin_from(start: Path, net: LiveNet) -> str:
    """Takes over what fits; says what did."""
    content: dict[str, Any] = torch.load(start, map_location="cpu", weights_only=True)
    own = net.state_dict()
    # Tensors whose shape differs (another width or scale) keep their fresh values.
    fitting = {k: v for k, v in content["ema"].items() if k in own and own[k].shape == v.shape}
    net.load_state_dict({**own, **fitting})
    return f"{len(fitting)} of {len(own)} tensors begin as in {start.name}"
