"""The facts about one recorded file, in a small JSON file beside it.

The recording is the truth and this file a help: one that is lost or damaged costs the list some
details, and no recording.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

MAX_FACTS_BYTES = 256 * 1024
"""A file of facts that is larger is none of ours."""

MAX_GAPS = 500
"""Gaps that are listed; of a stream that breaks more often, the first ones."""

MAX_VIEWER_POINTS = 720
"""Changes of the number of viewers that are listed: one each 5 s of an hour."""

Us = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
Name = Annotated[str, msgspec.Meta(max_length=64)]


class Gap(msgspec.Struct, frozen=True):
    """A part of the stream that is missing."""

    at_us: Us
    "FragmentPlace in the file, from its beginning."
    length_us: Us


class ViewerPoint(msgspec.Struct, frozen=True):
    """The number of viewers from a place of the file on."""

    at_us: Us
    viewers: Annotated[int, msgspec.Meta(ge=0, lt=2**31)]


class FileFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about a recorded file, known without opening it."""

    version: int = 1
    stream: Name
    rendition: Name
    codec: Name
    width: Annotated[int, msgspec.Meta(ge=0, le=65_535)]
    height: Annotated[int, msgspec.Meta(ge=0, le=65_535)]
    audio: bool
    epoch: Us
    "The publisher's epoch: recordings of one broadcast have the same."
    node: Name = ""
    "The app node that wrote it."
    started_us: Us
    "Time of capture of the first picture, Unix us."
    length_us: Us = 0
    ended: bool = False
    "False while it is written, and after its writer died."
    gaps: list[Gap] = []
    viewers: list[ViewerPoint] = []
    "Viewers of the stream at the node that wrote it."


def encode_facts(facts: FileFacts) -> bytes:
    """Returns the text of the file."""
    return msgspec.json.format(msgspec.json.encode(facts), indent=1) + b"\n"


def parse_facts(data: bytes) -> FileFacts | None:
    """Returns the facts, None where they cannot be read."""
    try:
        return msgspec.json.decode(data, type=FileFacts)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
