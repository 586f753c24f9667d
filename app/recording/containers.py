"""The container of each codec: MP4 where the codec has a place in it, else WebM."""

from __future__ import annotations

from collections.abc import Hashable

from media.access_unit import AccessUnit
from media.cmaf.mp4_file import Mp4
from media.cmaf.tracks import Unpackable, format_of, is_packable
from media.codec import Codec
from media.container import Container
from media.matroska.webm import CODEC_IDS, Webm

_MP4, _WEBM = Mp4(), Webm()
CONTAINERS: dict[str, Container] = {each.suffix: each for each in (_MP4, _WEBM)}
"""All containers by the suffix of their files."""


def container_of(codec: Codec) -> Container | None:
    """Returns the container for pictures of a codec, None where no file can hold them."""
    if is_packable(codec):
        return _MP4
    return _WEBM if codec in CODEC_IDS else None


def format_key(unit: AccessUnit) -> Hashable:
    """Returns what pictures of one file have in common, for a key frame; None for one with which
    no file can begin.
    """
    container = container_of(unit.codec)
    if container is None:
        return None
    if container is _WEBM:
        return (unit.codec, unit.width, unit.height) if unit.width and unit.height else None
    try:
        return format_of(unit)
    except Unpackable:
        return None
