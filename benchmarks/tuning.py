"""Measures the gain of a net that is tuned on its stream: ``python -m benchmarks.tuning``.

Each held-out clip is coded as a live stream is. The tuner sees pictures of its first part, holds
back those behind them, and what counts is measured on the last half against the original, which
nobody has in a live stream.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from benchmarks import machine
from benchmarks.grid import say
from benchmarks.material import BITS_PER_PIXEL, CLIP_FOLDER
from models.manifest import ZOO, load_manifest, model_file
from models.measure.graph_runner import OpenNet
from models.measure.held_out_clips import CLIPS, read_clip, small_clip
from models.training.codec import LiveEncoder, transcode
from models.tuning.messages import Request
from models.tuning.tuner import Tuner
from workers.tuning.tuning_policy import HELD_BACK, MIN_GAIN_DB, SHOWN

__all__ = ["Gain", "markdown", "measure"]

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Gain:
    """Gains over the shipped net on the last half of a clip, in dB of luma PSNR."""

    clip: str
    teacher_db: float
    tuned_db: float
    nearer_db: float
    "Gain in nearness to the teacher, in dB, on the pictures that were held back."

    @property
    def is_used(self) -> bool:
        """True where a worker would use the tuned net."""
        return self.nearer_db >= MIN_GAIN_DB


def measure(
    clip: str,
    *,
    model: str = "live-s",
    precision: str = "int8",
    rate: float = BITS_PER_PIXEL,
) -> Gain:
    """Tunes a net on the first half of a clip, and measures it on the second."""
    whole = read_clip(CLIP_FOLDER, clip)
    cut, small, chroma = small_clip(whole, 2)
    seen, _ = transcode(small, chroma, whole.fps, LiveEncoder("h264", rate))
    half = len(seen) // 2
    shown = [seen[each] for each in np.linspace(0, half - HELD_BACK - 1, SHOWN).astype(int)]
    held_back = list(seen[half - HELD_BACK : half])
    height, width = seen.shape[1:]
    with tempfile.TemporaryDirectory() as folder:
        request = Request(
            kind="tune",
            model=model,
            precision=precision,
            width=width,
            height=height,
            shown=len(shown),
            held_back=len(held_back),
            name=f"{model}.tuned-1",
            folder=folder,
        )
        body = b"".join(picture.tobytes() for picture in (*shown, *held_back))
        answer = Tuner().answer(request, body)
        if answer.fault:
            raise ValueError(answer.fault)
        last = (seen[half:], cut.luma[half:])
        before = _error(ZOO, model, precision, *last)
        tuned = _error(Path(folder), request.name, precision, *last)
        teacher = _error(ZOO, answer.teacher, precision, *last)
    return Gain(clip, _db(before, teacher), _db(before, tuned), answer.gain_db)


def markdown(found: Sequence[Gain], headline: str) -> str:
    """Returns the table, with the mean in its last row."""
    rows = [
        headline,
        "",
        "| clip | teacher | tuned | nearer to the teacher | used |",
        "|---|---|---|---|---|",
    ]
    rows += [
        f"| {each.clip} | {each.teacher_db:+.2f} | {each.tuned_db:+.2f} | "
        f"{each.nearer_db:+.2f} | {'yes' if each.is_used else 'no'} |"
        for each in found
    ]
    means = [np.mean([getattr(g, name) for g in found]) for name in ("teacher_db", "tuned_db")]
    rows.append(f"| mean | {means[0]:+.2f} | {means[1]:+.2f} | | |")
    return "\n".join(rows)


def _error(root: Path, name: str, precision: str, seen: Bytes, truth: Bytes) -> float:
    manifest = load_manifest(name, root)
    run = OpenNet(model_file(manifest, precision, root), *seen.shape[1:], scale=manifest.scale)
    return float(
        np.mean(
            [
                np.mean((run(luma).astype(np.float32) - original) ** 2)
                for luma, original in zip(seen, truth, strict=True)
            ]
        )
    )


def _db(before: float, after: float) -> float:
    return 10.0 * math.log10(before / after)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tuning", description=__doc__)
    parser.add_argument("clips", nargs="*", default=CLIPS)
    parser.add_argument("--rate", type=float, default=BITS_PER_PIXEL, help="bits per coded pixel")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = []
    for clip in options.clips:
        found.append(measure(clip, rate=options.rate))
        say(clip)
    print(markdown(found, f"{machine.headline()}, {options.rate} bits a pixel"))


if __name__ == "__main__":
    main()
