"""Fits the estimate of the gain that workers tell of live streams: ``python -m
benchmarks.gain_model``.

Each clip is reduced, sent through live encoders at several rates, and enlarged by the nets in
several styles. What a worker could observe stands beside the true gain over bicubic interpolation.
Each clip is then left out of the fit in turn, and estimated by the fit to the others.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.material import CLIP_FOLDER
from models.manifest import load_manifest, model_file
from models.measure.gain import psnr
from models.measure.graph_runner import OpenNet, bicubic
from models.measure.held_out_clips import small_clip
from models.training.clip import Bytes
from models.training.codec import LiveEncoder, transcode
from models.training.film import film_length, read_passage
from workers.upscale.gain_model import GainModel
from workers.upscale.live_quality import measure

NETS = ("live-s", "live-m")
STYLES = (0.0, 0.5, 1.0)
RATES = (0.05, 0.12, 0.3)
CODECS = ("h264", "vp8")
FRAMES = 24
SAMPLED = 6
"""Frames of each clip that are measured, as far apart as they can be."""

SCALE = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """One clip at one rate through one net: averages of its sampled frames."""

    clip: str
    codec: str
    rate: float
    net: str
    strength: float
    gain_db: float
    features: tuple[float, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Sent:
    """A clip as it arrives, and what it was."""

    clip: str
    codec: str
    rate: float
    original: Bytes
    decoded: Bytes


def runs(path: Path, report: Callable[[str], None]) -> Iterator[Run]:
    """Yields the runs of one clip."""
    clip = read_passage(path, 0, min(FRAMES, film_length(path)[0]))
    cut, small, chroma = small_clip(clip, SCALE)
    nets = _nets(small.shape[1], small.shape[2])
    for codec in CODECS:
        for rate in RATES:
            seen, _ = transcode(small, chroma, clip.fps, LiveEncoder(codec, rate))
            yield from _through_nets(nets, Sent(path.stem, codec, rate, cut.luma, seen))
    report(path.stem)


def _nets(height: int, width: int) -> dict[tuple[str, float], OpenNet]:
    """Returns the nets for one size, by name and strength."""
    found = {}
    for name in NETS:
        manifest = load_manifest(name)
        path = model_file(manifest, manifest.default_precision)
        for strength in STYLES:
            net = OpenNet(path, height, width, scale=SCALE, strength=strength)
            found[name, strength] = net
    return found


def _through_nets(nets: dict[tuple[str, float], OpenNet], sent: Sent) -> Iterator[Run]:
    places = np.linspace(0, len(sent.decoded) - 1, SAMPLED).astype(int)
    sources, truth = sent.decoded[places], sent.original[places]
    plain_db = psnr(sources, truth, lambda luma: bicubic(luma, SCALE))
    for (name, strength), net in nets.items():
        made = np.stack([net(frame) for frame in sources])
        found = [
            measure(x, y, strength=strength).observables.features()
            for x, y in zip(sources, made, strict=True)
        ]
        gain_db = _psnr_of(made, truth) - plain_db
        features = tuple(np.mean(found, axis=0).tolist())
        yield Run(sent.clip, sent.codec, sent.rate, name, strength, gain_db, features)


def _psnr_of(made: Bytes, truth: Bytes) -> float:
    squared = np.mean((made.astype(np.float32) - truth) ** 2)
    return float(10 * np.log10(255**2 / max(float(squared), 1e-6)))


def fit(found: Sequence[Run], *, ridge: float = 0.01) -> GainModel:
    """Returns the estimate that fits runs best, each clip weighing alike."""
    features = np.array([run.features for run in found])
    gains = np.array([run.gain_db for run in found])
    spread = features.std(axis=0)
    # A feature without spread in the material, the constant first, gets no penalty by its size.
    penalty = ridge * len(found) * np.diag(np.where(spread > 0, spread**2, 0.0))
    weights = np.linalg.solve(features.T @ features + penalty, features.T @ gains)
    return GainModel(
        tuple(round(float(each), 4) for each in weights),
        error_db=0.0,
        lowest_db=round(float(gains.min()), 2),
        highest_db=round(float(gains.max()), 2),
    )


def estimates(model: GainModel, found: Iterable[Run]) -> npt.NDArray[np.float64]:
    """Returns the estimates of runs by their averaged features."""
    raw = [np.dot(model.coefficients, run.features) for run in found]
    return np.asarray(np.clip(raw, model.lowest_db, model.highest_db), np.float64)


def left_out_errors(found: Sequence[Run]) -> dict[str, npt.NDArray[np.float64]]:
    """Returns the errors in dB on each clip, by a fit to all others."""
    errors = {}
    for clip in dict.fromkeys(run.clip for run in found):
        others = [run for run in found if run.clip != clip]
        own = [run for run in found if run.clip == clip]
        truth = np.array([run.gain_db for run in own])
        errors[clip] = estimates(fit(others), own) - truth
    return errors


def root_mean_square(errors: Iterable[npt.NDArray[np.float64]]) -> float:
    """Returns that of all errors together, each clip weighing alike."""
    return float(np.sqrt(np.mean([np.mean(each**2) for each in errors])))


def calibrate(found: Sequence[Run]) -> GainModel:
    """Returns the estimate for all runs, with its error on clips that were left out."""
    error_db = root_mean_square(left_out_errors(found).values())
    return dataclasses.replace(fit(found), error_db=round(error_db, 2))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gain_model", description=__doc__)
    parser.add_argument("--more", type=Path, help="folder of further clips")
    parser.add_argument("--out", type=Path, help="JSON of all runs")
    options = parser.parse_args()
    folders = [CLIP_FOLDER, *([options.more] if options.more else [])]
    paths = [path for folder in folders for path in sorted(folder.glob("*.mp4"))]
    found = [run for path in paths for run in runs(path, print)]
    if options.out is not None:
        options.out.write_text(json.dumps([dataclasses.asdict(run) for run in found]))
    print(calibrate(found))
    _print_errors(left_out_errors(found))


def _print_errors(errors: dict[str, npt.NDArray[np.float64]]) -> None:
    print(f"\nleft out in turn: root mean square {root_mean_square(errors.values()):.2f} dB")
    for clip, each in errors.items():
        print(f"  {clip:20} mean {each.mean():+5.2f}  rms {np.sqrt(np.mean(each**2)):5.2f} dB")


if __name__ == "__main__":
    main()
