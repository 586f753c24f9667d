"""``python -m models.export``: writes a trained checkpoint into the zoo and measures it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from models.export.live import load_checkpoint, plain_live
from models.export.zoo import LICENCE, MATERIAL, describe, write_files, write_manifest
from models.graph.writer import write_float
from models.manifest import (
    ZOO,
    Manifest,
    Metric,
    Precision,
    Training,
    mean_gain_db,
)
from models.measure.gain import measure_clip
from models.measure.held_out_clips import CLIPS, FRAMES, read_clip
from models.nets.live import LiveNet
from models.quantize.calibrate import Pictures, calibrate
from models.quantize.qat import QATConfig, refine
from models.quantize.qdq import write_int8
from models.quantize.scheme import SCHEMES
from models.training.motion import move


def main() -> None:
    options = _parser().parse_args()
    # Threads that wait for each other take fifty times as long where something else runs.
    torch.set_num_threads(options.threads)
    net, content = load_checkpoint(options.checkpoint)
    plain = plain_live(net)
    graphs: dict[Precision, onnx.ModelProto] = {"fp32": write_float(plain)}
    if not options.float_only:
        pictures = _pictures(options.material, net)
        for precision, scheme in SCHEMES.items():
            quantized = calibrate(plain, pictures, scheme, options.percentile)
            # Training in int8 halves the error that calibration leaves (decision 17 in
            # docs/DECISIONS.md).
            if options.qat:
                config = QATConfig(steps=options.qat)
                quantized = refine(quantized, plain, pictures, config, _reporter(precision))
            graphs[precision] = write_int8(quantized)
    folder = options.zoo / options.name
    files = write_files(graphs, folder)
    training = Training(
        "python -m models.training", content["training"]["seed"], content["step"], MATERIAL
    )
    manifest = describe(options.name, options.title, plain, files, training, LICENCE)
    # The manifest is written once before the measurements: an export that is interrupted while it
    # measures leaves a model that loads, without metrics.
    write_manifest(manifest, (), folder)
    rows: list[Metric] = []
    for name in CLIPS:
        nets = {key: folder / entry.path for key, entry in files.items()}
        clip = read_clip(options.clips, name, options.frames)
        rows += measure_clip(name, clip, nets, scale=plain.scale)
        _report(rows, manifest)
    write_manifest(manifest, tuple(rows), folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.export",
        description="Writes a trained checkpoint into the zoo, measures it and says so.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("checkpoint", type=Path)
    add("--name", default="live-s")
    add("--title", default="Live x2, small: luma, for live-coded video on one CPU core")
    add("--zoo", type=Path, default=ZOO)
    add("--material", type=Path, help="folder of a patch cache, for calibration")
    add("--frames", type=int, default=FRAMES, help="of each held-out clip")
    add(
        "--clips",
        type=Path,
        default=Path("tests/data/clips"),
        help="held-out clips, for the measurements",
    )
    # A cut at 99.99 per cent caused three times the error of no cut, because the rare large
    # activations are text (decision 17).
    add("--percentile", type=float, default=99.999, help="of an activation that still has a number")
    add("--qat", type=int, default=QATConfig.steps, help="steps of training in int8; 0: none")
    add("--threads", type=int, default=1, help="threads that train in int8")
    add("--float-only", action="store_true", help="write no int8 file")
    return parser


def _reporter(precision: Precision) -> Callable[[str], None]:
    return lambda text: print(f"{precision} {text}", flush=True)


def _pictures(folder: Path | None, net: LiveNet, count: int = 512) -> Pictures:
    """Decoded patches spread over the whole cache."""
    if folder is None or not (folder / "done.txt").exists():
        raise SystemExit("name the patch cache with --material, or use --float-only")
    patches = np.load(folder / "decoded.npy", mmap_mode="r")
    # Of an interrupted cache the rest is blank.
    filled = patches[: np.flatnonzero(patches[:, 0].any((1, 2)))[-1] + 1]
    # Patches of one clip lie side by side, so even steps through the file meet every kind of clip.
    taken = filled[np.linspace(0, len(filled) - 1, count).astype(int)]
    if not net.config.previous:
        return Pictures(np.array(taken[:, 0]))
    return _second_frames(net, taken)


@torch.no_grad()
def _second_frames(net: LiveNet, sequences: NDArray[np.uint8]) -> Pictures:
    """The second frame of each sequence, with what the net made of the first one."""
    # A stream's first frame has no picture of the net before it and gets the bicubic base; the
    # second one sees what every later frame sees.
    first = torch.from_numpy(sequences[:, :1].astype(np.float32)) / 255
    made = net(first, net.enlarge(first)).clamp(0, 1) * 255
    large = made.round().byte().numpy()[:, 0]
    moved = [move(last, *pair) for last, pair in zip(large, sequences[:, :2], strict=True)]
    return Pictures(np.array(sequences[:, 1]), np.stack(moved))


def _report(rows: list[Metric], manifest: Manifest) -> None:
    last = [row for row in rows if row.clip == rows[-1].clip]
    gains = {key: round(mean_gain_db(tuple(last), key), 3) for key in manifest.files}
    print(f"{last[0].clip}: {msgspec.json.encode(gains).decode()} dB over bicubic", flush=True)


if __name__ == "__main__":
    main()
