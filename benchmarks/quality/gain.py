"""Luma PSNR of a shipped model over bicubic on the held-out clips: ``python -m
benchmarks.quality.gain [MODEL]``.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections import defaultdict
from collections.abc import Sequence

import openvino

from benchmarks.material import CLIP_FOLDER
from benchmarks.table import Row
from models.manifest import Manifest, Metric, load_manifest, mean_gain_db, model_file
from models.measure.gain import RATES, measure_clip
from models.measure.graph_runner import time_net
from models.measure.held_out_clips import CLIPS, read_clip

__all__ = ["measure", "summary"]


def measure(
    model: Manifest, clips: Sequence[str] = CLIPS, rates: Sequence[float] = RATES, frames: int = 48
) -> list[Metric]:
    """Clip x codec x rate, every precision of the model, through real encoders. About four minutes
    on two cores.
    """
    nets = {key: model_file(model, key) for key in model.files}
    rows = []
    for name in clips:
        rows += measure_clip(
            name, read_clip(CLIP_FOLDER, name, frames), nets, scale=model.scale, rates=rates
        )
    return rows


def summary(name: str) -> list[Row]:
    """Mean gain of a model's default precision over kinds, codecs and rates, and by clip."""
    model = load_manifest(name)
    key = model.default_precision
    rows = measure(model)
    found = [
        Row(f"luma PSNR over bicubic, {name} {key}", mean_gain_db(tuple(rows), key), 0.4, "dB")
    ]
    for clip in dict.fromkeys(row.clip for row in rows):
        group = tuple(row for row in rows if row.clip == clip)
        found.append(Row(f"of it on {clip}", mean_gain_db(group, key), None, "dB"))
    spent = time_net(model_file(model, key), 270, 480)
    found.append(Row("net alone, 480x270, one thread", spent, None, "ms"))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.gain", description=__doc__)
    parser.add_argument("model", nargs="?", default="live-s")
    parser.add_argument("--frames", type=int, default=48, help="of each clip, at most 48")
    options = parser.parse_args()
    model = load_manifest(options.model)
    machine = f"{platform.machine()}, {os.cpu_count()} CPUs"
    print(f"{model.name}, OpenVINO {openvino.__version__}, {machine}")
    for key in model.files:
        spent = time_net(model_file(model, key), 270, 480)
        print(f"{key}: {spent:.1f} ms a frame, 480x270 to 960x540, one thread")
    _print_rows(measure(model, frames=options.frames), model)


def _print_rows(rows: list[Metric], model: Manifest) -> None:
    keys = list(model.files)
    print(
        f"\n{'clip':10} {'codec':5} {'bit/px':>6} {'bicubic':>8}"
        + "".join(f"{key:>16}" for key in keys)
    )
    gains: dict[str, list[Metric]] = defaultdict(list)
    for row in rows:
        gains[row.clip].append(row)
        cells = [f"{row.net_db[key]:8.2f} {row.net_db[key] - row.bicubic_db:+7.2f}" for key in keys]
        print(f"{row.clip:10} {row.codec:5} {row.bpp:6.2f} {row.bicubic_db:8.2f}" + "".join(cells))
    print("\nmean gain over bicubic, dB")
    for name, group in [*gains.items(), ("mean of kinds", rows)]:
        cells = [f"{mean_gain_db(tuple(group), key):+16.3f}" for key in keys]
        print(f"{name:32}" + "".join(cells))


if __name__ == "__main__":
    main()
