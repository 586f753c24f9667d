"""Makes pictures twice as wide and twice as high."""

from __future__ import annotations

import cv2
import numpy as np

from workers.engines.engine import Session
from workers.enhance.nets import Net
from workers.picture import Picture, Plane

# The three threads of a stream are the parallelism; OpenCV's own pool would fight them.
cv2.setNumThreads(1)


class Upscaler:
    """One stream's enhancement; used by one thread. Without a net it resizes luma too.

    The output is exactly 2W x 2H, also for odd W or H, so its chroma planes are exactly W x H.
    An odd side's last chroma sample stands for one luma sample instead of two; what it would
    give beyond the picture is cut off.
    """

    def __init__(self) -> None:
        self._net: Net | None = None
        self._session: Session | None = None
        self._padded: tuple[Plane, Plane] | None = None

    @property
    def net(self) -> Net | None:
        """The net in use."""
        return self._net

    def use(self, net: Net | None) -> None:
        """Takes a net for the pictures that follow."""
        if net is not self._net:
            self._net = net
            self._session = None if net is None else net.session()
            self._padded = None

    def enhance(self, picture: Picture) -> Picture:
        """Luma by the net, chroma by bicubic. The net must have been compiled for this size."""
        if self._net is None or self._session is None:
            raise RuntimeError("enhance() was called without a net")
        target = Picture.blank(2 * picture.width, 2 * picture.height, picture.colour)
        self._run(self._session, self._net, picture.y, target.y)
        _resize_chroma(picture, target)
        return target

    def resize(self, picture: Picture) -> Picture:
        """All planes by bicubic."""
        target = Picture.blank(2 * picture.width, 2 * picture.height, picture.colour)
        double(picture.y, target.y)
        _resize_chroma(picture, target)
        return target

    def _run(self, session: Session, net: Net, luma: Plane, enhanced: Plane) -> None:
        height, width = luma.shape
        if (net.width, net.height) == (width, height):
            session.run(luma, enhanced)
            return
        if self._padded is None:
            self._padded = (
                np.empty((net.height, net.width), np.uint8),
                np.empty((2 * net.height, 2 * net.width), np.uint8),
            )
        source, result = self._padded
        source[:height, :width] = luma
        source[:height, width:] = luma[:, -1:]
        source[height:] = source[height - 1]
        session.run(source, result)
        enhanced[:] = result[: 2 * height, : 2 * width]


def _resize_chroma(picture: Picture, target: Picture) -> None:
    double(picture.u, target.u)
    double(picture.v, target.v)


def double(plane: Plane, target: Plane) -> None:
    """``target`` is the plane twice as large by bicubic, less what the target has no room for."""
    height, width = plane.shape
    if target.shape == (2 * height, 2 * width):
        done = cv2.resize(plane, (2 * width, 2 * height), dst=target, interpolation=cv2.INTER_CUBIC)
        if done is not target and not np.shares_memory(done, target):
            target[:] = done
        return
    large = cv2.resize(plane, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC)
    target[:] = large[: target.shape[0], : target.shape[1]]
