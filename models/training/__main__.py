"""``python -m models.training``: trains a live net or a reference system on cached material."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import torch

from models.nets.live import LiveConfig
from models.nets.table import NETS
from models.training.batches import Material, Patches, RollOuts
from models.training.cache import CacheConfig, Sources, fill_cache, open_cache, open_sequences
from models.training.train import TrainConfig, train
from models.training.video import VideoTraining, train_video


def main() -> None:
    options = _parser().parse_args()
    torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    if options.net is not None:
        _train_video(options)
        return
    model = LiveConfig(
        scale=options.scale,
        channels=options.channels,
        body=options.body,
        crisp=options.crisp,
        previous=options.previous,
    )
    config = TrainConfig(
        steps=options.steps,
        batch=options.batch,
        rate=options.rate,
        finish=options.finish,
        stage=options.stage,
        boost=options.boost,
        contrast=options.contrast,
        fidelity=options.fidelity,
        bfloat16=options.bfloat16,
        seed=options.seed,
    )
    checkpoint = options.work / f"{options.name}.pt"
    train(_material(options, model), model, config, checkpoint, _report, options.start)
    _report(f"wrote {checkpoint}; export it with python -m models.export {checkpoint}")


def _train_video(options: argparse.Namespace) -> None:
    """A net of the table, on the sequences that a temporal live net is trained on."""
    config = VideoTraining(
        steps=options.steps, batch=options.batch, rate=options.rate, seed=options.seed
    )
    caches = _caches(options, options.scale, is_temporal=True)
    parts = [open_sequences(folder, cache) for folder, cache in caches]
    checkpoint = options.work / f"{options.name}.pt"
    train_video(options.net, json.loads(options.settings), parts, config, checkpoint, _report)
    _report(f"wrote {checkpoint}; export it with python -m models.export.small {checkpoint}")


def _material(options: argparse.Namespace, model: LiveConfig) -> Material:
    folders = _caches(options, model.scale, is_temporal=model.previous)
    if model.previous:
        parts = [open_sequences(folder, cache) for folder, cache in folders]
        return RollOuts(parts, size=options.batch, seed=options.seed, scale=model.scale)
    pairs = [open_cache(folder, cache) for folder, cache in folders]
    return Patches(pairs, size=options.batch, seed=options.seed)


def _caches(
    options: argparse.Namespace, scale: int, *, is_temporal: bool
) -> list[tuple[Path, CacheConfig]]:
    """Fills them where they are not full."""
    # A sequence holds `roll_out` times the pixels of a pair, so fewer are cut from each encoding.
    shape = {"window": options.roll_out, "patch": 64, "patches": 12} if is_temporal else {}
    caches = [
        CacheConfig(clips=options.clips, seed=seed, scale=scale, **shape)
        for seed in options.material_seeds
    ]
    sources = Sources.find(options.data)
    with ProcessPoolExecutor(options.jobs) as pool:
        # A full cache needs no process; and what runs threads already is better not forked.
        missing = [cache for cache in caches if not _is_full(cache.folder(options.work), cache)]
        for done in [pool.submit(_fill, options.work, sources, cache) for cache in missing]:
            # result() raises here what a process raised there.
            done.result()
    return [(cache.folder(options.work), cache) for cache in caches]


def _is_full(folder: Path, cache: CacheConfig) -> bool:
    done = folder / "done.txt"
    return done.exists() and int(done.read_text()) >= cache.clips


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
    add("--start", type=Path, help="checkpoint of another net to begin from")
    add("--scale", type=int, choices=(2, 3, 4), default=LiveConfig.scale)
    add("--channels", type=int, default=LiveConfig.channels)
    add("--body", type=int, default=LiveConfig.body, help="3x3 convs between first and heads")
    add("--crisp", type=int, choices=(0, 1, 3), default=LiveConfig.crisp, help="side of that head")
    add("--previous", action="store_true", help="a temporal net, trained on sequences")
    _add_training(add)
    _add_material(add)
    return parser


def _add_training(add: Callable[..., object]) -> None:
    add("--stage", choices=("faithful", "crisp"), default=TrainConfig.stage)
    add("--boost", type=float, default=TrainConfig.boost, help="of the crisp stage's edges")
    add("--contrast", type=float, default=TrainConfig.contrast, help="weight of that error")
    add("--fidelity", type=float, default=TrainConfig.fidelity, help="weight of that error")
    add(
        "--net",
        # basicvsr needs the whole clip and has no step that could be trained frame by frame.
        choices=sorted(set(NETS) - {"basicvsr"}),
        help="train this net of the table instead",
    )
    add("--settings", default='{"colours": 1, "scale": 2}', help="of --net, as JSON")
    add("--steps", type=int, default=TrainConfig.steps)
    add("--finish", type=int, default=TrainConfig.finish, help="last steps, with squared error")
    add("--batch", type=int, default=TrainConfig.batch)
    add("--rate", type=float, default=TrainConfig.rate, help="peak learning rate")
    add("--seed", type=int, default=1, help="of the weights and the batches")
    add("--threads", type=int, default=1, help="threads that train")
    add("--bfloat16", action="store_true", help="faster where the processor has it")


def _add_material(add: Callable[..., object]) -> None:
    add("--clips", type=int, default=CacheConfig.clips, help="clips for each material seed")
    add("--roll-out", type=int, default=12, help="frames of a sequence")
    add(
        "--material-seeds",
        type=int,
        nargs="+",
        default=[1, 2],
        help="one part of the cache for each",
    )
    add("--jobs", type=int, default=1, help="processes that make material")


def _fill(work: Path, sources: Sources, cache: CacheConfig) -> None:
    # The processes of the pool fill the cores; threads of OpenCV would only compete with them.
    cv2.setNumThreads(1)
    fill_cache(
        cache.folder(work), sources, cache, lambda text: _report(f"material {cache.seed}: {text}")
    )


def _report(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
