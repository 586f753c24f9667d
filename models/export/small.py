"""Ships a VideoNet trained here: ``python -m models.export.small CHECKPOINT --name NAME``."""

from __future__ import annotations

import argparse
import hashlib
from collections import deque
from pathlib import Path
from typing import cast

import numpy as np
import torch
from msgspec.structs import replace
from torch import Tensor, nn

from models.export.published import describe_video
from models.export.zoo import LICENCE, MATERIAL, write_manifest
from models.manifest import ZOO, Architecture, FileEntry, Manifest, Metric, Training
from models.measure.gain import measure_upscalers
from models.measure.held_out_clips import CLIPS, FRAMES, read_clip
from models.nets.checkpoint import load_published
from models.nets.table import build
from models.nets.video import VideoNet
from models.training.clip import Bytes
from models.training.video import load_video

__all__ = ["TorchUpscaler"]

MAX_BYTES = 5_000_000
"""Limit of a weights file in the repository; larger ones are to be obtained (`Manifest.obtain`)."""


class TorchUpscaler:
    """A luma VideoNet on the frames of one clip, in order: [H, W] to [sH, sW]."""

    def __init__(self, net: nn.Module, height: int, width: int) -> None:
        self._net = cast(VideoNet, net.eval())
        unit = self._net.size_multiple
        # The padding is at the right and at the bottom, where the cut of the output removes it.
        sides = (max(side, self._net.smallest) for side in (height, width))
        self._size = tuple(-(-side // unit) * unit for side in sides)
        # Later frames never arrive in a live stream: the current one and those before are kept.
        self._seen: deque[Tensor] = deque(maxlen=self._net.window - self._net.lookahead)
        self._state: tuple[Tensor, ...] = self._net.start(*self._size)

    @classmethod
    def load(cls, manifest: Manifest, path: Path, height: int, width: int) -> TorchUpscaler:
        """The net of a manifest with the weights of `path`."""
        if manifest.architecture is None or manifest.colour != "luma":
            raise ValueError(f"{manifest.name} is no luma net for torch")
        net = build(manifest.architecture.net, manifest.architecture.config)
        load_published(net, path)
        return cls(net, height, width)

    @torch.no_grad()
    def __call__(self, luma: Bytes) -> Bytes:
        height, width = luma.shape
        more = ((0, self._size[0] - height), (0, self._size[1] - width))
        padded = np.pad(luma, more, mode="edge").astype(np.float32) / 255
        self._seen.append(torch.from_numpy(padded)[None])
        history = self._net.window - self._net.lookahead
        frames = [self._seen[0]] * (history - len(self._seen)) + list(self._seen)
        frames += [self._seen[-1]] * self._net.lookahead
        enhanced, *state = self._net.step(torch.stack(frames, 0)[None], *self._state)
        self._state = tuple(state)
        cut = enhanced[0, 0, : self._net.scale * height, : self._net.scale * width]
        return np.asarray((cut * 255).round().clamp(0, 255).byte())


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m models.export.small",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--title", required=True)
    parser.add_argument("--zoo", type=Path, default=ZOO)
    parser.add_argument("--clips", type=Path, default=Path("tests/data/clips"))
    parser.add_argument("--frames", type=int, default=FRAMES, help="of each held-out clip")
    options = parser.parse_args()
    net, content = load_video(options.checkpoint)
    architecture = Architecture(content["net_name"], content["settings"])
    manifest = describe_video(options.name, options.title, net, architecture, LICENCE)
    folder = options.zoo / options.name
    manifest = replace(manifest, weights=_write_weights(net, folder), training=_training(content))
    write_manifest(manifest, (), folder)
    rows: list[Metric] = []
    for name in CLIPS:
        clip = read_clip(options.clips, name, options.frames)
        make = {"fp32": lambda height, width: TorchUpscaler(net, height, width)}
        rows += measure_upscalers(name, clip, make, scale=manifest.scale)  # type: ignore[arg-type]
        gain = [row.net_db["fp32"] - row.bicubic_db for row in rows if row.clip == name]
        print(f"{name}: {np.mean(gain):+.3f} dB over bicubic", flush=True)
    write_manifest(manifest, tuple(rows), folder)


def _write_weights(net: nn.Module, folder: Path) -> FileEntry:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "weights.pth"
    # BasicSR's files have the same key, so one loader reads shipped and published weights.
    torch.save({"params": net.state_dict()}, path)
    data = path.read_bytes()
    if len(data) > MAX_BYTES:
        raise SystemExit(f"{path.name} has {len(data)} bytes, too many to ship")
    return FileEntry(path.name, hashlib.sha256(data).hexdigest(), len(data))


def _training(content: dict[str, object]) -> Training:
    training = cast(dict[str, int], content["training"])
    script = "python -m models.training --net"
    return Training(script, training["seed"], cast(int, content["step"]), MATERIAL)


if __name__ == "__main__":
    main()
