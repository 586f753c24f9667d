"""Playlists (RFC 8216bis): one of a rendition's segments and parts, one of all renditions."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator, Sequence

from app.hls.segmenter import PART_TICKS, SEGMENT_US
from app.hls.window import Segment, Window

MEDIA_TYPE = "application/vnd.apple.mpegurl"

TARGET_S = 2 * SEGMENT_US // 1_000_000
"""No segment is longer: one begins in each slot, at its end at the latest."""

PART_TARGET_S = PART_TICKS / 90_000

PART_HOLD_BACK_S = 4 * PART_TARGET_S
"""Distance to the end at which players play. Section 4.4.3.8 wants three parts at least; one more
is what a request takes on a busy machine."""

SKIP_UNTIL_S = 6 * TARGET_S
"""A player that has a playlist may leave out what is older (section 4.4.3.8)."""

_PARTS_LISTED_S = 3 * TARGET_S
"""Parts are listed of the last three target durations (section 6.2.2)."""

_SUFFIX = "\x00"
"""Stands where each viewer's own query goes, so that a text is made once for all."""


def media_playlist(window: Window, *, skips: bool = False) -> str:
    """Returns the playlist of a rendition, for ``with_query``.

    ``skips`` leaves out what the player has (``_HLS_skip``).
    """
    segments = window.listed
    lines = _head(window, segments)
    rest, skipped = segments, 0
    if skips:
        skipped = _skippable(segments)
        rest = segments[skipped:]
    if skipped:
        lines.append(f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}")
    has_parts_from = _has_parts_from(segments)
    init = ""
    for segment in rest:
        if segment.breaks:
            lines.append("#EXT-X-DISCONTINUITY")
        if segment.init != init:
            lines.append(f'#EXT-X-MAP:URI="init-{segment.init}.mp4{_SUFFIX}"')
            init = segment.init
        lines += _of_segment(segment, has_parts=segment.number >= has_parts_from)
    if window.is_over:
        lines.append("#EXT-X-ENDLIST")
    elif segments:
        number, part = window.next_place
        hint = f'URI="{number}.{part}.m4s{_SUFFIX}"'
        lines.append(f"#EXT-X-PRELOAD-HINT:TYPE=PART,{hint}")
    return "\n".join(lines) + "\n"


def with_query(text: str, query: str) -> str:
    """Returns a playlist whose addresses carry a query, which may be empty."""
    return text.replace(_SUFFIX, f"?{query}" if query else "")


def _head(window: Window, segments: list[Segment]) -> list[str]:
    control = (
        f"CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={PART_HOLD_BACK_S:.3f},"
        f"CAN-SKIP-UNTIL={SKIP_UNTIL_S:.1f}"
    )
    return [
        "#EXTM3U",
        "#EXT-X-VERSION:9",
        f"#EXT-X-TARGETDURATION:{TARGET_S}",
        f"#EXT-X-SERVER-CONTROL:{control}",
        f"#EXT-X-PART-INF:PART-TARGET={PART_TARGET_S:.3f}",
        f"#EXT-X-MEDIA-SEQUENCE:{segments[0].number if segments else 0}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{window.discontinuity_sequence}",
    ]


def _of_segment(segment: Segment, *, has_parts: bool) -> Iterator[str]:
    yield f"#EXT-X-PROGRAM-DATE-TIME:{_date(segment.started_us)}"
    if has_parts:
        for place, part in enumerate(segment.parts):
            independent = ",INDEPENDENT=YES" if part.is_independent else ""
            address = f'URI="{segment.number}.{place}.m4s{_SUFFIX}"'
            yield f"#EXT-X-PART:DURATION={part.seconds:.5f},{address}{independent}"
    if segment.is_whole:
        if segment.is_gap:
            yield "#EXT-X-GAP"
        yield f"#EXTINF:{segment.seconds:.5f},"
        yield f"{segment.number}.m4s{_SUFFIX}"


def _date(us: int) -> str:
    at = datetime.datetime.fromtimestamp(us // 1000 / 1000, tz=datetime.UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _has_parts_from(segments: list[Segment]) -> int:
    """Returns the number of the first segment whose parts are listed."""
    seconds = 0.0
    for segment in reversed(segments):
        if seconds >= _PARTS_LISTED_S:
            return segment.number + 1
        seconds += segment.seconds
    return 0


def _skippable(segments: list[Segment]) -> int:
    """Returns how many of the oldest segments end before the skip boundary."""
    behind = sum(segment.seconds for segment in segments)
    count = 0
    for segment in segments:
        behind -= segment.seconds
        if behind < SKIP_UNTIL_S or not segment.is_whole:
            break
        count += 1
    return count


@dataclasses.dataclass(frozen=True, slots=True)
class OfferedRendition:
    """One rendition in the playlist of all."""

    rendition: str
    bits_per_s: int
    "Peak rate with sound."
    average_bits_per_s: int
    "0: not known."
    codecs: str
    "Names of RFC 6381, with commas between."
    width: int
    "0: not known."
    height: int
    frames_per_s: float
    "0: not known."


def multivariant_playlist(choices: Sequence[OfferedRendition], query: str) -> str:
    """Returns the playlist of all renditions, the first of which players begin with."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:9"]
    suffix = f"?{query}" if query else ""
    for choice in choices:
        words = [f"BANDWIDTH={max(1, choice.bits_per_s)}"]
        if choice.average_bits_per_s:
            words.append(f"AVERAGE-BANDWIDTH={choice.average_bits_per_s}")
        words.append(f'CODECS="{choice.codecs}"')
        if choice.width and choice.height:
            words.append(f"RESOLUTION={choice.width}x{choice.height}")
        if choice.frames_per_s:
            words.append(f"FRAME-RATE={choice.frames_per_s:.3f}")
        lines.append(f"#EXT-X-STREAM-INF:{','.join(words)}")
        lines.append(f"{choice.rendition}/index.m3u8{suffix}")
    return "\n".join(lines) + "\n"
