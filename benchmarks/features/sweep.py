"""The measurement of every clip, way and setting, and of what losses cost."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from benchmarks.features.codings import Delivered, encode_at, lose, psnr, send_all
from benchmarks.features.parts import Net, Scene, open_net, prepare
from benchmarks.grid import say
from benchmarks.material import CLIP_FOLDER
from models.measure.held_out_clips import CLIPS
from models.training.film import read_passage
from workers.team.feature_codec import FeatureStripe

__all__ = ["Found", "Loss", "measure", "scenes"]

NATURAL = ("asl_man", "ball_juggle", "coffee_pour", "marathon")
"""Camera clips of ``shared/data/natural``, where they are there. Nothing was trained on them."""

LOSS_PRICE = 0.3
"""The price at which losses are measured: about the middle of the curve."""


@dataclasses.dataclass(frozen=True, slots=True)
class Loss:
    """Quality that a loss takes from the same stream."""

    kind: str
    db: float


@dataclasses.dataclass(frozen=True)
class Found:
    """All that was measured on one clip."""

    clip: str
    plain_db: float
    """Bicubic."""
    whole_db: float
    """The whole net on one device."""
    delivered: list[Delivered]
    losses: list[Loss]


def scenes(net: Net, frames: int, natural: Path | None, clips: tuple[str, ...]) -> list[Scene]:
    """The held-out clips of the repository, and camera clips where the folder is there."""
    paths = {name: CLIP_FOLDER / f"{name}.mp4" for name in clips}
    if natural is not None and natural.is_dir():
        paths |= {name: natural / f"{name}.mp4" for name in NATURAL}
    found = []
    for name, path in paths.items():
        found.append(prepare(name, read_passage(path, 0, frames), net))
        say(f"prepared {name}")
    return found


def measure(
    frames: int,
    natural: Path | None = None,
    clips: tuple[str, ...] = CLIPS,
    *,
    is_tuned: bool = False,
) -> list[Found]:
    """Measures each clip; the components of one are fitted to the others."""
    net = open_net(is_tuned=is_tuned)
    every = scenes(net, frames, natural, clips)
    found = []
    for scene in every:
        others = [other for other in every if other is not scene] or [scene]
        covariance = np.mean([other.covariance for other in others], axis=0)
        judged = list(scene.judged)
        found.append(
            Found(
                scene.name,
                psnr(scene.plain[judged], scene.truth[judged]),
                psnr(scene.whole[judged], scene.truth[judged]),
                list(send_all(scene, net, covariance)),
                _losses(scene, net),
            )
        )
        say(f"measured {scene.name}")
    return found


def _losses(scene: Scene, net: Net) -> list[Loss]:
    """Each of some stages missing in all frames, and stripes lost at random."""
    rng = np.random.default_rng(1)
    coded = encode_at(scene, net, LOSS_PRICE)
    without = lose(scene, net, coded, lambda stripe: False).truth_db
    found = []
    for stage in (0, 1, 4, 12, 20):

        def is_lost(stripe: FeatureStripe, stage: int = stage) -> bool:
            return stripe.stage == stage

        made = lose(scene, net, coded, is_lost)
        found.append(Loss(f"stage {stage} never arrives", without - made.truth_db))
    for rate in (0.02, 0.1, 0.6):

        def is_random(stripe: FeatureStripe, rate: float = rate) -> bool:
            return bool(rng.random() < rate)

        made = lose(scene, net, coded, is_random)
        found.append(Loss(f"{rate:.0%} of the stripes lost at random", without - made.truth_db))
    return found
