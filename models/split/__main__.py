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
    TRANSFORM,
    FeatureManifest,
    features_folder,
)
from models.split.live_parts import live_cut, read_live
from models.split.transform import BLOCK, fit, write_transform
from models.training.cache import CacheConfig, Sources, fill_cache, open_cache
from models.training.clip import Bytes


def main() -> None:
    options = _parser().parse_args()
    torch.set_num_threads(1)
    config = CodebookConfig(stages=options.stages)
    # Patches are wider than those that nets are trained on, since their borders are left out.
    cache = CacheConfig(clips=options.clips, frames=24, patches=24, patch=64, seed=5)
    pictures = _pictures(options.data, options.work, cache, options.patches)
    cut = live_cut(read_live(model_file(load_manifest(options.net), "fp32")), options.convs)
    transform, vectors = fit(cut, pictures, dimensions=options.dimensions)
    print(f"{len(vectors)} blocks of {options.dimensions} coefficients", flush=True)
    books = train_codebooks(vectors, config, lambda text: print(text, flush=True))
    folder = features_folder(options.net, options.zoo)
    folder.mkdir(parents=True, exist_ok=True)
    write_transform(transform, folder / TRANSFORM)
    write_codebooks(books, folder / CODEBOOK)
    manifest = FeatureManifest(
        format=FORMAT,
        net=options.net,
        convs=options.convs,
        block=BLOCK,
        transform=_entry(folder / TRANSFORM),
        codebook=_entry(folder / CODEBOOK),
        training=Training("python -m models.split", config.seed, config.rounds, MATERIAL),
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
    add("--data", type=Path, default=Path("../shared/data"), help="folder with photos/ and video/")
    add("--work", type=Path, default=Path("build/split"), help="patch cache")
    add("--zoo", type=Path, default=ZOO)
    return parser


def _pictures(data: Path, work: Path, cache: CacheConfig, count: int) -> Bytes:
    """Decoded patches, spread over the whole cache."""
    folder = cache.folder(work)
    fill_cache(folder, Sources.find(data), cache, lambda text: print(text, flush=True))
    decoded, _ = open_cache(folder, cache)
    return np.array(decoded[np.linspace(0, len(decoded) - 1, count).astype(int)])


def _entry(path: Path) -> FileEntry:
    data = path.read_bytes()
    return FileEntry(path.name, hashlib.sha256(data).hexdigest(), len(data))


if __name__ == "__main__":
    main()
