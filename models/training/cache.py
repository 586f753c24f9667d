"""The patch cache: clips made, coded as live encoders code them, and cut into pairs on disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training import held_out
from models.training.clip import Bytes, Clip
from models.training.codec import CODECS, PRESETS, PROFILES, LiveEncoder, transcode
from models.training.downscale import KERNELS, reduce
from models.training.film import film_length, read_passage
from models.training.game import film_game
from models.training.motion import backward_flow
from models.training.photos import Camera, film_layers, film_photo, film_still_camera
from models.training.screen import film_screen, stamp_time

__all__ = ["FILM", "CacheConfig", "Sources", "degrade", "draw_kind", "fill_cache", "make_clip"]
__all__ += ["open_cache", "open_sequences"]

SIZES = ((320, 180), (384, 216), (480, 270), (640, 360))
"""Decoded sizes that clips are drawn from, width and height."""


@dataclass(frozen=True, kw_only=True)
class CacheConfig:
    clips: int = 220
    frames: int = 60
    scale: int = 2
    encodes: int = 3
    """Encodings of each clip, each with its own encoder, rate and downscaling."""
    patches: int = 40
    """Pairs cut from each encoding."""
    patch: int = 48
    """Side of the decoded patch in pixels, even; the original one is `scale` times that."""
    window: int = 1
    """Frames of a pair; sequences (more than one) come with their motion."""
    rate: tuple[float, float] = (0.04, 0.5)
    """Bits per pixel, drawn log-uniformly."""
    clean: float = 0.06
    """Fraction of encodings at about one bit per pixel."""
    seed: int = 1

    def folder(self, work: Path) -> Path:
        """Folder of this cache under `work`."""
        kind = "patches" if self.window == 1 else f"sequences{self.window}"
        return work / f"{kind}-x{self.scale}-{self.seed}"


@dataclass(frozen=True, slots=True)
class Sources:
    """The files that may be trained on."""

    photos: tuple[Path, ...]
    films: tuple[Path, ...]
    natural: tuple[Path, ...] = ()
    """Clips of real cameras; without any, more of the films is taken."""

    @classmethod
    def find(cls, data: Path) -> Sources:
        """Finds what is in `data`/photos, `data`/video and `data`/natural and is not held out."""
        photos = [
            p for p in sorted((data / "photos").glob("*.jpg")) if p.stem not in held_out.PHOTOS
        ]
        films = sorted((data / "video").glob("*.mp4"))
        if not photos or not films:
            raise FileNotFoundError(f"{data} holds no photos/*.jpg or no video/*.mp4")
        natural = [
            p for p in sorted((data / "natural").glob("*.mp4")) if p.stem not in held_out.NATURAL
        ]
        return cls(tuple(photos), tuple(films), tuple(natural))


def make_clip(sources: Sources, config: CacheConfig, rng: np.random.Generator) -> Clip:
    """One original clip of a random kind."""
    width, height = SIZES[int(rng.integers(len(SIZES)))]
    # Photographs are about 1920 pixels wide, and larger clips take long to make.
    factor = min(config.scale, 1024 / width)
    # Decoded sides are multiples of 4: whole cells of the motion field, and whole chroma samples.
    unit = 4 * config.scale
    size = tuple(int(side * factor) // unit * unit for side in (width, height))
    clip = FILM[draw_kind(rng)](sources, (size[0], size[1]), config.frames, rng)
    height, width = (side // unit * unit for side in clip.luma.shape[1:])
    luma, chroma = clip.luma[:, :height, :width], clip.chroma[..., : height // 4, : width // 4]
    # The frame rate that an encoder is told changes its rate control; the frames are the same.
    return Clip(luma, chroma, int(rng.choice([15, 24, 30, 30, 30, 60])))


def draw_kind(rng: np.random.Generator) -> str:
    """One of the kinds of clips, a key of FILM."""
    return str(rng.choice(list(_PROBABILITIES), p=list(_PROBABILITIES.values())))


def degrade(clip: Clip, config: CacheConfig, rng: np.random.Generator) -> Bytes:
    """The clip as a viewer of a live stream decodes it, [frames, H/scale, W/scale]."""
    kernel = str(rng.choice([*KERNELS, "area"]))
    small = np.stack([reduce(frame, config.scale, kernel) for frame in clip.luma])
    chroma = _small_chroma(clip, small.shape)
    if rng.random() < 0.25:
        # Sensor noise reaches the encoder but not the target: the net is to remove it.
        noise = rng.normal(0, rng.uniform(0.3, 1.5), small.shape)
        small = np.clip(np.rint(small + noise), 0, 255).astype(np.uint8)
    if rng.random() < 0.1:
        # A source that was coded before: a capture card, a relay, a phone's own encoder.
        small = transcode(small, chroma, clip.fps, _encoder(rng, (0.4, 1.5)))[0]
    rate = (0.8, 1.4) if rng.random() < config.clean else config.rate
    return transcode(small, chroma, clip.fps, _encoder(rng, rate))[0]


def fill_cache(
    folder: Path, sources: Sources, config: CacheConfig, report: Callable[[str], None]
) -> None:
    """Writes decoded.npy and original.npy, for sequences flow.npy too. Clip n depends on the seed
    and n alone, so an interrupted run goes on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arrays = _Arrays(folder, config)
    done = folder / "done.txt"
    first = int(done.read_text()) if done.exists() else 0
    started = time.monotonic()
    for index in range(first, config.clips):
        rng = np.random.default_rng([config.seed, index])
        clip = make_clip(sources, config, rng)
        for encode in range(config.encodes):
            at = (index * config.encodes + encode) * config.patches
            _cut(clip, degrade(clip, config, rng), arrays, at, config, rng)
        # Written after the clip's patches: a run that is killed before repeats the clip and
        # overwrites them with the same bytes.
        done.write_text(str(index + 1))
        if (index + 1) % 20 == 0:
            pace = (time.monotonic() - started) / (index + 1 - first)
            report(f"clip {index + 1} of {config.clips}, {pace:.2f} s each")


