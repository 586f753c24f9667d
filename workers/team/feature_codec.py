"""Codec of the features between two parts of a net: nested vector quantization, coded in stripes.

A frame is a grid of blocks, and a block is a vector of coefficients whose squared error is the
squared error of the delivered picture (``models.split.transform`` makes them so). A stage of the
codebook gives each block a symbol: keep the index of the frame before, nothing, or a new index.
Symbols of a stage, in raster order, are cut into stripes of at most MAX_STRIPE_BYTES. Each is
decodable alone and each stage only adds, so what is lost costs quality and never time.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wire.errors import BadMessage
from workers.kernels.rans import CODE, KEEP, TOTAL, decode_plane, rans_encode
from workers.team.feature_codebook import UNIT_BITS, Codebook

__all__ = ["CLASS_STARTS", "MAX_STRIPE_BYTES", "FeatureDecoder", "FeatureEncoder", "FeatureStripe"]

MAX_STRIPE_BYTES = 1200
"""A stripe fits into one datagram of any path on the Internet (RFC 9000 section 14)."""

REFRESH_FRAMES = 30
"""Each row of blocks is sent without reference to earlier frames once in so many: a lost stripe
leaves no trace after a second. It costs 3 % of the kept blocks.
"""

MAX_BLOCKS = 1 << 20
"""Blocks of a frame, 16 million pixels at blocks of 4x4."""

_VERSION = 0xF1
_HEAD = struct.Struct(">BBBIII3B")
# A guess of the coded size is wrong by at most a few bytes; this much is left free for it.
_SLACK_BYTES = 24

_KEPT = (4, 205, 819, 2048, 3277, 3891, 4055, 4088)
_ZERO = (41, 614, 1638, 2867, 3686, 3973, 4055, 4088)
"""Parts of TOTAL up to 99.8 %: of all symbols those that keep, of the others those of zero. Most
late stages of a quiet picture are nearly empty, and then cost 0.003 bit a block.
"""


def _class_starts() -> NDArray[np.int64]:
    """The tables of classes, int64 [64, 4]: every pair of both lists. Integers alone make them."""
    tables = []
    for kept in _KEPT:
        for zero in _ZERO:
            nothing = max(1, (TOTAL - kept) * zero // TOTAL)
            tables.append((0, kept, kept + nothing, TOTAL))
    return np.array(tables, np.int64)


CLASS_STARTS = _class_starts()
"""Static tables of the classes; a stripe names one for each class of the symbol before."""

_PRIOR = np.array((0.15, 0.05, 0.05))
"""Weight of each class beside what the last frame chose; most pictures stand still in parts."""

_CLASS_BITS = -np.log2(np.diff(CLASS_STARTS) / TOTAL)

Plane = NDArray[np.int16]


@dataclasses.dataclass(frozen=True, slots=True)
class FeatureStripe:
    """One stripe: symbols of one stage for consecutive blocks of one frame."""

    stage: int
    stages: int
    """Stages that this frame has."""
    sequence: int
    """Number of the frame, modulo 2**32."""
    first: int
    count: int
    """Blocks, in raster order."""
    tables: tuple[int, int, int]
    """Rows of CLASS_STARTS, by the class of the symbol before."""
    payload: bytes

    def encode(self) -> bytes:
        """Returns the bytes that are sent."""
        head = _HEAD.pack(
            _VERSION,
            self.stage,
            self.stages,
            self.sequence,
            self.first,
            self.count,
            *self.tables,
        )
        return head + self.payload

    @classmethod
    def parse(cls, data: bytes) -> FeatureStripe:
        """Reads a stripe from outside. Raises BadMessage."""
        if not _HEAD.size <= len(data) <= MAX_STRIPE_BYTES:
            raise BadMessage(f"a stripe of features of {len(data)} bytes")
        version, stage, stages, sequence, first, count, *tables = _HEAD.unpack_from(data)
        if version != _VERSION:
            raise BadMessage(f"version {version} of a stripe of features is not known")
        if stage >= stages or not 1 <= count <= MAX_BLOCKS or first > MAX_BLOCKS:
            raise BadMessage(f"stage {stage} of {stages}, blocks {first} + {count}")
        if max(tables) >= len(CLASS_STARTS):
            raise BadMessage(f"a stripe of features names table {max(tables)}")
        payload = data[_HEAD.size :]
        return cls(
            stage, stages, sequence, first, count, (tables[0], tables[1], tables[2]), payload
        )


class FeatureEncoder:
    """Codes the frames of one stream. It holds what a decoder that lost nothing holds."""

    def __init__(self, codebook: Codebook, rows: int, columns: int) -> None:
        self._codebook = codebook
        self._blocks = rows * columns
        self._row_of = np.repeat(np.arange(rows), columns)
        # -1: the decoder may hold anything here.
        self._held: Plane = np.full((codebook.stages, self._blocks), -1, np.int16)
        self._index_bits = -np.log2(np.diff(codebook.starts) / TOTAL)
        # What a symbol of each class costs, from the frame before; the first guess is a still one.
        self._class_bits = np.full((codebook.stages, 3), (1.0, 1.0, 3.0))

    def encode(
        self,
        values: NDArray[np.float32],
        *,
        sequence: int,
        stages: int,
        price: float,
        has_memory: bool = True,
    ) -> list[bytes]:
        """Returns the stripes of a frame, the first stage's first.

        ``values`` float32 [dimensions, rows, columns]. ``price`` is the squared error in levels
        that one bit must save: 0 spends all bits that help. ``has_memory`` False codes the frame
        without the one before.
        """
        vectors = values.reshape(len(values), -1).T
        # What is left of a vector after the stages so far; each stage works on its own part of it.
        rest = np.array(vectors, np.float32)
        may_keep = (self._row_of + sequence) % REFRESH_FRAMES != 0
        stripes: list[bytes] = []
        for stage in range(stages):
            known = may_keep & (self._held[stage] >= 0) & has_memory
            symbols = self._choose(stage, rest, known, price)
            held = np.where(symbols < 0, self._held[stage], symbols).astype(np.int16)
            part = self._codebook.part(stage)
            rest[:, part] -= _levels(self._codebook.codewords[stage][held])
            self._held[stage] = held
            stripes += self._stripes(stage, stages, sequence, symbols)
        # A decoder forgets the stages that a frame does not have.
        self._held[stages:] = -1
        return stripes

    def _choose(self, stage: int, rest: Any, known: Any, price: float) -> Plane:
        """The symbol of each block with the least error plus price of its bits."""
        book = self._codebook
        words = _levels(book.codewords[stage])
        keep_bits, zero_bits, code_bits = self._class_bits[stage]
        left = rest[:, book.part(stage)]
        energy = np.einsum("ij,ij->i", left, left)
        symbols = np.zeros(len(left), np.int16)
        best = energy + price * zero_bits
        # An index can at most remove the whole energy: where that does not pay, none is searched.
        index_bits = self._index_bits[stage]
        searched = np.flatnonzero(energy > price * (code_bits + index_bits.min() - zero_bits))
        near = left[searched]
        costs = (words * words).sum(axis=1) - 2 * near @ words.T
        costs[:, 1:] += (price * (code_bits + index_bits)).astype(np.float32)
        costs[:, 0] += price * zero_bits
        chosen = costs.argmin(axis=1)
        symbols[searched] = chosen
        best[searched] = energy[searched] + costs[np.arange(len(chosen)), chosen]
        held = np.flatnonzero(known)
        apart = left[held] - words[self._held[stage][held]]
        kept = np.einsum("ij,ij->i", apart, apart) + price * keep_bits
        # Where both cost the same the index goes again, which mends what was lost.
        symbols[held[kept < best[held]]] = -1
        return symbols

    def _stripes(self, stage: int, stages: int, sequence: int, symbols: Plane) -> Iterator[bytes]:
        classes = np.minimum(symbols, 1).astype(np.int64) + 1
        before = np.concatenate(([KEEP], classes[:-1]))
        seen = np.zeros((3, 3), np.int64)
        np.add.at(seen, (before, classes), 1)
        # A class that no block chose must stay affordable, or it would never be chosen again.
        counts = seen.sum(axis=0) + len(symbols) * _PRIOR
        self._class_bits[stage] = -np.log2(counts / counts.sum())
        # The cheapest static table for each context, for the whole plane.
        chosen = (seen @ _CLASS_BITS.T).argmin(axis=1)
        tables = (int(chosen[0]), int(chosen[1]), int(chosen[2]))
        bits = _CLASS_BITS[chosen[before], classes]
        is_code = classes == CODE
        bits[is_code] += self._index_bits[stage][symbols[is_code] - 1]
        total = np.cumsum(bits)
        first = 0
        while first < len(symbols):
            free = 8 * (MAX_STRIPE_BYTES - _HEAD.size - _SLACK_BYTES)
            spent = total[first - 1] if first else 0.0
            end = max(first + 1, int(np.searchsorted(total, spent + free, side="right")))
            payload = self._payload(stage, symbols[first:end], tables)
            stripe = FeatureStripe(stage, stages, sequence, first, end - first, tables, payload)
            yield stripe.encode()
            first = end

    def _payload(self, stage: int, symbols: Plane, tables: tuple[int, int, int]) -> bytes:
        classes = np.minimum(symbols, 1).astype(np.int64) + 1
        before = np.concatenate(([KEEP], classes[:-1]))
        rows = CLASS_STARTS[np.array(tables)[before]]
        places = np.arange(len(symbols))
        class_starts = rows[places, classes]
        class_counts = rows[places, classes + 1] - class_starts
        # An index follows its class at once.
        is_code = classes == CODE
        after = places + np.concatenate(([0], np.cumsum(is_code)[:-1]))
        starts = np.zeros(len(symbols) + int(is_code.sum()), np.int64)
        counts = np.zeros_like(starts)
        starts[after], counts[after] = class_starts, class_counts
        index = symbols[is_code].astype(np.int64) - 1
        table = self._codebook.starts[stage]
        starts[after[is_code] + 1] = table[index]
        counts[after[is_code] + 1] = table[index + 1] - table[index]
        out = np.zeros(MAX_STRIPE_BYTES - _HEAD.size, np.uint8)
        begin = rans_encode(starts, counts, out)
        # The guess of the size counts the same bits; rANS adds its state and a rounding.
        assert begin >= 0, "a stripe is larger than its bits"
        return out[begin:].tobytes()


class FeatureDecoder:
    """Decodes the frames of one stream from whatever stripes of each arrived."""

    def __init__(self, codebook: Codebook, rows: int, columns: int) -> None:
        self._codebook = codebook
        self._shape = (rows, columns)
        self._held: Plane = np.zeros((codebook.stages, rows * columns), np.int16)
        # True where the last symbol kept an index: a block that stood still is taken to go on so
        # when its stripe is lost.
        self._is_still = np.zeros(self._held.shape, bool)

    def decode(self, stripes: Iterable[bytes], *, sequence: int) -> NDArray[np.float32]:
        """Returns the coefficients of a frame, float32 [dimensions, rows, columns].

        Raises BadMessage for a damaged stripe or one of another frame; the frame can be decoded
        again without it.
        """
        planes = [self._plane(FeatureStripe.parse(data), sequence) for data in stripes]
        is_lost = np.ones(self._held.shape, bool)
        for stripe, symbols in planes:
            blocks = slice(stripe.first, stripe.first + stripe.count)
            held = self._held[stripe.stage, blocks]
            held[symbols >= 0] = symbols[symbols >= 0]
            self._is_still[stripe.stage, blocks] = symbols < 0
            is_lost[stripe.stage, blocks] = False
        # Where a whole frame is lost nothing says how many stages it had.
        stages = max((stripe.stages for stripe, _ in planes), default=self._codebook.stages)
        is_lost[:stages] &= ~self._is_still[:stages]
        self._held[is_lost] = 0
        self._is_still[is_lost] = False
        return self._sum(min(stages, self._codebook.stages))

    def _plane(self, stripe: FeatureStripe, sequence: int) -> tuple[FeatureStripe, Plane]:
        book = self._codebook
        if stripe.sequence != sequence:
            raise BadMessage(f"a stripe of frame {stripe.sequence}, not {sequence}")
        if stripe.stage >= book.stages or stripe.first + stripe.count > self._held.shape[1]:
            raise BadMessage(f"a stripe of stage {stripe.stage} lies outside the frame")
        symbols = np.zeros(stripe.count, np.int16)
        data = np.frombuffer(stripe.payload, np.uint8)
        classes = CLASS_STARTS[np.array(stripe.tables)]
        if not decode_plane(data, classes, book.starts[stripe.stage], symbols):
            raise BadMessage(f"a stripe of stage {stripe.stage} is damaged")
        return stripe, symbols

    def _sum(self, stages: int) -> NDArray[np.float32]:
        book = self._codebook
        # Integers until the end: the sum is the same on every machine, in whatever order.
        total = np.zeros((self._held.shape[1], book.dimensions), np.int32)
        for stage in range(stages):
            chosen = np.flatnonzero(self._held[stage])
            total[chosen, book.part(stage)] += book.codewords[stage][self._held[stage][chosen]]
        return np.ascontiguousarray(_levels(total).T).reshape(-1, *self._shape)


def _levels(units: Any) -> NDArray[np.float32]:
    """Codewords in levels."""
    return np.asarray(units, np.float32) * np.float32(2.0**-UNIT_BITS)
