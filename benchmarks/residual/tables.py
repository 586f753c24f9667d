"""``python -m benchmarks.residual.tables``: trains the tables of the residual codec and writes
``workers/team/residual_tables.py``.

Three steps, each on what the one before it leaves: the filters of the prediction by least squares
for each class, the weights of expected magnitudes by weighted least squares for each coefficient,
and the models to begin with as those that the coder itself has after all training pictures.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.residual.material import Pictures, training_pictures
from workers.kernels.jit import compiled
from workers.team import residual_prediction as prediction
from workers.team.range_coder import ONE
from workers.team.residual_codec import LAGRANGIAN, STEPS, make_tables, transformed
from workers.team.residual_contexts import FEATURES, MAX_KEPT, MAX_SUM, MODELS, Tables, no_levels
from workers.team.residual_encoder import MAX_BLOCK_BYTES, Residual, encode_blocks
from workers.team.residual_prediction import MARGIN, PAIRS

QUALITIES = (13, 16)
"""Steps of 4.2 and 2.5 levels: about where the rates of a live team lie."""

TARGET = Path(__file__).parents[2] / "workers" / "team" / "residual_tables.py"

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Shorts = npt.NDArray[np.int16]
Bytes = npt.NDArray[np.uint8]

_NEAR = ((0, 1), (0, -1), (1, 0), (-1, 0))
_ASLANT = ((1, 1), (-1, 1), (1, -1), (-1, -1))
_FAR = ((0, 2), (0, -2), (2, 0), (-2, 0))


def main() -> None:
    pictures = list(training_pictures())
    print(f"{len(pictures)} pictures", flush=True)
    filters = fit_filters(pictures)
    coded = [part for number, each in enumerate(pictures) for part in parts(each, number, filters)]
    order = order_of(coded)
    weights, block_weights = fit_weights(coded, order)
    starts = fit_models(coded, lambda quality: make_tables(quality, order, weights, block_weights))
    text = [HEAD]
    for name, what, values in (
        ("FILTERS", "Weights of each class, in 256ths, for the pairs of taps.", filters),
        ("ORDER", "Coefficients by how often they are not 0.", order),
        (
            "WEIGHTS",
            "Weights of a coefficient's expected magnitude, in 1024ths.",
            weights,
        ),
        ("BLOCK_WEIGHTS", "Weights of a block's expected sum of levels.", block_weights),
        ("STARTS", "Probability of a 0 to begin with, in 32768ths.", starts),
    ):
        text.append(table(name, what, np.asarray(values)))
    TARGET.write_text("\n".join(text))
    print(f"wrote {TARGET}")


HEAD = '''"""Tables of the residual codec, trained by ``python -m benchmarks.residual.tables``."""

from __future__ import annotations
'''


def table(name: str, what: str, values: npt.NDArray[np.int_]) -> str:
    rows = values if values.ndim == 2 else values[None]
    lines = []
    for row in rows:
        text = ", ".join(str(int(value)) for value in row)
        if values.ndim == 2:
            text = f"({text}),"
        lines += textwrap.wrap(text, 96)
    body = "\n".join(f"    {line}" for line in lines)
    return f'{name} = (\n{body}\n)  # fmt: skip\n"""{what}"""\n'


# Filters.


@compiled
def _classify(plane: Shorts, kinds: Ints) -> None:
    for row in range(kinds.shape[0]):
        for block in range(kinds.shape[1]):
            kinds[row, block] = prediction.class_of(plane, 8 * row + MARGIN, 8 * block + MARGIN)


def fit_filters(pictures: Sequence[Pictures]) -> Shorts:
    """Returns the weights of each class with the least squared error, pictures balanced."""
    taps, count = len(PAIRS), prediction.CLASSES
    products, targets = np.zeros((count, taps, taps)), np.zeros((count, taps))
    for each in pictures:
        height, width = (side // 8 * 8 for side in each.plain.shape)
        padded = _padded(each.plain[:height, :width])
        kinds = np.zeros((height // 8, width // 8), np.int32)
        _classify(padded, kinds)
        wanted = each.made[:height, :width].astype(float) - each.plain[:height, :width]
        # Pictures with large corrections would count for all others.
        trust = 1 / np.sqrt(np.mean(wanted**2) + 1)
        of_sample = kinds.repeat(8, 0).repeat(8, 1).ravel()
        ranked = np.argsort(of_sample, kind="stable")
        pairs, wanted = _pairs(padded, height, width)[ranked], wanted.ravel()[ranked]
        ends = np.searchsorted(of_sample[ranked], np.arange(count + 1))
        for kind, (begin, end) in enumerate(zip(ends[:-1], ends[1:], strict=True)):
            mine = pairs[begin:end]
            products[kind] += trust * mine.T @ mine
            targets[kind] += trust * mine.T @ wanted[begin:end]
    # The ridge keeps classes that hardly occur near 0.
    ridge = 30 * np.eye(taps)
    found = np.stack([np.linalg.solve(products[c] + ridge, targets[c]) for c in range(count)])
    rounded: Shorts = np.rint(256 * found).clip(-1024, 1024).astype(np.int16)
    return rounded


def _padded(plain: Bytes) -> Shorts:
    height, width = (-(-side // 8) * 8 for side in plain.shape)
    out = np.empty((height + 2 * MARGIN, width + 2 * MARGIN), np.int16)
    prediction.pad(np.ascontiguousarray(plain), out)
    return out


def _pairs(padded: Shorts, height: int, width: int) -> npt.NDArray[np.float32]:
    """Sums of two taps less twice the middle, for each sample: [samples, taps]."""

    def moved(down: int, across: int) -> npt.NDArray[np.float32]:
        top, left = MARGIN + down, MARGIN + across
        return padded[top : top + height, left : left + width].astype(np.float32)

    middle = 2 * moved(0, 0)
    each = [moved(y, x) + moved(-y, -x) - middle for y, x in PAIRS]
    return np.stack(each, -1).reshape(height * width, len(PAIRS))


# Weights.


class _Part:
    """Coefficients of one picture, coded at one quality."""

    def __init__(self, residual: Ints, plain: Ints, across: int, quality: int) -> None:
        self.residual = residual
        self.plain = plain
        self.across = across
        self.quality = quality

    def levels(self) -> npt.NDArray[np.int_]:
        """Levels with a dead zone, about as the encoder decides."""
        return (np.abs(self.residual) / STEPS[self.quality] + 0.33).astype(int)


def parts(each: Pictures, number: int, filters: Shorts) -> Iterator[_Part]:
    padded = _padded(each.plain)
    height, width = (side - 2 * MARGIN for side in padded.shape)
    base = np.empty((height, width), np.int16)
    prediction.predict(padded, filters, np.empty(prediction.SPREAD, np.int16), base)
    both, own = prediction.correlate(each.made, padded, base)
    prediction.rebase(padded, base, min(max(round(8 * both / max(own, 1)), 0), 15))
    beyond = np.empty_like(base)
    prediction.subtract(each.made, base, beyond)
    coefficients = transformed(beyond, 0, 14), transformed(padded, MARGIN, 11)
    yield _Part(*coefficients, width // 8, QUALITIES[number % len(QUALITIES)])


def order_of(parts: Sequence[_Part]) -> npt.NDArray[np.int_]:
    often = sum((part.levels() > 0).mean(0) for part in parts)
    return np.argsort(-np.asarray(often), kind="stable")


def fit_weights(
    parts: Sequence[_Part], order: npt.NDArray[np.int_]
) -> tuple[npt.NDArray[np.int_], npt.NDArray[np.int_]]:
    """Returns WEIGHTS and BLOCK_WEIGHTS."""
    fitted: Floats | None = None
    for _ in range(2):
        # The second time errors count by the magnitude that the first expects: what is expected to
        # be small matters most, since most coefficients are.
        products, targets = np.zeros((64, FEATURES, FEATURES)), np.zeros((64, FEATURES))
        block_products, block_targets = np.zeros((3, 3)), np.zeros(3)
        for part in parts:
            levels = part.levels()
            seen, activity, total = _features(part, levels, order)
            live = levels.sum(1) > 0
            mine = seen[:, live]
            true = np.minimum(np.abs(part.residual) / STEPS[part.quality], 6).T[:, live]
            guess = np.ones(true.shape) if fitted is None else _applied(mine, fitted)
            trust = 1 / np.maximum(guess, 0.06)
            products += np.einsum("kif,ki,kig->kfg", mine, trust, mine, optimize=True)
            targets += np.einsum("kif,ki->kf", mine, trust * true)
            block = np.stack([np.ones(len(total)), activity, total], -1)
            block_trust = (1 / (0.2 + total / 2 + activity / 10))[:, None]
            block_products += (block * block_trust).T @ block
            block_targets += (block * block_trust).T @ np.minimum(levels.sum(1), 40)
        fitted = np.stack(
            [np.linalg.solve(products[k] + np.eye(FEATURES), targets[k]) for k in range(64)]
        )
    assert fitted is not None
    scales = np.array([64] + [1024] * (FEATURES - 1))
    block_fitted = np.linalg.solve(block_products, block_targets) * scales[:3]
    return np.rint(fitted * scales).astype(int), np.rint(block_fitted).astype(int)


def _applied(features: npt.NDArray[np.float32], weights: Floats) -> Floats:
    return np.asarray(np.einsum("kif,kf->ki", features, weights))


def _features(
    part: _Part, levels: npt.NDArray[np.int_], order: npt.NDArray[np.int_]
) -> tuple[npt.NDArray[np.float32], Floats, Floats]:
    """Returns the inputs of ``expected_bucket`` and ``first_bucket``: [64, blocks, FEATURES], the
    roots of activities, and the sums beside blocks.
    """
    roots = make_tables(part.quality).roots / 16
    magnitude = np.abs(part.plain)
    root = roots[np.minimum(magnitude >> 2, 4095)]
    activity = roots[np.minimum(magnitude[:, 1:].sum(1) >> 5, 4095)]
    beside = _beside(np.minimum(levels, MAX_KEPT), part.across)
    total = _beside(np.minimum(levels.sum(1), MAX_SUM), part.across).astype(float)
    rank = np.argsort(order)
    found = np.empty((64, len(levels), FEATURES), np.float32)
    for k in range(64):
        sums = [_around(levels, k, rank, places) for places in (_NEAR, _ASLANT, _FAR)]
        one = np.ones(len(levels))
        found[k] = np.stack([one, root[:, k], beside[:, k], *sums, total], -1)
    return found, activity, total


def _beside(values: npt.NDArray[np.int_], across: int) -> npt.NDArray[np.int_]:
    found = np.zeros_like(values)
    found[across:] = values[:-across]
    left = np.zeros_like(values)
    left[1:] = values[:-1]
    left[::across] = 0
    return found + left


def _around(
    levels: npt.NDArray[np.int_],
    k: int,
    rank: npt.NDArray[np.int_],
    places: Sequence[tuple[int, int]],
) -> npt.NDArray[np.int_]:
    total = np.zeros(len(levels), int)
    for across, down in places:
        u, v = (k >> 3) + across, (k & 7) + down
        if 0 <= u < 8 and 0 <= v < 8 and rank[8 * u + v] < rank[k]:
            total += levels[:, 8 * u + v]
    return total


# Models.


def fit_models(parts: Sequence[_Part], tables: Callable[[int], Tables]) -> Ints:
    """Returns the models that the coder has after all pictures, in any order, twice."""
    models = np.full((MODELS, 2), ONE // 2, np.int32)
    for number in np.random.default_rng(0).permutation(np.tile(np.arange(len(parts)), 2)):
        part = parts[number]
        step = STEPS[part.quality]
        residual = Residual(
            part.residual, part.plain, part.across, step, round(LAGRANGIAN * step**2)
        )
        data = np.empty(len(part.residual) * MAX_BLOCK_BYTES + 64, np.uint8)
        encode_blocks(residual, tables(part.quality), models, no_levels(len(part.residual)), data)
    return models[:, 1]


if __name__ == "__main__":
    main()
