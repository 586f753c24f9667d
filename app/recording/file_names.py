"""Names of recorded files: by stream, time and rendition, safe on every file system; no I/O.

``cam1/20261129T012132.123Z-source.mp4`` is the source of ``cam1`` from that time (UTC) on. A name
from outside is taken only in this form, so that none leads out of the folder.
"""

from __future__ import annotations

import dataclasses
import datetime
import re

from wire import keys

SUFFIXES = (".mp4", ".webm")
FACTS_SUFFIX = ".json"
"""Suffix of the facts of a recording, in place of its own."""

TIME_LENGTH = len("20261129T012132.123Z")
"""Characters of a name that are its time."""

_NAME = re.compile(r"(\d{8}T\d{6}\.\d{3}Z)-([a-z0-9-]{1,16})(\.mp4|\.webm)\Z", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True)
class FileName:
    """The parts of a recorded file's name."""

    started_us: int
    "Unix us, in whole milliseconds."
    rendition: str
    suffix: str

    def __str__(self) -> str:
        # Whole seconds apart, since floating point would round the milliseconds.
        seconds, rest_us = divmod(self.started_us, 1_000_000)
        at = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
        return f"{at:%Y%m%dT%H%M%S}.{rest_us // 1000:03d}Z-{self.rendition}{self.suffix}"

    @property
    def media_type(self) -> str:
        """Its MIME type."""
        return f"video/{self.suffix[1:]}"


def parse_name(text: str) -> FileName | None:
    """Returns the parts of a name, None for a file that is no recording."""
    match = _NAME.match(text)
    if match is None or not is_recordable(match[2]):
        return None
    try:
        at = datetime.datetime.fromisoformat(match[1][:-1])
    except ValueError:
        return None
    since = at - datetime.datetime(1970, 1, 1)
    return FileName(since // datetime.timedelta(microseconds=1), match[2], match[3])


def is_recordable(rendition: str) -> bool:
    """True for the name of a rendition of which files may exist."""
    return rendition == keys.SOURCE or keys.is_rendition(rendition)


def facts_name(name: str) -> str:
    """Returns the name of the facts of a recording."""
    return name.rpartition(".")[0] + FACTS_SUFFIX


def download_name(stream: str, name: str) -> str:
    """Returns the name under which a browser keeps a recording."""
    return f"{stream}-{name}"
