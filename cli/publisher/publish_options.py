"""Options of ``sharpcast publish``."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from cli.errors import NotPublished
from cli.publisher.copy_rule import CopyMode

_SIZE = re.compile(r"([1-9]\d{1,3})x([1-9]\d{1,3})\Z")
AUTOMATIC = "auto"
"""Word of ``--size`` that lets the rate decide."""

DEFAULT_KBPS = 800
"""Rate of a file or a pattern, in kbit/s, unless asked otherwise."""

DEFAULT_LINES = 270
"""Height of a file that is sent unless asked otherwise: the usual small stream of this project."""

TRANSPORTS = ("auto", "tcp", "udp")
"""Ways of RTSP's media; ``auto`` is TCP, and UDP for a camera that refuses TCP."""


@dataclasses.dataclass(frozen=True, slots=True)
class PublishOptions:
    """Options of the command line."""

    source: str | None
    "A file or an address; None for the test pattern."
    url: str
    token: str
    test_pattern: bool
    size: str
    "Empty: the source's own, of a file at most 270 lines; ``auto``: by the rate, if the server \
enhances."
    fps: float
    "0: the source's own."
    kbps: int
    "0: the usual."
    loop: bool
    stamp: bool
    mode: CopyMode = CopyMode.AUTO
    transport: str = "auto"

    @property
    def file(self) -> Path | None:
        """The file, for what reads files alone."""
        return None if self.source is None else Path(self.source)

    @property
    def is_automatic(self) -> bool:
        """True if the rate decides the size."""
        return self.size == AUTOMATIC


def parse_size(text: str) -> tuple[int, int]:
    """Parses the words of ``--size``. Raises NotPublished."""
    match = _SIZE.match(text)
    size = (int(match[1]), int(match[2])) if match else (1, 1)
    if size[0] % 2 or size[1] % 2:
        raise NotPublished(f"--size: {text!r} is not of the form 480x270, in even numbers.")
    return size


def parse_mode(text: str) -> CopyMode:
    """Parses the word of ``--copy``. Raises NotPublished."""
    try:
        return CopyMode(text)
    except ValueError:
        known = ", ".join(mode.value for mode in CopyMode)
        raise NotPublished(f"--copy: {text!r} is none of {known}.") from None


def parse_transport(text: str) -> str:
    """Parses the word of ``--transport``. Raises NotPublished."""
    if text not in TRANSPORTS:
        raise NotPublished(f"--transport: {text!r} is none of {', '.join(TRANSPORTS)}.")
    return text
