"""``python -m models.split``: fits what passes between the parts of a live net, for the zoo."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import msgspec
import numpy as np
import torch

from models.export.zoo import LICENCE, MATERIAL
from models.manifest import ZOO, FileEntry, Training, load_manifest, model_file
from models.split.codebooks import CodebookConfig, train_codebooks, write_codebooks
from models.split.features import (
    CODEBOOK,
    FORMAT,
    MANIFEST,
    RECEIVER,
    TRANSFORM,
    FeatureManifest,
    features_folder,
)
from models.split.live_parts import live_cut, read_live
from models.split.transform import BLOCK, fit, write_transform
from models.split.tune import TuneConfig, tune, write_receiver
from models.training.cache import CacheConfig, Sources, fill_cache, open_cache
from models.training.clip import Bytes


def main() -> None:
    options = _parser().parse_args()
    torch.set_num_threads(1)
    config = CodebookConfig(stages=options.stages)
    decoded, original = _pairs(options)
    net = read_live(model_file(load_manifest(options.net), "fp32"))
    spread = np.linspace(0, len(decoded) - 1, options.patches).astype(int)
    cut = live_cut(net, options.convs)
    transform, vectors = fit(cut, np.array(decoded[spread]), dimensions=options.dimensions)
    _report(f"{len(vectors)} blocks of {options.dimensions} coefficients")
    books = train_codebooks(vectors, config, _report)
    tuning = TuneConfig(steps=options.tune)
    tuned = tune(net, options.convs, transform, books, (decoded, original), tuning, _report)
    folder = features_folder(options.net, options.zoo)
    folder.mkdir(parents=True, exist_ok=True)
    write_transform(transform, folder / TRANSFORM)
    write_codebooks(books, folder / CODEBOOK)
    write_receiver(tuned, options.convs, folder / RECEIVER)
    manifest = FeatureManifest(
        format=FORMAT,
        net=options.net,
        convs=options.convs,
        block=BLOCK,
        transform=_entry(folder / TRANSFORM),
        codebook=_entry(folder / CODEBOOK),
        receiver=_entry(folder / RECEIVER),
        training=Training("python -m models.split", config.seed, tuning.steps, MATERIAL),
        licence=LICENCE,
    )
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (folder / MANIFEST).write_bytes(text + b"\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.split",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--net", default="live-l")
    add("--convs", type=int, default=4, help="convolutions of the body before the cut")
    add("--dimensions", type=int, default=128, help="coefficients of a block")
    add("--stages", type=int, default=CodebookConfig.stages)
    add("--clips", type=int, default=72, help="clips of the patch cache")
    add("--patches", type=int, default=2000, help="of the cache that are used")
    add("--tune", type=int, default=TuneConfig.steps, help="steps of the part behind the cut")
    add("--data", type=Path, default=Path("../shared/data"), help="folder with photos/ and video/")
    add("--work", type=Path, default=Path("build/split"), help="patch cache")
    add("--zoo", type=Path, default=ZOO)
    return parser


def _pairs(options: argparse.Namespace) -> tuple[Bytes, Bytes]:
    """Decoded and original patches of the cache, which is filled where it is not full."""
    # Patches are wider than those that nets are trained on, since their borders are left out.
    cache = CacheConfig(clips=options.clips, frames=24, patches=24, patch=64, seed=5)
    folder = cache.folder(options.work)
    fill_cache(folder, Sources.find(options.data), cache, _report)
    return open_cache(folder, cache)


def _report(text: str) -> None:
    print(text, flush=True)


def _entry(path: Path) -> FileEntry:
    data = path.read_bytes()
    return FileEntry(path.name, hashlib.sha256(data).hexdigest(), len(data))


if __name__ == "__main__":
    main()
