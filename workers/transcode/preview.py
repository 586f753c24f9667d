"""Still of a film, half as it is and half enhanced, from the most detailed of some pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import av.error
import cv2
import numpy as np
import numpy.typing as npt

from workers.errors import FileFailed
from workers.media.picture import Picture
from workers.transcode.frames import FrameFilter
from workers.transcode.source import Source, frames_of, url_of
from workers.transcode.steps import FileEnhance

CANDIDATES = 9
"""Pictures that are compared, at equal distances; titles and black ones are rarely all of them."""

SUFFIXES = (".png", ".webp")
_LABELS = ("before", "after")
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
Image = npt.NDArray[np.uint8]


@dataclasses.dataclass(frozen=True, slots=True)
class Still:
    """A still that was written."""

    width: int
    height: int
    at_s: float
    "Time of the picture in the film, in s."


def check_still(path: Path) -> None:
    """Raises FileFailed for a name that says no known format."""
    if path.suffix.lower() not in SUFFIXES:
        raise FileFailed(f"{path.name} ends in none of {', '.join(SUFFIXES)}.")


def write_still(path: Path, film: Path, source: Source, enhance: FileEnhance) -> Still:
    """Writes the still. Raises FileFailed."""
    check_still(path)
    at_s, picture = most_detailed(film, source)
    before, after = enhance.compare(picture)
    image = split(bgr(before), bgr(after))
    done, data = cv2.imencode(path.suffix.lower(), image)
    if not done:
        raise FileFailed(f"{path} cannot be written as {path.suffix}.")
    # Whole or not at all, as films are.
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    partial.write_bytes(data.tobytes())
    partial.replace(path)
    return Still(image.shape[1], image.shape[0], at_s)


def most_detailed(film: Path, source: Source) -> tuple[float, Picture]:
    """Returns the time and the picture with the most detail of some. Raises FileFailed."""
    best: tuple[float, float, Picture] | None = None
    for at_s, picture in _candidates(film, source):
        detail = detail_of(picture.y)
        if best is None or detail > best[0]:
            best = detail, at_s, picture
    if best is None:
        return 0.0, source.facts.picture
    return best[1], best[2]


def detail_of(luma: npt.NDArray[np.uint8]) -> float:
    """Returns the mean size of the second differences of a plane: edges and texture."""
    return float(np.abs(cv2.Laplacian(np.ascontiguousarray(luma), cv2.CV_16S)).mean())


def _candidates(film: Path, source: Source) -> Iterator[tuple[float, Picture]]:
    with av.open(url_of(film), metadata_errors="replace") as container:
        video = container.streams[source.video.index]
        length = container.duration or 0
        # Without a length there is one: the first picture.
        for index in range(CANDIDATES if length else 1):
            at = length * (2 * index + 1) // (2 * CANDIDATES)
            try:
                if length:
                    container.seek(at)
                frame = next(frames_of(container, video), None)
            except (av.error.FFmpegError, OSError):
                continue  # a damaged part has no picture to show
            if frame is not None:
                conversion = FrameFilter(video)
                made = [*conversion.push(frame), *conversion.flush()]
                if made and (made[0].picture.width, made[0].picture.height) == (
                    source.facts.picture.width,
                    source.facts.picture.height,
                ):
                    yield float(frame.time or 0.0), made[0].picture


def split(before: Image, after: Image) -> Image:
    """Returns the left half of one image and the right half of the other, with labels."""
    height, width = after.shape[:2]
    image = after.copy()
    middle = width // 2
    image[:, :middle] = before[:, :middle]
    thick = max(1, round(width / 640))
    cv2.line(image, (middle, 0), (middle, height), _WHITE, thick)
    scale = max(0.4, height / 900)
    for text, left in ((_LABELS[0], True), (_LABELS[1], False)):
        (wide, high), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
        x = middle - wide - high if left else middle + high
        y = height - high
        cv2.rectangle(image, (x - 4, y - high - 4), (x + wide + 4, y + below + 2), _BLACK, -1)
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(image, text, (x, y), font, scale, _WHITE, thick, cv2.LINE_AA)
    return image


def bgr(picture: Picture) -> Image:
    """Returns a picture as OpenCV writes it."""
    frame: Any = picture.frame
    return np.ascontiguousarray(frame.to_ndarray(format="bgr24"))
