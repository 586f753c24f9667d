"""Chooses the simulcast layer that becomes the source (RFC 8853); no I/O, no clock.

The largest one that pays: it flows, can be decoded most of the time, is within the limit of pixels
and within what workers enhance. Pictures of two layers are never mixed: another one follows at a
key frame of its own, and until then the old one goes on.
"""

from __future__ import annotations

import collections
import dataclasses
from typing import Generic, TypeVar

T = TypeVar("T")

START_S = 0.3
"""Time from the first picture of any layer to the first choice: all begin with a key frame, but not
in the same instant."""

FLOWS_S = 0.5
"""A layer flows while it is not silent for longer than this and others are heard meanwhile."""

SETTLE_S = 1.0
"""A larger layer must flow for this long before it is taken: senders try whether the path bears
it, and every change of size costs viewers a key frame."""

ASK_S = 0.5
"""Minimum time between two requests for the key frame of a layer that is to follow."""

JUDGED_S = 4.0
"""Time over which a layer's losses are counted."""

MAX_BROKEN = 0.15
"""Fraction of that time for which it may be undecodable: two losses whose key frame comes after a
round trip of 0.2 s pass, one that waits for the publisher's own key frame does not."""

RETRY_S = 10.0
"""A layer that was left is tried again after this, and after twice as long each time it is left
again."""

MAX_RETRY_S = 160.0

RATE_S = 2.0
"""Time over which a layer's rate is measured."""

RICH_BPP = 0.0738
"""Bits for each pixel from which on a picture, once it is enhanced, looks better than one of half
its size at the same rate: ``media/send_sizes.json``, which ``benchmarks.sending`` measured."""

RICHER = 0.6
"""Fraction of a larger layer's rate from which on a smaller one counts as having the same: half the
size needs as much for one third less, by the same measurement."""

HYSTERESIS = 0.15
"""A layer that is to follow must have so much more than ``RICH_BPP``, and the one that is taken may
have so much less."""

MAX_HELD = 256
"""Pictures of each layer that are kept until the first choice."""

MAX_LAYERS = 16


@dataclasses.dataclass(slots=True)
class _Layer(Generic[T]):
    since: float
    "It flows without a pause since then."
    last: float
    pixels: int = 0
    "Pixels of its last key frame, 0 while none was seen."
    held: list[T] = dataclasses.field(default_factory=list)
    "Its pictures from the last key frame on, until the first choice."
    broken_at: float | None = None
    "Nothing of it can be decoded since then."
    breaks: collections.deque[tuple[float, float]] = dataclasses.field(
        default_factory=collections.deque
    )
    "(begin, end) of the times for which nothing could be decoded."
    sizes: collections.deque[tuple[float, int]] = dataclasses.field(
        default_factory=collections.deque
    )
    "(time, bytes) of the pictures of the last ``RATE_S``."
    barred_until: float = 0.0
    retry_s: float = RETRY_S

    def add(self, size: int, now: float) -> None:
        """Counts a picture."""
        self.sizes.append((now, size))
        while now - self.sizes[0][0] > RATE_S:
            self.sizes.popleft()

    @property
    def rate(self) -> int:
        """Bytes of the last ``RATE_S``."""
        return sum(size for _, size in self.sizes)

    @property
    def bpp(self) -> float:
        """Bits for each pixel of the last pictures."""
        return 8 * self.rate / max(1, self.pixels * len(self.sizes))

    def broken(self, now: float) -> float:
        """Returns the fraction of ``JUDGED_S`` for which it could not be decoded."""
        start = now - JUDGED_S
        while self.breaks and self.breaks[0][1] < start:
            self.breaks.popleft()
        spans = [*self.breaks, *([(self.broken_at, now)] if self.broken_at is not None else [])]
        return sum(end - max(begin, start) for begin, end in spans) / JUDGED_S


