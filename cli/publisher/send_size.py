"""The size of ``--size auto``: what looks best after enhancement, at the rate that is sent."""

from __future__ import annotations

from collections.abc import Sequence

from cli.publisher.server_query import query, server_address
from media.send_size import SendSize, SizeChooser

MAX_LINES = 540
"""Height of the full picture, at most: the largest that the page offers too."""

MAX_BPP = 1000.0
"""Bound of a table's numbers; uncompressed pictures of 8 bits have 12 bits for each pixel."""


def server_sizes(whip_url: str) -> tuple[SendSize, ...]:
    """Asks a server which sizes it enhances well; none without an answer or a worker."""
    return read_sizes(query(server_address(whip_url)).get("send_sizes"))


def read_sizes(rows: object) -> tuple[SendSize, ...]:
    """Reads the table of an answer; none if it is of another form."""
    if not isinstance(rows, list):
        return ()
    found = []
    for row in rows:
        if not isinstance(row, dict):
            return ()
        numbers = [row.get(name) for name in ("fraction", "min_bpp")]
        # Compared before they are converted: JSON's integers may be too large for a float.
        if not all(isinstance(each, int | float) and 0 <= each < MAX_BPP for each in numbers):
            return ()
        fraction, min_bpp = (float(each) for each in numbers if each is not None)
        if not 0.0 < fraction <= 1.0:
            return ()
        found.append(SendSize(fraction, min_bpp))
    return tuple(sorted(found, key=lambda size: size.fraction))


def automatic_size(
    width: int, height: int, *, fps: float, kbps: float, sizes: Sequence[SendSize]
) -> tuple[int, int]:
    """Returns the even width and height to send of a picture, at most ``MAX_LINES`` high.

    Without a table that is the picture itself, as nobody enhances it.
    """
    full = min(1.0, MAX_LINES / height)
    wide, high = width * full, height * full
    fraction = 1.0
    if sizes:
        fraction = SizeChooser(sizes, pixels_per_s=wide * high * fps).choose(kbps, now=0.0)
    return _even(wide * fraction), _even(high * fraction)


def _even(side: float) -> int:
    # Chroma has half as many lines and columns.
    return max(16, round(side / 2) * 2)
