"""QR codes as SVG files, one at a time: the encoder is slow, and anybody may ask."""

from __future__ import annotations

import collections
import io
from functools import partial

import segno

from app.bounded_threads import BoundedThreads

MAX_WAITING = 16
"""Codes that are made or wait, one or two seconds of work; the same for many counts once."""

MAX_KEPT = 64
"""Codes that are kept, the latest asked for: 1 MiB at most."""


class QrEncoder:
    """Encodes on one thread, and keeps what it made."""

    def __init__(self, *, most_waiting: int = MAX_WAITING, most_kept: int = MAX_KEPT) -> None:
        # With several threads of Python the event loop would hardly ever have its turn.
        self._threads = BoundedThreads(1, "qr-code", most=most_waiting)
        self._most_kept = most_kept
        self._kept: collections.OrderedDict[str, bytes] = collections.OrderedDict()

    @property
    def refused(self) -> dict[str, int]:
        """Requests that were refused, by the limit; for /metrics."""
        return {"qr_codes": self._threads.refused}

    async def svg(self, address: str) -> bytes:
        """Returns the code of an address. Raises Busy."""
        found = self._kept.get(address)
        if found is None:
            found = await self._threads.do(address, partial(encode, address))
        self._kept[address] = found
        self._kept.move_to_end(address)
        while len(self._kept) > self._most_kept:
            self._kept.popitem(last=False)
        return found


def encode(address: str) -> bytes:
    """Returns the SVG file of an address's QR code, dark on white whatever the page's colours."""
    file = io.BytesIO()
    # A quiet zone of four modules is what ISO/IEC 18004 asks for.
    code = segno.make_qr(address, error="m")
    code.save(file, kind="svg", border=4, dark="#000", light="#fff", xmldecl=False, omitsize=True)
    return file.getvalue()