class LayerChoice(Generic[T]):
    """The choice among one track's layers, by name."""

    def __init__(self, *, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._limit: int | None = None
        self._layers: dict[str, _Layer[T]] = {}
        self._began: float | None = None
        self._next = ""
        "The layer that follows at its next key frame."
        self._asked_at: float | None = None
        self.name = ""
        "The layer that is taken, empty before the first choice."

    def limit(self, pixels: int | None) -> None:
        """Sets what workers enhance in time, in pixels of a picture; None: whatever there is."""
        self._limit = pixels

    def take(
        self, name: str, picture: T, *, is_key: bool, pixels: int, size: int, now: float
    ) -> list[T]:
        """Takes one picture of ``size`` bytes of any layer; returns those that the source goes on
        with.
        """
        layer = self._note(name, now)
        layer.add(size, now)
        if is_key:
            layer.pixels = pixels or layer.pixels
            if layer.broken_at is not None:
                layer.breaks.append((layer.broken_at, now))
                layer.broken_at = None
        if not self.name:
            return self._begin(layer, picture, is_key, now)
        self._next = self._follower(now)
        if name == self._next and is_key:
            self._leave(now)
            self.name, self._next, self._asked_at = name, "", None
            return [picture]
        return [picture] if name == self.name else []

    def lose(self, name: str, *, now: float) -> None:
        """Notes that pictures of a layer were lost: until its next key frame it is broken."""
        layer = self._layers.get(name)
        if layer is not None and layer.broken_at is None:
            layer.broken_at = now

    def wanted(self, *, now: float) -> str:
        """Returns the layer to ask for a key frame now, if one is to follow, else ""."""
        if not self._next or (self._asked_at is not None and now - self._asked_at < ASK_S):
            return ""
        self._asked_at = now
        return self._next

    def _note(self, name: str, now: float) -> _Layer[T]:
        layer = self._layers.get(name)
        if layer is None:
            if len(self._layers) >= MAX_LAYERS:
                # The layer that is taken is never forgotten.
                silent = (known for known in self._layers if known != self.name)
                del self._layers[min(silent, key=lambda known: self._layers[known].last)]
            layer = self._layers[name] = _Layer(since=now, last=now)
        elif now - layer.last > FLOWS_S:
            # A pause ends the proof that the layer flows, so it has to settle again.
            layer.since = now
        layer.last = now
        return layer

    def _begin(self, layer: _Layer[T], picture: T, is_key: bool, now: float) -> list[T]:
        """Holds every layer from its key frame on until ``START_S`` have passed."""
        if is_key:
            layer.held.clear()
        if (is_key or layer.held) and len(layer.held) < MAX_HELD:
            layer.held.append(picture)
        self._began = now if self._began is None else self._began
        ready = [name for name, each in self._layers.items() if each.held]
        if now - self._began < START_S or not ready:
            return []
        self.name = max(ready, key=lambda name: self._rank(name, now))
        held = self._layers[self.name].held
        for each in self._layers.values():
            each.held = []
        return held

    def _leave(self, now: float) -> None:
        """Bars the layer that is left because it did not pay; one that only stopped is not."""
        left = self._layers[self.name]
        if left.broken_at is not None or left.broken(now) > MAX_BROKEN:
            left.barred_until = now + left.retry_s
            left.retry_s = min(MAX_RETRY_S, 2 * left.retry_s)

    def _rank(self, name: str, now: float) -> tuple[bool, bool, int]:
        """Returns a sort key: within the limits, decodable, then the largest of those; of layers
        beyond the limits the smallest.
        """
        layer = self._layers[name]
        most = self._max_pixels if self._limit is None else min(self._max_pixels, self._limit)
        fits = 0 < layer.pixels <= most
        pays = (
            layer.broken(now) <= MAX_BROKEN
            and now >= layer.barred_until
            and not self._is_thin(name, now)
        )
        return (fits, pays, layer.pixels if fits else -layer.pixels)

    def _is_thin(self, name: str, now: float) -> bool:
        """True where a smaller layer has nearly the rate of this one, and looks better."""
        layer = self._layers[name]
        factor = 1 - HYSTERESIS if name == self.name else 1 + HYSTERESIS
        if layer.bpp >= factor * RICH_BPP:
            return False
        return any(
            0 < other.pixels < layer.pixels
            and now - other.last <= FLOWS_S
            and other.rate >= RICHER * layer.rate
            for other in self._layers.values()
        )

    def _follower(self, now: float) -> str:
        """Returns the layer that ought to follow the one that is taken, else ""."""
        flowing = [
            name
            for name, each in self._layers.items()
            if name != self.name and now - each.last <= FLOWS_S
        ]
        if not flowing:
            return ""
        best = max(flowing, key=lambda name: self._rank(name, now))
        if now - self._layers[self.name].last > FLOWS_S:
            return best
        # While the layer that is taken flows, only a better one that has proved itself may follow.
        is_settled = now - self._layers[best].since >= SETTLE_S
        return best if is_settled and self._rank(best, now) > self._rank(self.name, now) else ""
