"""The parts of which a container of recorded media consists, whatever its format; no I/O.

A file is a head, then fragments, each of which can be played as soon as it is whole. What is known
only at the end (length, index) has its place reserved in the head, so a file that was never
finished is finished later by the same ``patches``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import BinaryIO, Protocol

from media.access_unit import AccessUnit
from media.codec import Codec

RESERVED_BYTES = 16 * 1024
"""Bytes of the head that are kept free for the index: 800 places in either format."""

MAX_HEAD_BYTES = 64 * 1024
"""No head is larger, so this much of a file holds all of what ``patches`` changes."""


MAX_TIME_US = 2**53 - 1
"""No time in a file is later, which JSON and doubles hold exactly; a later one is damage."""


@dataclasses.dataclass(frozen=True, slots=True)
class Tracks:
    """The tracks of one file: a picture, and sound where the stream has it."""

    key_frame: AccessUnit
    "The first picture, which tells codec, size and parameter sets."
    has_audio: bool
    started_us: int
    "Time of the first picture, Unix us."

    @property
    def codec(self) -> Codec:
        """The codec of the pictures."""
        return self.key_frame.codec


@dataclasses.dataclass(frozen=True, slots=True)
class PlacedUnit:
    """One access unit with its place on the time line of a file."""

    unit: AccessUnit
    time_us: int
    "Time of decoding from the file's beginning, not negative, greater than that before it."
    duration_us: int
    offset_us: int = 0
    "Time of showing minus time of decoding; 0 without B-frames."


@dataclasses.dataclass(frozen=True, slots=True)
class FragmentPlace:
    """The beginning of a fragment in a file."""

    offset: int
    time_us: int
    begins_with_key: bool
    "A player can start here."


@dataclasses.dataclass(frozen=True, slots=True)
class Scan:
    """The whole fragments of a file, as read from the file itself."""

    places: tuple[FragmentPlace, ...]
    end_us: int
    "Length of what is there, from the file's beginning."
    size: int
    "Bytes up to the end of the last whole fragment; what follows is cut off."


@dataclasses.dataclass(frozen=True, slots=True)
class Patch:
    """Bytes that replace as many at an offset of a file."""

    offset: int
    data: bytes


class Container(Protocol):
    """A format of recorded files. Fragments are written and read in order."""

    suffix: str
    media_type: str

    def head(self, tracks: Tracks) -> bytes:
        """Returns the beginning of a file."""
        ...

    def fragment(self, samples: Sequence[PlacedUnit], *, number: int) -> bytes:
        """Returns a fragment of at most two seconds; ``number`` counts from 1 in a file."""
        ...

    def scan(self, file: BinaryIO) -> Scan:
        """Reads the places of all whole fragments.

        Raises ValueError, and nothing else, for a file of another kind and for a damaged one.
        """
        ...

    def patches(self, head: bytes, found: Scan) -> list[Patch]:
        """Returns the changes that end a file; ``head`` is its beginning as read.

        Raises ValueError for a head of another kind.
        """
        ...


def thinned(places: Sequence[FragmentPlace], most: int) -> list[FragmentPlace]:
    """Returns at most so many places where a player can start, evenly spread over all of them."""
    starts = [place for place in places if place.begins_with_key]
    step = -(-len(starts) // most) if starts else 1
    return starts[::step]