def open_cache(folder: Path, config: CacheConfig) -> tuple[Bytes, Bytes]:
    """The pairs written so far, decoded [n, p, p] and original [n, s*p, s*p], mapped read-only."""
    decoded, original = (_open(folder, name, config) for name in ("decoded", "original"))
    return decoded[:, 0], original[:, 0]


def open_sequences(folder: Path, config: CacheConfig) -> tuple[Bytes, Bytes, NDArray[np.float16]]:
    """The sequences written so far, see models.training.batches.Sequences."""
    decoded, original, flow = (
        _open(folder, name, config) for name in ("decoded", "original", "flow")
    )
    return decoded, original, flow


class _Arrays:
    """The files of one cache, mapped for writing; all begin with [pair, frame]."""

    def __init__(self, folder: Path, config: CacheConfig) -> None:
        count = (config.clips * config.encodes * config.patches, config.window)
        small, large = (config.patch,) * 2, (config.scale * config.patch,) * 2
        self.decoded = _array(folder / "decoded.npy", (*count, *small), np.uint8)
        self.original = _array(folder / "original.npy", (*count, *large), np.uint8)
        self.flow = None
        if config.window > 1:
            coarse = (2, config.patch // 4, config.patch // 4)
            self.flow = _array(folder / "flow.npy", (*count, *coarse), np.float16)


def _cut(
    clip: Clip,
    seen: Bytes,
    arrays: _Arrays,
    at: int,
    config: CacheConfig,
    rng: np.random.Generator,
) -> None:
    side = config.patch
    height, width = seen.shape[1:]
    flow = backward_flow(seen) if arrays.flow is not None else None
    for index in range(at, at + config.patches):
        t, y, x = _busiest_place(clip, (height, width), config, rng)
        during = slice(t, t + config.window)
        arrays.decoded[index] = seen[during, y : y + side, x : x + side]
        arrays.original[index] = _target(clip, config, (t, y, x))
        if arrays.flow is not None and flow is not None:
            cells = flow[during, :, y // 4 : (y + side) // 4, x // 4 : (x + side) // 4]
            arrays.flow[index] = cells


def _busiest_place(
    clip: Clip, size: tuple[int, int], config: CacheConfig, rng: np.random.Generator
) -> tuple[int, int, int]:
    """First frame, row and column in decoded pixels of a patch that holds detail."""
    height, width = size
    # Flat patches have nothing to restore: of three places the one with the most detail is taken.
    # Places lie on whole cells of the motion field.
    places = [
        (
            # Frame 0 is an encoding's key frame. A sequence may begin with it, a pair may not.
            int(rng.integers(0 if config.window > 1 else 1, len(clip.luma) - config.window + 1)),
            int(rng.integers((height - config.patch) // 4 + 1)) * 4,
            int(rng.integers((width - config.patch) // 4 + 1)) * 4,
        )
        for _ in range(3)
    ]
    return max(places, key=lambda place: float(_target(clip, config, place).std()))


def _target(clip: Clip, config: CacheConfig, place: tuple[int, int, int]) -> Bytes:
    """The original of the patch at a place in decoded pixels."""
    t, y, x = place[0], config.scale * place[1], config.scale * place[2]
    side = config.scale * config.patch
    return clip.luma[t : t + config.window, y : y + side, x : x + side]


def _encoder(rng: np.random.Generator, rate: tuple[float, float]) -> LiveEncoder:
    # Log-uniform: each doubling of the rate is as likely as the next.
    low, high = np.log(rate)
    return LiveEncoder(
        codec=str(rng.choice(CODECS, p=[0.45, 0.35, 0.2])),
        bits_per_pixel=float(np.exp(rng.uniform(low, high))),
        preset=str(rng.choice(PRESETS)),
        cpu_used=int(rng.integers(5, 9)),
        profile=str(rng.choice(PROFILES)),
    )


def _small_chroma(clip: Clip, shape: tuple[int, ...]) -> Bytes:
    """The clip's chroma at half the decoded size."""
    height, width = shape[1] // 2, shape[2] // 2
    if clip.chroma.shape[2:] == (height, width):
        return clip.chroma
    planes = [
        [cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA) for plane in frame]
        for frame in clip.chroma
    ]
    return np.asarray(planes, np.uint8)


def _film_moving(s: Sources, size: tuple[int, int], n: int, rng: np.random.Generator) -> Clip:
    return film_photo(_photo(s, rng), size, n, Camera.draw(rng), rng)


def _film_layers(s: Sources, size: tuple[int, int], n: int, rng: np.random.Generator) -> Clip:
    far, close = Camera.draw(rng), Camera.draw(rng)
    return film_layers(_photo(s, rng), _photo(s, rng), size, n, far, close, rng)


def _film_still(s: Sources, size: tuple[int, int], n: int, rng: np.random.Generator) -> Clip:
    clip = film_still_camera(_photo(s, rng), _photo(s, rng), size, n, rng)
    return stamp_time(clip, rng) if rng.random() < 0.3 else clip


def _film_screen(_: Sources, size: tuple[int, int], n: int, rng: np.random.Generator) -> Clip:
    return film_screen(size, n, rng)


def _film_game(_: Sources, size: tuple[int, int], n: int, rng: np.random.Generator) -> Clip:
    return film_game(size, n, rng)


def _film_passage(s: Sources, size: tuple[int, int], n: int, rng: np.random.Generator) -> Clip:
    """A passage at its own size, whatever is asked."""
    while True:
        film = s.films[int(rng.integers(len(s.films)))]
        length, fps = film_length(film)
        # Drawn again until it is free, which favours no part of the film.
        first = int(rng.integers(0, length - n))
        if held_out.may_train_on_frames(film.stem, first, n, fps):
            return read_passage(film, first, n)


def _film_natural(s: Sources, size: tuple[int, int], n: int, rng: np.random.Generator) -> Clip:
    """Frames of a camera's clip at its own size, whatever is asked; at most `n` of them."""
    if not s.natural:
        return _film_passage(s, size, n, rng)
    path = s.natural[int(rng.integers(len(s.natural)))]
    length, _ = film_length(path)
    # Some clips last a second only.
    frames = min(n, length)
    return read_passage(path, int(rng.integers(0, length - frames + 1)), frames)


FILM = {
    "moving": _film_moving,
    "layers": _film_layers,
    "still": _film_still,
    "film": _film_passage,
    "natural": _film_natural,
    "screen": _film_screen,
    "game": _film_game,
}
"""Makes each kind of clip."""
_PROBABILITIES = {
    "moving": 0.20,
    "layers": 0.05,
    "still": 0.10,
    "film": 0.15,
    "natural": 0.32,
    "screen": 0.10,
    "game": 0.08,
}
"""Probabilities of the kinds; they add up to 1."""


def _photo(sources: Sources, rng: np.random.Generator) -> Bytes:
    path = sources.photos[int(rng.integers(len(sources.photos)))]
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise FileNotFoundError(f"{path.name} is no picture")
    return np.asarray(image, np.uint8)


def _open(folder: Path, name: str, config: CacheConfig) -> NDArray[Any]:
    # The file has its full length from the start; what lies behind the finished clips is blank.
    clips = min(int((folder / "done.txt").read_text()), config.clips)
    stored: NDArray[Any] = np.load(folder / f"{name}.npy", mmap_mode="r")
    return stored[: clips * config.encodes * config.patches]


def _array(path: Path, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    if path.exists():
        # Mapped for update: what an interrupted run has written stays.
        stored: NDArray[Any] = np.load(path, mmap_mode="r+")
        return stored
    made: NDArray[Any] = np.lib.format.open_memmap(path, "w+", dtype, shape)
    return made
