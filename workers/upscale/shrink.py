"""Makes a picture smaller, for viewers on weak links."""

from __future__ import annotations

import cv2

from workers.media.picture import Picture


def shrunk(picture: Picture, divisor: int) -> Picture:
    """Returns the picture with its sides divided by ``divisor``, each sample the mean of those that
    it stands for; the picture itself where that is 1.

    4:2:0 has no odd sides, so the last row or column may be left out.
    """
    if divisor == 1:
        return picture
    width, height = (max(2, side // divisor // 2 * 2) for side in (picture.width, picture.height))
    made = Picture.blank(width, height, picture.colour)
    for plane, target in ((picture.y, made.y), (picture.u, made.u), (picture.v, made.v)):
        rows, columns = target.shape
        # Whole groups of samples, so that nothing is shifted where the sides are no multiples.
        used = plane[: rows * divisor, : columns * divisor]
        target[:] = cv2.resize(used, (columns, rows), interpolation=cv2.INTER_AREA)
    return made
