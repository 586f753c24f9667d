"""Fine-tuning of a net's second part on features as they arrive: coarse, and with parts missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from models.graph.plain import Conv, PlainNet
from models.split.codebooks import UNIT_BITS, Codebooks, nearest
from models.split.live_parts import live_cut
from models.split.transform import Transform

__all__ = ["TuneConfig", "arrived", "read_receiver", "receiver_weights", "tune", "write_receiver"]


@dataclass(frozen=True, kw_only=True)
class TuneConfig:
    steps: int = 600
    batch: int = 8
    patches: int = 1200
    """Patches of the cache that are used; what the first part makes of each is computed once."""
    rate: float = 1.5e-4
    """Rate of Adam at the beginning; it falls to nothing along a cosine."""
    prices: tuple[float, float] = (0.01, 3.0)
    """Squared levels that a bit must save, drawn log-uniformly."""
    lose_stage: float = 0.05
    """Chance that a stage is missing for a whole patch."""
    lose_stripe: float = 0.03
    """Chance that a stage is missing in some rows of a patch."""
    lose_all: float = 0.08
    """Chance that nothing arrives: the picture alone must then do."""
    blend: float = 0.5
    """Fraction of the new weights, beside the old ones: alone they were up to 0.2 dB worse where
    features arrive nearly whole. Robust fine-tuning (Wortsman et al., CVPR 2022), section 3.
    """
    seed: int = 0


INDEX_BITS = 8
"""About what an index takes, for the price."""


def arrived(
    values: NDArray[np.float32], books: Codebooks, config: TuneConfig, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Coefficients [D, rows, columns] of a patch as a receiver might have them."""
    rest = values.reshape(len(values), -1).T.copy()
    made = np.zeros_like(rest)
    if rng.random() < config.lose_all:
        return made.T.reshape(values.shape)
    low, high = np.log(config.prices)
    worth = INDEX_BITS * np.exp(rng.uniform(low, high))
    stages = int(rng.integers(1, len(books.firsts) + 1))
    columns = values.shape[2]
    for stage in range(stages):
        first = int(books.firsts[stage])
        part = slice(first, first + books.codewords.shape[2])
        words = books.codewords[stage].astype(np.float32) / 2**UNIT_BITS
        chosen = words[nearest(rest[:, part], words)]
        saved = (rest[:, part] ** 2).sum(1) - ((rest[:, part] - chosen) ** 2).sum(1)
        chosen[saved < worth] = 0
        rest[:, part] -= chosen
        if rng.random() < config.lose_stage:
            continue
        if rng.random() < config.lose_stripe:
            begin = int(rng.integers(0, len(chosen)) // columns * columns)
            chosen[begin : begin + 4 * columns] = 0
        made[:, part] += chosen
    return made.T.reshape(values.shape)


def tune(
    net: PlainNet,
    convs: int,
    transform: Transform,
    books: Codebooks,
    pairs: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    config: TuneConfig,
    report: Callable[[str], None] = lambda _: None,
) -> PlainNet:
    """Returns the net with new weights behind the cut.

    ``pairs`` are decoded and original patches. Of what arrives the part is to make the mean of the
    original and of what the whole net makes of the features themselves: near to both.
    """
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    made_once = [_sample(net, convs, transform, *pair) for pair in _spread(pairs, config.patches)]
    layers = [*net.body[convs:], net.head]
    weights = [torch.tensor(a, requires_grad=True) for c in layers for a in (c.weight, c.bias)]
    optimizer = torch.optim.Adam(weights, lr=config.rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps)
    recent: list[float] = []
    for step in range(config.steps):
        picked = [made_once[n] for n in rng.integers(len(made_once), size=config.batch)]
        luma = torch.cat([sample.luma for sample in picked])
        wanted = torch.cat([sample.wanted for sample in picked])
        coarse = np.stack([arrived(sample.sent, books, config, rng) for sample in picked])
        with torch.no_grad():
            given = transform.backward(torch.from_numpy(coarse), luma)
        made = _back(net, weights, given, luma)
        # Levels are in 0..255; a text that is all wrong must not outweigh everything else.
        loss = F.smooth_l1_loss(made / 255, wanted / 255, beta=0.1)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        recent.append(loss.item())
        if (step + 1) % 50 == 0:
            report(f"step {step + 1}: {1e4 * np.mean(recent[-50:]):.3f}")
    return _blended(net, convs, weights, config.blend)


@dataclass(frozen=True)
class _Sample:
    """One patch: its luma, its coefficients, and the picture that is wanted."""

    luma: Tensor
    sent: NDArray[np.float32]
    wanted: Tensor


@torch.no_grad()
def _sample(
    net: PlainNet,
    convs: int,
    transform: Transform,
    decoded: NDArray[np.uint8],
    original: NDArray[np.uint8],
) -> _Sample:
    cut = live_cut(net, convs)
    luma, truth = (torch.from_numpy(p.astype(np.float32))[None, None] for p in (decoded, original))
    features = cut.front(luma)
    sent = transform.forward(features, luma)[0].numpy()
    return _Sample(luma, sent, (cut.back(features, luma) + truth) / 2)


def _spread(
    pairs: tuple[NDArray[np.uint8], NDArray[np.uint8]], count: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Pairs from everywhere in the cache, since patches of one clip lie side by side."""
    for n in np.linspace(0, len(pairs[0]) - 1, min(count, len(pairs[0]))).astype(int):
        yield pairs[0][n], pairs[1][n]


def _back(net: PlainNet, weights: list[Tensor], features: Tensor, luma: Tensor) -> Tensor:
    """The faithful picture, with these weights."""
    x = features
    for weight, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        x = F.relu(F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2))
    cells = net.scale**2
    y = F.conv2d(x, weights[-2][:cells], weights[-1][:cells], padding=1)
    padded = F.pad(luma, (2,) * 4, mode="replicate")
    base = F.conv2d(padded, torch.from_numpy(net.base.weight), torch.from_numpy(net.base.bias))
    return F.pixel_shuffle(y + base, net.scale)


def _blended(net: PlainNet, convs: int, weights: list[Tensor], part: float) -> PlainNet:
    """The net with a mean of its own weights and the new ones behind the cut."""
    new = [each.detach().numpy() for each in weights]
    layers = [
        Conv(_stored((1 - part) * old.weight + part * w), _stored((1 - part) * old.bias + part * b))
        for old, w, b in zip([*net.body[convs:], net.head], new[::2], new[1::2], strict=True)
    ]
    return replace(net, body=(*net.body[:convs], *layers[:-1]), head=layers[-1])


def _stored(x: NDArray[Any]) -> NDArray[np.float32]:
    """The numbers as a file keeps them."""
    return np.asarray(x, np.float16).astype(np.float32)


def receiver_weights(net: PlainNet, convs: int) -> dict[str, NDArray[np.float32]]:
    """The constants behind the cut, by their names in a graph of ``models.graph.writer``."""
    named = {f"conv{n}": conv for n, conv in enumerate(net.body) if n >= convs}
    # `GraphWriter.head` adds half a level, because a cast truncates.
    bias = net.head.bias.copy()
    bias[: net.scale**2] += np.float32(0.5)
    named["head"] = Conv(net.head.weight, bias)
    weights = {f"{name}_w": conv.weight for name, conv in named.items()}
    return weights | {f"{name}_b": conv.bias for name, conv in named.items()}


def write_receiver(net: PlainNet, convs: int, path: Path) -> None:
    """Saves the weights behind the cut as float16."""
    weights = receiver_weights(net, convs)
    halves: dict[str, Any] = {name: each.astype(np.float16) for name, each in weights.items()}
    np.savez_compressed(path, **halves)


def read_receiver(path: Path) -> dict[str, NDArray[np.float32]]:
    """Reads what `write_receiver` saved, for ``models.split.graphs.with_transform``."""
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}
