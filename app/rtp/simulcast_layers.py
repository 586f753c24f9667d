"""Chooses the simulcast layer of a video that becomes the stream (RFC 8853); no I/O, no clock.

The largest one that flows and is within the limit of pixels. Layers are never mixed: another one
follows at the first packet of a key frame of its own, and until then the old one goes on.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable
from typing import Generic, TypeVar

from app.rtp.ssrc_choice import PROBATION, Heard

T = TypeVar("T")

START_S = 0.3
"""Time from the first packet of any layer to the first choice: all begin with a key frame, but
not in the same instant."""

FLOWS_S = 0.5
"""A layer flows while it is not silent for longer than this and others are heard meanwhile."""

SETTLE_S = 1.0
"""A larger layer must flow for this long before it is taken: senders try whether the path bears
it, and every change of size costs viewers a key frame."""

ASK_S = 0.5
"""Minimum time between two requests for the key frame of a layer that is to follow."""

PATIENCE_S = 2.0
"""Maximum time that the first choice waits for a key frame that tells its size."""

MAX_HELD = 256
"""Packets of each layer that are kept until the first choice."""

MAX_SSRCS = 16

MAX_NAMES = 4 * MAX_SSRCS
"""Sources whose layer is remembered, those of retransmissions beside."""


@dataclasses.dataclass(slots=True)
class _Layer(Generic[T]):
    name: str
    since: float
    "It flows without a pause since then."
    last: float
    pixels: int = 0
    "Pixels of its last key frame, 0 while none was seen."
    packets: int = 0
    held: list[T] = dataclasses.field(default_factory=list)
    "Its packets from the last key frame on, until the first choice."


class LayerChoice(Generic[T]):
    """One track's layers, by SSRC. ``pixels_of`` tells the size of the key frame that a packet
    begins, 0 where it begins none.
    """

    def __init__(self, pixels_of: Callable[[T], int], *, max_pixels: int) -> None:
        self._pixels_of = pixels_of
        self._max_pixels = max_pixels
        self._layers: dict[int, _Layer[T]] = {}
        self._names: dict[int, str] = {}
        self._repaired: dict[int, str] = {}
        "Layers by the source of their retransmissions."
        self._began: float | None = None
        self._next: int | None = None
        "The layer that follows at its next key frame."
        self._asked_at: float | None = None
        self.ssrc: int | None = None
        "SSRC of the layer that is taken."
        self.unheard: collections.Counter[str] = collections.Counter()
        "Packets of layers that were not taken, by layer."

    @property
    def name(self) -> str:
        """The layer that is taken, by its restriction identifier, or "" before the choice."""
        return self._name(self.ssrc) if self.ssrc is not None else ""

    def call(self, ssrc: int, rid: str) -> None:
        """Notes the restriction identifier of a source; senders leave it out later on."""
        _note(self._names, ssrc, rid)

    def call_repair(self, ssrc: int, rid: str) -> None:
        """Notes which layer a source of retransmissions repairs."""
        _note(self._repaired, ssrc, rid)

    def repaired_by(self, ssrc: int) -> int | None:
        """Returns the newest source of the layer that a source of retransmissions repairs."""
        rid = self._repaired.get(ssrc, "")
        found = [known for known in self._layers if self._name(known) == rid]
        return max(found, key=lambda known: self._layers[known].last, default=None)

    def take(self, ssrc: int, packet: T, *, now: float) -> Heard[T]:
        """Takes one packet of any layer; returns the packets to go on with."""
        layer = self._note(ssrc, now)
        pixels = self._pixels_of(packet)
        layer.pixels = pixels or layer.pixels
        if self.ssrc is None:
            return self._begin(layer, packet, bool(pixels), now)
        if ssrc == self.ssrc:
            self._next = self._follower(now)
            return Heard([packet])
        if not self._is_heard(now):
            self._next = self._follower(now)
        if ssrc == self._next and pixels:
            self.ssrc, self._next, self._asked_at = ssrc, None, None
            return Heard([packet], is_new_source=True)
        self.unheard[layer.name] += 1
        return Heard([])

    def wanted(self, *, now: float) -> int | None:
        """Returns the source to ask for a key frame now, if one is to follow."""
        if self._next is None:
            return None
        if self._asked_at is not None and now - self._asked_at < ASK_S:
            return None
        self._asked_at = now
        return self._next

    def _note(self, ssrc: int, now: float) -> _Layer[T]:
        layer = self._layers.get(ssrc)
        if layer is None:
            if len(self._layers) >= MAX_SSRCS:
                # A sender may begin new sources again and again, so their number is bounded; the
                # layer that is taken is never forgotten.
                silent = (known for known in self._layers if known != self.ssrc)
                del self._layers[min(silent, key=lambda known: self._layers[known].last)]
            layer = self._layers[ssrc] = _Layer(self._name(ssrc), since=now, last=now)
        elif now - layer.last > FLOWS_S:
            # A pause ends the proof that the layer flows: it has to settle again before it is
            # preferred.
            layer.since, layer.packets = now, 0
        layer.name = self._name(ssrc)
        layer.last = now
        layer.packets += 1
        return layer

    def _name(self, ssrc: int) -> str:
        return self._names.get(ssrc, f"{ssrc:08x}")

    def _begin(self, layer: _Layer[T], packet: T, begins: bool, now: float) -> Heard[T]:
        """Holds every layer from its key frame on until ``START_S`` have passed."""
        if begins:
            # Whoever begins with this layer begins at its newest key frame, so the packets before
            # are of no use.
            self._drop(layer)
        if (begins or layer.held) and len(layer.held) < MAX_HELD:
            layer.held.append(packet)
        else:
            self.unheard[layer.name] += 1
        self._began = now if self._began is None else self._began
        if now - self._began < START_S:
            return Heard([])
        ready = [ssrc for ssrc, each in self._layers.items() if each.held]
        if not ready:
            if now - self._began < PATIENCE_S:
                return Heard([])
            # No key frame told its size. The layer that brings most packets is taken, and its next
            # key frame begins the stream.
            self.ssrc = max(self._layers, key=lambda ssrc: self._layers[ssrc].packets)
            return Heard([])
        self.ssrc = max(ready, key=self._rank)
        chosen = self._layers[self.ssrc]
        held, chosen.held = chosen.held, []
        for each in self._layers.values():
            self._drop(each)
        return Heard(held)

    def _drop(self, layer: _Layer[T]) -> None:
        if layer.held:
            self.unheard[layer.name] += len(layer.held)
            layer.held.clear()

    def _rank(self, ssrc: int) -> tuple[bool, int]:
        """Returns a sort key: the largest within the limit counts most, or else the smallest."""
        pixels = self._layers[ssrc].pixels
        fits = 0 < pixels <= self._max_pixels
        return (fits, pixels if fits else -pixels)

    def _is_heard(self, now: float) -> bool:
        return self.ssrc is not None and now - self._layers[self.ssrc].last <= FLOWS_S

    def _follower(self, now: float) -> int | None:
        """Returns the layer that ought to follow the one that is taken."""
        if self.ssrc is None:
            return None
        flowing = [
            ssrc
            for ssrc, each in self._layers.items()
            if ssrc != self.ssrc and now - each.last <= FLOWS_S and each.packets >= PROBATION
        ]
        if not flowing:
            return None
        best = max(flowing, key=self._rank)
        if not self._is_heard(now):
            return best
        # While the layer that is taken flows, only a larger one that has proved itself may follow.
        is_settled = now - self._layers[best].since >= SETTLE_S
        return best if is_settled and self._rank(best) > self._rank(self.ssrc) else None


def _note(names: dict[int, str], ssrc: int, rid: str) -> None:
    """Notes one name and keeps the last ones: a sender may begin new sources again and again."""
    # Put back at the end of the dictionary, whose order is that of the last notice.
    names.pop(ssrc, None)
    names[ssrc] = rid
    if len(names) > MAX_NAMES:
        del names[next(iter(names))]
