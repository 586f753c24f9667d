from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import torch

from models.nets.live import LiveConfig
from models.training.cache import CacheConfig, Sources, fill_cache, open_cache
from models.training.train import TrainConfig, train


def main() -> None:
    options = _parser().parse_args()
    torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    caches = [CacheConfig(clips=options.clips, seed=seed) for seed in options.material_seeds]
    sources = Sources.find(options.data)
    with ProcessPoolExecutor(options.jobs) as pool:
        for done in [pool.submit(_fill, options.work, sources, cache) for cache in caches]:
            done.result()
    pairs = [open_cache(_folder(options.work, cache), cache) for cache in caches]
    model = LiveConfig(fold=options.fold, channels=options.channels, body=options.body)
    config = TrainConfig(
        steps=options.steps,
        batch=options.batch,
        rate=options.rate,
        finish=options.finish,
        seed=options.seed,
    )
    checkpoint = options.work / f"{options.name}.pt"
    train(pairs, model, config, checkpoint, _report)
    _report(f"wrote {checkpoint}; export it with python -m models.export {checkpoint}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.training",
        description="Makes the material once, then trains a net on it. Run it again to go on.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--data", type=Path, default=Path("../shared/data"), help="folder with photos/ and video/")
    add("--work", type=Path, default=Path("build/training"), help="patch cache and checkpoints")
    add("--name", default="live-s", help="name of the checkpoint")
    add(
        "--fold",
        type=int,
        choices=(1, 2),
        default=LiveConfig.fold,
        help="space-to-depth of the input",
    )
    add("--channels", type=int, default=LiveConfig.channels)
    add(
        "--body", type=int, default=LiveConfig.body, help="3x3 convs between the first and the last"
    )
    add("--steps", type=int, default=TrainConfig.steps)
    add("--finish", type=int, default=TrainConfig.finish, help="last steps, with squared error")
    add("--batch", type=int, default=TrainConfig.batch)
    add("--rate", type=float, default=TrainConfig.rate, help="peak learning rate")
    add("--seed", type=int, default=1, help="of the weights and the batches")
    add("--clips", type=int, default=CacheConfig.clips, help="clips for each material seed")
    add(
        "--material-seeds",
        type=int,
        nargs="+",
        default=[1, 2],
        help="one part of the cache for each",
    )
    add("--jobs", type=int, default=1, help="processes that make material")
    add("--threads", type=int, default=1, help="threads that train")
    return parser


def _folder(work: Path, cache: CacheConfig) -> Path:
    return work / f"material-{cache.seed}"


def _fill(work: Path, sources: Sources, cache: CacheConfig) -> None:
    cv2.setNumThreads(1)
    fill_cache(
        _folder(work, cache), sources, cache, lambda text: _report(f"material {cache.seed}: {text}")
    )


def _report(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
