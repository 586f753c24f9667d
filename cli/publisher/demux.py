"""Packets of an open input, up to its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def packets_of(container: Any, *streams: Any) -> Iterator[Any]:
    """Yields the packets of these streams, and at the end an empty one of each.

    A stream that appears after the opening (MPEG-TS) is left out. Raises what FFmpeg raises.
    """
    try:
        yield from container.demux(*streams)
    except IndexError:
        # PyAV flushes a stream that came later too, behind those that it knows, and finds none.
        return


def frames_of(container: Any, stream: Any) -> Iterator[Any]:
    """Yields all frames of one stream; the same holds as for ``packets_of``."""
    for packet in packets_of(container, stream):
        yield from packet.decode()
