"""Restriction identifiers of a simulcast publisher's sources (RFC 8852); no I/O, no clock."""

from __future__ import annotations

MAX_SOURCES = 64
"""Sources whose layer is remembered, those of retransmissions beside: a sender may begin new ones
again and again."""


class LayerNames:
    """Layers by SSRC. Senders name a layer until they know that it was heard (RFC 8852 section 3).

    A source without a name is called by its number.
    """

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._repaired: dict[int, str] = {}
        "Layers by the source of their retransmissions."

    def call(self, ssrc: int, rid: str) -> None:
        """Notes the layer of a source."""
        _note(self._names, ssrc, rid)

    def call_repair(self, ssrc: int, rid: str) -> None:
        """Notes which layer a source of retransmissions repairs."""
        _note(self._repaired, ssrc, rid)

    def name(self, ssrc: int) -> str:
        """Returns the layer's name."""
        return self._names.get(ssrc, f"{ssrc:08x}")

    def repaired_by(self, ssrc: int) -> str:
        """Returns the layer that a source of retransmissions repairs, "" where it told none."""
        return self._repaired.get(ssrc, "")


def _note(names: dict[int, str], ssrc: int, rid: str) -> None:
    # Put back at the end of the dictionary, whose order is that of the last notice.
    names.pop(ssrc, None)
    names[ssrc] = rid
    if len(names) > MAX_SOURCES:
        del names[next(iter(names))]
