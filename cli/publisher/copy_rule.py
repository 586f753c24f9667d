"""Rule that decides whether a source's pictures are copied as they are coded, or coded anew."""

from __future__ import annotations

import dataclasses
import enum

from cli.publisher import codecs
from media.limits import is_too_large

MAX_GOP_S = 4.0
"""Time between two key frames that is copied at most. Nobody can ask a camera for a key frame: a
viewer whose picture is damaged, and a worker that takes over, wait for as long. The server keeps
groups of pictures of up to 8 s."""

_PLAIN_FORMATS = ("yuv420p", "yuvj420p")
"""Sample formats that every WebRTC decoder of H.264 has."""


class CopyMode(enum.Enum):
    """Choice of the user."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclasses.dataclass(frozen=True, slots=True)
class SourceVideo:
    """Properties of a source's video, as the container tells them."""

    codec: str
    width: int
    height: int
    pixel_format: str
    has_b_frames: bool


def obstacle(video: SourceVideo) -> str:
    """Returns why the pictures cannot be copied; empty if they can."""
    if video.codec != codecs.VIDEO.name:
        return f"its video is {video.codec}, and only {codecs.VIDEO.title} is published"
    if video.has_b_frames:
        return "it has B-frames, which WebRTC does not carry"
    if video.pixel_format and video.pixel_format not in _PLAIN_FORMATS:
        return f"its samples are {video.pixel_format}, which browsers do not decode"
    if is_too_large(video.width, video.height):
        return f"{video.width}x{video.height} is larger than servers take"
    return ""


class GopWatch:
    """Watches how far apart key frames are, with pictures' times in microseconds."""

    def __init__(self) -> None:
        self._last_key: int | None = None
        self._previous: int | None = None
        self.longest_s = 0.0
        "Longest time seen from a key frame to a later picture, in s."

    def note(self, at: int, *, is_key: bool) -> None:
        """Notes a picture; a gap in the source does not count, since nothing was sent then."""
        if self._previous is not None and self._last_key is not None:
            self._last_key += max(0, at - self._previous - _GAP_US)
        self._previous = at
        if is_key or self._last_key is None:
            self._last_key = at
        self.longest_s = max(self.longest_s, (at - self._last_key) / 1e6)

    @property
    def is_too_long(self) -> bool:
        """True once no key frame came for ``MAX_GOP_S``."""
        return self.longest_s > MAX_GOP_S


_GAP_US = 1_000_000
"""Distance of two pictures above which the source was away."""
