"""Tensor input and output of a net: planes in, an enhanced picture out."""

from __future__ import annotations

from collections import deque
from typing import Protocol

import cv2
import numpy as np

from models.manifest import Manifest
from workers.engines.engine import Array, Session
from workers.media.picture import Picture, Plane
from workers.upscale.chroma import resize_chroma
from workers.upscale.colour import from_rgb, to_rgb
from workers.upscale.model_cache import Net
from workers.upscale.previous_picture import PreviousPicture


class ModelRunner(Protocol):
    """One stream's way through one net; used by one thread."""

    def enhance(self, picture: Picture, target: Picture, strength: float) -> None:
        """Fills ``target``, the net's scale times as large (less an odd last row or column)."""
        ...

    def enhance_luma(self, picture: Picture, strength: float) -> Plane:
        """Returns the luma plane alone, valid until the next call."""
        ...

    def forget(self) -> None:
        """The next picture does not follow the last one."""
        ...


def make_feed(net: Net) -> ModelRunner:
    """The feed for a net's manifest."""
    manifest = net.manifest
    return VideoModelRunner(net) if manifest.architecture is not None else LumaModelRunner(net)


class LumaModelRunner:
    """Luma by a graph, chroma by bicubic."""

    def __init__(self, net: Net) -> None:
        manifest = net.manifest
        self._net = net
        self._scale = manifest.scale
        self._session: Session = net.session()
        self._padding = Padding(net.width, net.height)
        self._strength = np.zeros(1, np.float32) if manifest.strength else None
        self._previous = PreviousPicture(manifest.scale) if manifest.previous else None
        size = (manifest.scale * net.height, manifest.scale * net.width)
        self._result = np.empty(size, np.uint8)

    def enhance(self, picture: Picture, target: Picture, strength: float) -> None:
        # The net writes straight into the picture where there is no padding to cut off.
        fits = target.y.shape == self._result.shape and self._previous is None
        result = target.y if fits else self._result
        self._run(picture.y, result, strength)
        if result is not target.y:
            target.y[:] = result[: target.height, : target.width]
        resize_chroma(picture, target, self._scale)

    def enhance_luma(self, picture: Picture, strength: float) -> Plane:
        self._run(picture.y, self._result, strength)
        return self._result[: self._scale * picture.height, : self._scale * picture.width]

    def _run(self, plane: Plane, result: Plane, strength: float) -> None:
        luma = self._padding.of(plane)
        feeds: dict[str, Array] = {"luma": luma}
        if self._strength is not None:
            self._strength[0] = strength
            feeds["strength"] = self._strength
        if self._previous is not None:
            feeds["previous"] = self._previous.of(luma)
        self._session.run(feeds, result)
        if self._previous is not None:
            self._previous.keep(luma, result)

    def forget(self) -> None:
        self._session.reset()
        if self._previous is not None:
            self._previous.forget()


class VideoModelRunner:
    """A window of frames, luma or all colours, through a net that may remember."""

    def __init__(self, net: Net) -> None:
        manifest = net.manifest
        self._manifest: Manifest = manifest
        self._session: Session = net.session()
        self._padding = Padding(net.width, net.height)
        # A live stream has no frames after the newest one: the places of the lookahead are filled
        # by it.
        self._seen: deque[Array] = deque(maxlen=manifest.window - manifest.lookahead)
        channels = 1 if manifest.colour == "luma" else 3
        size = (channels, manifest.scale * net.height, manifest.scale * net.width)
        self._result = np.empty(size, np.float32)

    def enhance(self, picture: Picture, target: Picture, strength: float) -> None:
        self._seen.append(self._frame(picture))
        # Frames that are not there are those nearest: the oldest before the first, the newest in
        # the places of those that a live stream does not have yet.
        missing = self._manifest.window - self._manifest.lookahead - len(self._seen)
        frames = [self._seen[0]] * missing + list(self._seen)
        frames += [self._seen[-1]] * self._manifest.lookahead
        self._session.run({"frames": np.stack(frames)}, self._result)
        cut = self._result[:, : target.height, : target.width]
        if self._manifest.colour == "luma":
            target.y[:] = np.clip(cut[0] * 255.0 + 0.5, 0, 255)
            resize_chroma(picture, target, self._manifest.scale)
        else:
            from_rgb(cut, target)

    def enhance_luma(self, picture: Picture, strength: float) -> Plane:
        # Colours are computed from all planes, so that there is no luma without chroma.
        width, height = (self._manifest.scale * side for side in (picture.width, picture.height))
        # 4:2:0 has no odd sides.
        target = Picture.blank(width // 2 * 2, height // 2 * 2, picture.colour)
        self.enhance(picture, target, strength)
        return target.y

    def forget(self) -> None:
        self._session.reset()
        self._seen.clear()

    def _frame(self, picture: Picture) -> Array:
        if self._manifest.colour == "luma":
            return (self._padding.of(picture.y).astype(np.float32) / 255.0)[None]
        return np.stack([self._padding.of(plane) for plane in to_rgb(picture)])


class Padding:
    """Brings planes to a net's size by repeating the last row and column."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (height, width)

    def of(self, plane: Array) -> Array:
        """The plane itself where it fits."""
        height, width = plane.shape
        if (height, width) == self._size:
            return plane
        more = ((0, self._size[0] - height), (0, self._size[1] - width))
        return np.pad(plane, more, mode="edge")


def resize(plane: Plane, target: Plane, scale: int) -> None:
    """Fills ``target`` with the plane, ``scale`` times as large by bicubic, less what is beyond."""
    height, width = plane.shape
    size = (scale * width, scale * height)
    if target.shape == (size[1], size[0]):
        # OpenCV writes into ``target``, also where its rows are padded.
        cv2.resize(plane, size, dst=target, interpolation=cv2.INTER_CUBIC)
        return
    large = cv2.resize(plane, size, interpolation=cv2.INTER_CUBIC)
    target[:] = large[: target.shape[0], : target.shape[1]]
