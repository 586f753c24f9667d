"""Makes pictures larger: by a net, or by bicubic."""

from __future__ import annotations

import cv2

from workers.media.picture import Picture, Plane
from workers.upscale.chroma import resize_chroma
from workers.upscale.model_cache import Net
from workers.upscale.model_io import ModelRunner, make_feed, resize

# The three threads of a stream are the parallelism; OpenCV's own pool would fight them.
cv2.setNumThreads(1)


class Upscaler:
    """One stream's enhancement; used by one thread.

    The output is the net's scale times as wide and high (twice, as long as there was no net), also
    for an odd width or height; where that would be odd, which 4:2:0 cannot hold, the last row or
    column is left out. An odd side's last chroma sample stands for one luma sample instead of two;
    what it would give beyond the picture is cut off.
    """

    def __init__(self) -> None:
        self._net: Net | None = None
        self._feed: ModelRunner | None = None
        self._scale = 2

    @property
    def net(self) -> Net | None:
        """The net in use."""
        return self._net

    @property
    def scale(self) -> int:
        """Output size over the source's."""
        return self._scale

    def use(self, net: Net | None) -> None:
        """Takes a net for the pictures that follow."""
        if net is not self._net:
            self._net = net
            self._feed = None if net is None else make_feed(net)
            if net is not None:
                self._scale = net.manifest.scale

    def enhance(self, picture: Picture, strength: float = 0.0) -> Picture:
        """Returns the picture by the net, which must have been compiled for this size."""
        if self._feed is None:
            raise RuntimeError("enhance() was called without a net")
        target = self.blank(picture)
        self._feed.enhance(picture, target, strength)
        return target

    def enhance_luma(self, picture: Picture, strength: float = 0.0) -> Plane:
        """Returns the luma plane by the net alone, at its scale; valid until the next call."""
        if self._feed is None:
            raise RuntimeError("enhance_luma() was called without a net")
        return self._feed.enhance_luma(picture, strength)

    def resize(self, picture: Picture) -> Picture:
        """Returns the picture by bicubic. The net's memory of earlier pictures ends here."""
        self.forget()
        target = self.blank(picture)
        resize(picture.y, target.y, self._scale)
        resize_chroma(picture, target, self._scale)
        return target

    def forget(self) -> None:
        """A picture was left out: the next one does not follow the last one."""
        if self._feed is not None:
            self._feed.forget()

    def blank(self, picture: Picture) -> Picture:
        """Returns a picture of undefined content for the enlarged one."""
        # 4:2:0 has no odd sides: at scale 3 an odd source loses its last enlarged row or column.
        width, height = (self._scale * side // 2 * 2 for side in (picture.width, picture.height))
        return Picture.blank(width, height, picture.colour)
