"""Addresses of cameras, encoders and files that ``sharpcast publish`` reads."""

from __future__ import annotations

import dataclasses
import enum
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

from cli.errors import NotPublished


class SourceKind(enum.Enum):
    """The way that media come from a source."""

    FILE = "file"
    RTSP = "RTSP"
    RTMP = "RTMP"
    SRT = "SRT"
    HTTP = "HTTP"
    "HLS, or a file on a web server."


_SCHEMES = {
    "rtsp": SourceKind.RTSP,
    "rtsps": SourceKind.RTSP,
    "rtmp": SourceKind.RTMP,
    "rtmps": SourceKind.RTMP,
    "srt": SourceKind.SRT,
    "http": SourceKind.HTTP,
    "https": SourceKind.HTTP,
}

REAL_TIME = frozenset({SourceKind.RTSP, SourceKind.RTMP, SourceKind.SRT})
"""Kinds whose packets come at their time; all others are read ahead and paced here."""


@dataclasses.dataclass(frozen=True, slots=True)
class SourceAddress:
    """One address. ``text`` may hold a password; ``shown`` never does."""

    text: str = dataclasses.field(repr=False)
    kind: SourceKind
    shown: str
    "The address without user, password, query and stream key."

    @property
    def is_file(self) -> bool:
        """True for a file of this machine."""
        return self.kind is SourceKind.FILE

    @property
    def is_real_time(self) -> bool:
        """True if packets come when they are due."""
        return self.kind in REAL_TIME

    @property
    def is_listener(self) -> bool:
        """True if an encoder connects to it."""
        modes = parse_qs(urlsplit(self.text).query).get("mode", [])
        return self.kind is SourceKind.SRT and "listener" in modes


def parse_source(text: str) -> SourceAddress:
    """Parses a file's path or an address of the command line. Raises NotPublished."""
    scheme, separator, _ = text.partition("://")
    # A path such as ``a:b.mp4`` or ``c://x`` on a disk is a file all the same.
    if not separator or not scheme.replace("+", "").isalnum() or Path(text).exists():
        return SourceAddress(text, SourceKind.FILE, text)
    kind = _SCHEMES.get(scheme.lower())
    if kind is None:
        known = ", ".join(f"{each}://" for each in _SCHEMES)
        raise NotPublished(f"Addresses of {scheme}:// cannot be read; known are {known}.")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise NotPublished("The source is no address: its host or port cannot be read.") from None
    if not host and kind is not SourceKind.SRT:
        raise NotPublished(f"The source's address names no host: {scheme}://HOST/PATH.")
    if kind is SourceKind.SRT and port is None:
        raise NotPublished("An SRT address needs a port: srt://HOST:PORT.")
    return SourceAddress(text, kind, _shown(parts, kind))


def _shown(parts: SplitResult, kind: SourceKind) -> str:
    host = parts.hostname or ""
    place = f"{parts.scheme}://" + (f"[{host}]" if ":" in host else host)
    if parts.port is not None:
        place += f":{parts.port}"
    if kind is SourceKind.SRT:
        return place  # all else of it is the stream's id and pass phrase
    if kind is SourceKind.RTMP:
        # The last part of the path is the stream key.
        above = parts.path.rstrip("/").rpartition("/")[0]
        return f"{place}{above}/..." if above else place
    return place + parts.path
