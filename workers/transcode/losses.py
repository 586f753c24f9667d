"""Sentences that name, before the work begins, what the output cannot keep of a file."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from workers.transcode.output import Format
from workers.transcode.source import Facts

_HDR = {16: "PQ", 18: "HLG"}
"""HDR transfer characteristics by their number in ITU-T H.273."""


@dataclasses.dataclass(frozen=True, slots=True)
class Left:
    """A stream of the input that the target cannot hold."""

    kind: str
    "Kind: video, audio, subtitle, data or attachment."
    codec: str
    index: int
    language: str = ""
    title: str = ""

    @classmethod
    def of(cls, stream: Any) -> Left:
        """Describes a stream of the input."""
        context, tags = stream.codec_context, stream.metadata
        return cls(
            kind=stream.type,
            codec=context.codec.canonical_name if context is not None else "",
            index=stream.index,
            language=tags.get("language", ""),
            title=tags.get("title", "") or tags.get("filename", ""),
        )

    @property
    def words(self) -> str:
        """Returns the stream in words: ``subtitle stream 2 (subrip, fra)``."""
        facts = ", ".join(word for word in (self.codec, self.language, self.title) if word)
        return f"{self.kind} stream {self.index}" + (f" ({facts})" if facts else "")


def losses(
    facts: Facts, target: Format, left: Iterable[Left], *, chapters: int = 0
) -> tuple[str, ...]:
    """Returns a sentence for each property, stream or mark that the output will lack."""
    return (
        *_of_samples(facts),
        *_of_frames(facts, target),
        *(f"{each.words[:1].upper()}{each.words[1:]} is left out." for each in left),
        *(["The chapters are left out."] if chapters and not target.has_audio else []),
    )


def _of_samples(facts: Facts) -> list[str]:

    stored, colour = facts.stored, facts.picture.colour
    found = []
    if stored.bits > 8:
        found.append(f"The picture has {stored.bits} bits a sample; the output has 8.")
    if stored.chroma == "RGB":
        found.append("The picture is RGB; the output is 4:2:0 by BT.709.")
    # Gray loses nothing: its chroma planes hold 128 everywhere.
    elif stored.chroma not in ("4:2:0", "gray"):
        found.append(f"The picture's chroma is {stored.chroma}; the output's is 4:2:0.")
    if stored.has_alpha:
        found.append("Transparency is left out.")
    if colour.transfer in _HDR:
        found.append(
            f"The picture is HDR ({_HDR[colour.transfer]}); it stays so, but in 8 bits smooth "
            "areas may show bands, and the mastering display's data is left out."
        )
    return found


def _of_frames(facts: Facts, target: Format) -> list[str]:
    found = []
    if facts.interlaced:
        found.append("The picture is interlaced; the two fields of each frame become one picture.")
    if facts.turn is None:
        found.append("The picture asks to be turned by an angle that is not a quarter: it is not.")
    if not target.has_time_stamps:
        found.append("The output has no time stamps: every frame lasts equally long.")
    return found
