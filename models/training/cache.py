"""The patch cache: aligned pairs of decoded and original luma, written once, mapped into memory by
training.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.training import held_out
from models.training.clip import Bytes, Clip
from models.training.codec import CODECS, PRESETS, LiveEncoder, transcode
from models.training.downscale import halve
from models.training.film import film_length, read_passage
from models.training.photos import Camera, film_photo, film_still_camera
from models.training.screen import film_screen

__all__ = ["CacheConfig", "Sources", "degrade", "fill_cache", "make_clip", "open_cache"]


@dataclass(frozen=True, kw_only=True)
class CacheConfig:
    clips: int = 220
    frames: int = 36
    size: tuple[int, int] = (768, 432)
    """Width and height of a high-resolution clip."""
    encodes: int = 4
    """Encodings of each clip, each with its own encoder, rate and downscaling."""
    patches: int = 32
    """Pairs cut from each encoding."""
    patch: int = 48
    """Side of the decoded patch in pixels, even; the original one is twice that."""
    rate: tuple[float, float] = (0.05, 0.4)
    """Bits per pixel, drawn log-uniformly."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Sources:
    """The files that may be trained on."""

    photos: tuple[Path, ...]
    films: tuple[Path, ...]

    @classmethod
    def find(cls, data: Path) -> Sources:
        """Looks in `data`/photos and `data`/video; leaves out the held-out photographs."""
        photos = [
            p for p in sorted((data / "photos").glob("*.jpg")) if p.stem not in held_out.PHOTOS
        ]
        films = sorted((data / "video").glob("*.mp4"))
        if not photos or not films:
            raise FileNotFoundError(f"{data} holds no photos/*.jpg or no video/*.mp4")
        return cls(tuple(photos), tuple(films))


def make_clip(sources: Sources, config: CacheConfig, rng: np.random.Generator) -> Clip:
    """One clip: half of them photographs in motion, a sixth each film, screen and fixed camera."""
    kind = int(rng.integers(6))
    if kind == 0:
        return _passage(sources, config, rng)
    if kind == 1:
        return film_screen(config.size, config.frames, rng)
    photo, part = (_read(sources.photos[int(i)]) for i in rng.integers(len(sources.photos), size=2))
    if kind == 2:
        return film_still_camera(photo, part, config.size, config.frames, rng)
    return film_photo(photo, config.size, config.frames, Camera.draw(rng), rng)


def degrade(clip: Clip, config: CacheConfig, rng: np.random.Generator) -> Bytes:
    """The clip as a viewer of a live stream decodes it, [frames, H/2, W/2]."""
    kernel = str(rng.choice(["area", "area", "bicubic", "lanczos"]))
    small = np.stack([halve(frame, kernel) for frame in clip.luma])
    if rng.random() < 0.25:
        # Sensor noise reaches the encoder but not the target: the net is to remove it.
        noise = rng.normal(0, rng.uniform(0.3, 1.5), small.shape)
        small = np.clip(np.rint(small + noise), 0, 255).astype(np.uint8)
    low, high = np.log(config.rate)
    encoder = LiveEncoder(
        codec=str(rng.choice(CODECS)),
        bits_per_pixel=float(np.exp(rng.uniform(low, high))),
        preset=str(rng.choice(PRESETS)),
        cpu_used=int(rng.integers(4, 9)),
    )
    return transcode(small, clip.chroma, clip.fps, encoder)[0]


def fill_cache(
    folder: Path, sources: Sources, config: CacheConfig, report: Callable[[str], None]
) -> None:
    """Writes decoded.npy and original.npy. Clip n depends on the seed and n alone, so an
    interrupted run goes on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    total = config.clips * config.encodes * config.patches
    decoded = _array(folder / "decoded.npy", (total, config.patch, config.patch))
    original = _array(folder / "original.npy", (total, 2 * config.patch, 2 * config.patch))
    done = folder / "done.txt"
    first = int(done.read_text()) if done.exists() else 0
    started = time.monotonic()
    for index in range(first, config.clips):
        rng = np.random.default_rng([config.seed, index])
        clip = make_clip(sources, config, rng)
        at = index * config.encodes * config.patches
        for _ in range(config.encodes):
            _cut(clip, degrade(clip, config, rng), decoded, original, at, config, rng)
            at += config.patches
        done.write_text(str(index + 1))
        if (index + 1) % 20 == 0:
            pace = (time.monotonic() - started) / (index + 1 - first)
            report(f"clip {index + 1} of {config.clips}, {pace:.2f} s each")


def open_cache(folder: Path, config: CacheConfig) -> tuple[Bytes, Bytes]:
    """The pairs written so far, decoded [n, p, p] and original [n, 2p, 2p], mapped read-only."""
    clips = min(int((folder / "done.txt").read_text()), config.clips)
    count = clips * config.encodes * config.patches
    decoded = np.load(folder / "decoded.npy", mmap_mode="r")[:count]
    return decoded, np.load(folder / "original.npy", mmap_mode="r")[:count]


def _cut(
    clip: Clip,
    seen: Bytes,
    decoded: Bytes,
    original: Bytes,
    at: int,
    config: CacheConfig,
    rng: np.random.Generator,
) -> None:
    side = config.patch
    frames, height, width = seen.shape
    for index in range(at, at + config.patches):
        # Flat patches have nothing to restore: of three places the one with the most detail is
        # taken.
        places = [
            (
                int(rng.integers(1, frames)),
                int(rng.integers(height - side)),
                int(rng.integers(width - side)),
            )
            for _ in range(3)
        ]
        t, y, x = max(places, key=lambda p: float(_target(clip, p, side).std()))
        decoded[index] = seen[t, y : y + side, x : x + side]
        original[index] = _target(clip, (t, y, x), side)


def _target(clip: Clip, place: tuple[int, int, int], side: int) -> Bytes:
    t, y, x = place
    return clip.luma[t, 2 * y : 2 * (y + side), 2 * x : 2 * (x + side)]


def _passage(sources: Sources, config: CacheConfig, rng: np.random.Generator) -> Clip:
    while True:
        film = sources.films[int(rng.integers(len(sources.films)))]
        length, fps = film_length(film)
        first = int(rng.integers(0, length - config.frames))
        if held_out.may_train_on_frames(film.stem, first, config.frames, fps):
            return read_passage(film, first, config.frames)


def _read(path: Path) -> Bytes:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise FileNotFoundError(f"{path.name} is no picture")
    return np.asarray(image, np.uint8)


def _array(path: Path, shape: tuple[int, ...]) -> Bytes:
    if path.exists():
        stored: Bytes = np.load(path, mmap_mode="r+")
        return stored
    made: Bytes = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    return made
