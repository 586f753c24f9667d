"""Parity of a message: how many stripes of it to send, and how to make and use them.

Any ``needed`` of the stripes of a message restore it (a systematic Reed-Solomon code by ``zfec``).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping

import zfec

from wire.link.datagram import MAX_BLOCK_BYTES, MAX_STRIPES

MAX_FAILURE = 0.005
"""Chance that a message does not arrive whole at once, where parity is free to choose."""

MIN_OVERHEAD = 0.10
"""Part of the bytes that parity may take on a link that loses little."""

OVERHEAD_PER_LOSS = 4.0
"""Parity over the measured loss beyond the budget, where more than that is lost."""

MAX_CREDIT_BYTES = 48 * 1024
"""Parity that was not needed lately may be spent on a later message, such as a key frame."""

_LOSS_STEPS = 200


def split(body: bytes) -> list[bytes]:
    """Cuts a message into blocks of one length, the last one padded by zeros."""
    needed = max(1, -(-len(body) // MAX_BLOCK_BYTES))
    size = -(-len(body) // needed)
    padded = body.ljust(needed * size, b"\0")
    return [padded[at : at + size] for at in range(0, len(padded), size)]


def make_parity(blocks: list[bytes], count: int, *, first: int = 0) -> list[bytes]:
    """Returns the parity blocks ``first`` to ``first + count - 1`` of a message."""
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
def _encoder(needed: int) -> zfec.Encoder:
    # Blocks do not depend on how many there are in all, so one coder serves any amount of parity.
    return zfec.Encoder(needed, 256)


@functools.lru_cache(maxsize=MAX_STRIPES)
def _decoder(needed: int) -> zfec.Decoder:
    return zfec.Decoder(needed, 256)


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


class ParityBudget:
    """Bounds the bytes of parity to a part of all bytes, and lets quiet times save for later."""

    def __init__(self) -> None:
        self._credit = float(MAX_CREDIT_BYTES) / 4

    def take(self, needed: int, block_bytes: int, *, loss: float, is_precious: bool = False) -> int:
        """Returns how many parity stripes a message of ``needed`` blocks gets, and pays them.

        One that is precious, since all that follow it need it, gets what it wants on credit.
        """
        allowed = max(MIN_OVERHEAD, OVERHEAD_PER_LOSS * loss)
        self._credit = min(float(MAX_CREDIT_BYTES), self._credit + allowed * needed * block_bytes)
        wanted = min(parity_for(needed, loss), MAX_STRIPES - needed)
        paid = max(0, int(self._credit // block_bytes))
        parity = wanted if is_precious else min(wanted, paid)
        # A debt is bounded, so that what is not precious is not left without for long.
        self._credit = max(-MAX_CREDIT_BYTES / 4, self._credit - parity * block_bytes)
        return parity
