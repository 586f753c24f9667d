"""Parity of a message: how many stripes of it to send, and how to make and use them.

Any ``needed`` of the stripes of a message restore it (a systematic Reed-Solomon code by ``zfec``,
or by ``erasure.py`` where that is not installed).
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping

from wire.link import erasure
from wire.link.datagram import MAX_BLOCK_BYTES, MAX_STRIPES

try:
    import zfec
except ImportError:
    # There is no wheel of it for every machine.
    ENCODER, DECODER = erasure.ErasureEncoder, erasure.ErasureDecoder
else:
    ENCODER, DECODER = zfec.Encoder, zfec.Decoder

MAX_FAILURE = 0.008
"""Chance that a message does not arrive whole at once, where parity is free to choose: the 99th
percentile of the age should be that of a path without loss."""

MIN_OVERHEAD = 1 / 9
"""Parity and repetitions per byte of messages on a link that loses little: a tenth of all that is
sent."""

OVERHEAD_PER_LOSS = 4.0
"""Parity may take this many times the loss, where that is more."""

MAX_CREDIT_BYTES = 48 * 1024
"""Parity that was not needed lately may be spent on a later message, such as a key frame."""

SAVINGS = 8
"""One message takes at most this part of what was saved, beside its own allowance."""

MAX_SPLIT = 1.4
"""A message may be cut into this many times the stripes that it needs. More and smaller ones make
a tenth of parity more useful, but each costs ``STRIPE_HEAD_BYTES``."""

STRIPE_HEAD_BYTES = 84
"""Bytes that a stripe costs beside its block: its own head 19, DTLS 37, UDP 8, IPv4 20."""

_LOSS_STEPS = 200
_SIZE_STEP_BYTES = 64


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """The stripes that a message is sent as."""

    needed: int
    parity: int


def fewest(size: int) -> int:
    """Returns the stripes that a message of so many bytes needs at least."""
    return max(1, -(-size // MAX_BLOCK_BYTES))


def split(body: bytes, needed: int = 0) -> list[bytes]:
    """Cuts a message into blocks of one length, the last one padded by zeros.

    ``needed`` is their number; 0, or one too small: the fewest that there can be.
    """
    needed = max(fewest(len(body)), needed)
    size = -(-len(body) // needed)
    padded = body.ljust(needed * size, b"\0")
    return [padded[at : at + size] for at in range(0, len(padded), size)]


def make_parity(blocks: list[bytes], count: int, *, first: int = 0) -> list[bytes]:
    """Returns the parity blocks ``first`` to ``first + count - 1`` of a message."""
    if not count:
        return []
    needed = len(blocks)
    numbers = [needed + first + each for each in range(count)]
    made = _encoder(needed).encode(blocks, numbers)
    return [bytes(block) for block in made]


def restore(blocks: Mapping[int, bytes], needed: int) -> bytes:
    """Joins a message from any ``needed`` blocks of one length, by their indexes."""
    own = [blocks[index] for index in range(needed) if index in blocks]
    if len(own) == needed:
        return b"".join(own)
    chosen = sorted(blocks)[:needed]
    # zfec wants every block of the message itself at its own place and parity in the gaps.
    order: list[int] = [-1] * needed
    spare = [index for index in chosen if index >= needed]
    for index in chosen:
        if index < needed:
            order[index] = index
    order = [index if index >= 0 else spare.pop() for index in order]
    return b"".join(_decoder(needed).decode([blocks[index] for index in order], order))


@functools.lru_cache(maxsize=MAX_STRIPES)
def _encoder(needed: int) -> erasure.ErasureEncoder:
    # Blocks do not depend on how many there are in all, so one coder serves any amount of parity.
    return ENCODER(needed, 256)


@functools.lru_cache(maxsize=MAX_STRIPES)
def _decoder(needed: int) -> erasure.ErasureDecoder:
    return DECODER(needed, 256)


def parity_for(needed: int, loss: float) -> int:
    """Returns the parity stripes with which a message fails with a chance of ``MAX_FAILURE``."""
    return _parity_for(needed, min(_LOSS_STEPS, math.ceil(loss * _LOSS_STEPS)))


@functools.lru_cache(maxsize=4096)
def _parity_for(needed: int, step: int) -> int:
    loss = step / _LOSS_STEPS
    if loss <= 0.0:
        return 0
    for parity in range(MAX_STRIPES - needed + 1):
        if failure(needed, parity, loss) <= MAX_FAILURE:
            return parity
    return MAX_STRIPES - needed


def failure(needed: int, parity: int, loss: float) -> float:
    """Returns the chance that more than ``parity`` of the stripes are lost, each by itself."""
    total = needed + parity
    if loss >= 1.0:
        return 1.0
    term = (1.0 - loss) ** total
    arrived = term
    for lost in range(1, parity + 1):
        term *= (total - lost + 1) / lost * loss / (1.0 - loss)
        arrived += term
    return max(0.0, 1.0 - arrived)


@functools.lru_cache(maxsize=4096)
def _cheapest(size: int, step: int) -> Layout:
    """Returns the layout with the fewest bytes on the path that reaches ``MAX_FAILURE``."""
    found = [Layout(needed, _parity_for(needed, step)) for needed in _cuts(size)]
    return min(found, key=lambda each: (each.needed + each.parity) * _cost(size, each.needed))


@functools.lru_cache(maxsize=4096)
def _safest(size: int, step: int, paid: int) -> Layout:
    """Returns the layout that fails least often with so many bytes of parity."""
    found = [
        Layout(needed, min(paid // _block_bytes(size, needed), MAX_STRIPES - needed))
        for needed in _cuts(size)
    ]
    return min(found, key=lambda each: failure(each.needed, each.parity, step / _LOSS_STEPS))


def _cuts(size: int) -> range:
    least = fewest(size)
    return range(least, max(least, min(int(MAX_SPLIT * least), MAX_STRIPES // 2)) + 1)


def _block_bytes(size: int, needed: int) -> int:
    return -(-size // needed)


def _cost(size: int, needed: int) -> int:
    return _block_bytes(size, needed) + STRIPE_HEAD_BYTES


class ParityBudget:
    """Bounds the bytes of parity to a part of all bytes, and lets quiet times save for later."""

    def __init__(self) -> None:
        self._credit = float(MAX_CREDIT_BYTES) / 4

    def take(self, size: int, *, loss: float, is_precious: bool = False) -> Layout:
        """Returns how a message of ``size`` bytes is cut and how much parity it gets, and pays it.

        One that is precious, since more than itself depends on it, gets what it wants on credit.
        """
        income = max(MIN_OVERHEAD, OVERHEAD_PER_LOSS * loss) * size
        # Whoever spends all that was saved leaves the messages of a steady stream unequal, and the
        # worst of them make the tail of the ages.
        paid = max(0, int(min(income + max(0.0, self._credit) / SAVINGS, self._credit + income)))
        self._credit = min(float(MAX_CREDIT_BYTES), self._credit + income)
        # Layouts of sizes that differ little are the same, and are computed once.
        size = -(-size // _SIZE_STEP_BYTES) * _SIZE_STEP_BYTES
        step = min(_LOSS_STEPS, math.ceil(loss * _LOSS_STEPS))
        layout = _cheapest(size, step)
        if not is_precious and _parity_bytes(size, layout) > paid:
            layout = _safest(size, step, -(-paid // _SIZE_STEP_BYTES) * _SIZE_STEP_BYTES)
        self.pay(_parity_bytes(size, layout))
        return layout

    def pay(self, size: int) -> None:
        """Takes bytes that were sent beside messages, such as repetitions, from the credit."""
        # A debt is bounded, so that what is not precious is not left without for long.
        self._credit = max(-MAX_CREDIT_BYTES / 4, self._credit - size)


def _parity_bytes(size: int, layout: Layout) -> int:
    return layout.parity * _block_bytes(size, layout.needed)
