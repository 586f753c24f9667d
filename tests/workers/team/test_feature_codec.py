"""The codec of features: what it keeps, what it costs, and what losses do to it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.workers.team.books import DIMENSIONS, STAGES, write_book
from wire.errors import BadMessage
from workers.kernels.rans import TOTAL
from workers.team.feature_codebook import Codebook, read_codebook
from workers.team.feature_codec import (
    CLASS_STARTS,
    MAX_STRIPE_BYTES,
    REFRESH_FRAMES,
    FeatureDecoder,
    FeatureEncoder,
    FeatureStripe,
)

ROWS, COLUMNS = 24, 40
PRICE = 40.0


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Codebook:
    return read_codebook(write_book(tmp_path_factory.mktemp("book") / "book.npz"))


def frame(seed: int, scale: float = 20.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(0, scale, (DIMENSIONS, ROWS, COLUMNS)).astype(np.float32)


def sent(book: Codebook, values: np.ndarray, **options: object) -> list[bytes]:
    settings: dict[str, object] = {"sequence": 0, "stages": STAGES, "price": 0.0, **options}
    return FeatureEncoder(book, ROWS, COLUMNS).encode(values, **settings)  # type: ignore[arg-type]


def error(values: np.ndarray, other: np.ndarray) -> float:
    return float(((values - other) ** 2).sum(axis=0).mean())


def test_every_prefix_of_the_stages_decodes_and_each_stage_helps(book: Codebook) -> None:
    values = frame(1)
    stripes = sent(book, values)
    errors = []
    for stages in range(STAGES + 1):
        kept = [s for s in stripes if FeatureStripe.parse(s).stage < stages]
        errors.append(error(values, FeatureDecoder(book, ROWS, COLUMNS).decode(kept, sequence=0)))
    assert all(after < before for before, after in zip(errors, errors[1:], strict=False))
    assert errors[0] == pytest.approx(error(values, np.zeros_like(values)))


def test_every_subset_of_the_stripes_decodes_to_its_own_part(book: Codebook) -> None:
    values = frame(2)
    stripes = sent(book, values)
    whole = error(values, FeatureDecoder(book, ROWS, COLUMNS).decode(stripes, sequence=0))
    nothing = error(values, np.zeros_like(values))
    for lost in range(len(stripes)):
        left = stripes[:lost] + stripes[lost + 1 :]
        found = error(values, FeatureDecoder(book, ROWS, COLUMNS).decode(left, sequence=0))
        assert whole < found < nothing


def test_a_decoder_that_lost_nothing_holds_what_the_encoder_holds(book: Codebook) -> None:
    """Frames that stand still, move and jump: the error never grows over what coding alone does."""
    encoder, decoder = FeatureEncoder(book, ROWS, COLUMNS), FeatureDecoder(book, ROWS, COLUMNS)
    values = frame(3)
    for sequence in range(6):
        if sequence == 3:
            values = frame(4)
        values[:, :, 10:14] = frame(10 + sequence)[:, :, 10:14]
        stripes = encoder.encode(values, sequence=sequence, stages=STAGES, price=PRICE)
        alone = sent(book, values, sequence=sequence, price=PRICE)
        first = FeatureDecoder(book, ROWS, COLUMNS).decode(alone, sequence=sequence)
        found = error(values, decoder.decode(stripes, sequence=sequence))
        assert found < 1.3 * error(values, first)


def test_what_stands_still_costs_almost_nothing(book: Codebook) -> None:
    encoder = FeatureEncoder(book, ROWS, COLUMNS)
    values = frame(5)
    sizes = [
        sum(map(len, encoder.encode(values, sequence=n, stages=STAGES, price=PRICE)))
        for n in range(1, 6)
    ]
    assert max(sizes[2:]) < sizes[0] / 8
    changed = values.copy()
    changed[:, :3] = frame(6)[:, :3]
    more = sum(map(len, encoder.encode(changed, sequence=6, stages=STAGES, price=PRICE)))
    assert max(sizes[2:]) < more < sizes[0] / 2


def test_a_higher_price_spends_less_and_errs_more(book: Codebook) -> None:
    values = frame(7, scale=14.0)
    bits, errors = [], []
    for price in (0.0, 20.0, 100.0, 1000.0):
        stripes = sent(book, values, price=price)
        bits.append(sum(map(len, stripes)))
        found = FeatureDecoder(book, ROWS, COLUMNS).decode(stripes, sequence=0)
        errors.append(error(values, found))
    assert bits == sorted(bits, reverse=True) and bits[-1] < bits[0] / 3
    assert errors == sorted(errors)


def test_stripes_fit_into_datagrams(book: Codebook) -> None:
    stripes = sent(book, frame(8, scale=60.0))
    assert len(stripes) >= STAGES
    assert max(map(len, stripes)) <= MAX_STRIPE_BYTES
    parsed = [FeatureStripe.parse(data) for data in stripes]
    for stage in range(STAGES):
        mine = [s for s in parsed if s.stage == stage]
        assert [s.first for s in mine] == [0, *np.cumsum([s.count for s in mine])[:-1]]
        assert sum(s.count for s in mine) == ROWS * COLUMNS


def test_a_large_frame_is_cut_into_several_stripes_of_a_stage(book: Codebook) -> None:
    rng = np.random.default_rng(9)
    values = rng.normal(0, 60, (DIMENSIONS, 100, 80)).astype(np.float32)
    encoder = FeatureEncoder(book, 100, 80)
    stripes = encoder.encode(values, sequence=0, stages=1, price=0.0)
    assert len(stripes) > 2 and max(map(len, stripes)) <= MAX_STRIPE_BYTES
    # They are filled: a datagram costs its head whatever it holds.
    assert all(len(s) > MAX_STRIPE_BYTES - 60 for s in stripes[:-1])


def test_a_lost_stripe_leaves_no_trace_after_the_refresh(book: Codebook) -> None:
    encoder, decoder = FeatureEncoder(book, ROWS, COLUMNS), FeatureDecoder(book, ROWS, COLUMNS)
    values = frame(11)
    best = 0.0
    for sequence in range(1, REFRESH_FRAMES + 3):
        stripes = encoder.encode(values, sequence=sequence, stages=STAGES, price=PRICE)
        if sequence == 1:
            best = error(values, FeatureDecoder(book, ROWS, COLUMNS).decode(stripes, sequence=1))
            stripes = stripes[1:]
        found = error(values, decoder.decode(stripes, sequence=sequence))
        if sequence == 2:
            assert found > 1.2 * best
    assert found < 1.05 * best


def test_a_lost_frame_costs_nothing_where_the_picture_stands_still(book: Codebook) -> None:
    encoder, decoder = FeatureEncoder(book, ROWS, COLUMNS), FeatureDecoder(book, ROWS, COLUMNS)
    values = frame(12)
    errors = []
    for sequence in range(1, 6):
        stripes = encoder.encode(values, sequence=sequence, stages=STAGES, price=PRICE)
        found = decoder.decode([] if sequence == 4 else stripes, sequence=sequence)
        errors.append(error(values, found))
    # One row of blocks was about to be refreshed, and a few blocks find a better index each time.
    assert errors[3] < 1.6 * errors[2] and errors[4] < 1.6 * errors[2]


def test_fewer_stages_leave_nothing_behind(book: Codebook) -> None:
    encoder, decoder = FeatureEncoder(book, ROWS, COLUMNS), FeatureDecoder(book, ROWS, COLUMNS)
    for sequence, stages in enumerate((STAGES, 3, 3, STAGES, STAGES), start=1):
        values = frame(20 + sequence)
        stripes = encoder.encode(values, sequence=sequence, stages=stages, price=PRICE)
        fresh = sent(book, values, sequence=sequence, stages=stages, price=PRICE)
        alone = FeatureDecoder(book, ROWS, COLUMNS).decode(fresh, sequence=sequence)
        found = error(values, decoder.decode(stripes, sequence=sequence))
        assert found < 1.3 * error(values, alone)


def test_coding_without_memory_never_refers_to_the_frame_before(book: Codebook) -> None:
    encoder = FeatureEncoder(book, ROWS, COLUMNS)
    values = frame(13)
    options = {"stages": STAGES, "price": PRICE, "has_memory": False}
    for sequence in (1, 2):
        stripes = encoder.encode(values, sequence=sequence, **options)  # type: ignore[arg-type]
    alone = FeatureDecoder(book, ROWS, COLUMNS).decode(stripes, sequence=2)
    first = sent(book, values, sequence=2, price=PRICE)
    other = FeatureDecoder(book, ROWS, COLUMNS).decode(first, sequence=2)
    assert error(values, alone) == pytest.approx(error(values, other), rel=0.1)


def test_the_order_of_the_stripes_does_not_matter(book: Codebook) -> None:
    stripes = sent(book, frame(14))
    there = FeatureDecoder(book, ROWS, COLUMNS).decode(stripes, sequence=0)
    back = FeatureDecoder(book, ROWS, COLUMNS).decode(stripes[::-1], sequence=0)
    assert np.array_equal(there, back)


def test_class_tables_are_whole() -> None:
    counts = np.diff(CLASS_STARTS)
    assert counts.min() >= 1 and (counts.sum(axis=1) == TOTAL).all()


GOOD = FeatureStripe(0, 1, 5, 0, 4, (0, 1, 2), b"\x00\x80\x00\x00")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        GOOD.encode()[:10],
        b"\x00" + GOOD.encode()[1:],
        dataclasses.replace(GOOD, stage=1).encode(),
        dataclasses.replace(GOOD, count=0).encode(),
        dataclasses.replace(GOOD, count=2**31).encode(),
        dataclasses.replace(GOOD, first=2**31).encode(),
        dataclasses.replace(GOOD, tables=(0, 64, 0)).encode(),
        GOOD.encode() + bytes(MAX_STRIPE_BYTES),
    ],
)
def test_a_stripe_that_cannot_be_is_refused(data: bytes) -> None:
    with pytest.raises(BadMessage):
        FeatureStripe.parse(data)


def test_a_stripe_comes_back() -> None:
    assert FeatureStripe.parse(GOOD.encode()) == GOOD


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": 6},
        {"stage": STAGES, "stages": STAGES + 1},
        {"first": ROWS * COLUMNS},
        {"count": ROWS * COLUMNS + 1},
        {"payload": b"\x01"},
        {"payload": b""},
    ],
)
def test_a_stripe_of_another_frame_or_with_damage_is_refused(
    book: Codebook, changes: dict[str, object]
) -> None:
    decoder = FeatureDecoder(book, ROWS, COLUMNS)
    good = FeatureEncoder(book, ROWS, COLUMNS).encode(
        frame(15), sequence=5, stages=STAGES, price=PRICE
    )
    bad = dataclasses.replace(FeatureStripe.parse(good[0]), **changes)  # type: ignore[arg-type]
    with pytest.raises(BadMessage):
        decoder.decode([*good[1:], bad.encode()], sequence=5)
    # Nothing of the refused frame stays: it decodes as by a new decoder.
    again = decoder.decode(good, sequence=5)
    assert np.array_equal(again, FeatureDecoder(book, ROWS, COLUMNS).decode(good, sequence=5))
