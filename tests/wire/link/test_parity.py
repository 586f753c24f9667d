"""Parity: any of the stripes restore a message, in the numbers that the loss asks for."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.link.datagram import MAX_BLOCK_BYTES, MAX_STRIPES
from wire.link.parity import (
    MAX_CREDIT_BYTES,
    MAX_FAILURE,
    ParityBudget,
    failure,
    make_parity,
    parity_for,
    restore,
    split,
)


@given(st.binary(min_size=1, max_size=4 * MAX_BLOCK_BYTES), st.integers(0, 4), st.randoms())
def test_any_stripes_restore_the_message(body: bytes, parity: int, rng: random.Random) -> None:
    blocks = split(body)
    assert len({len(block) for block in blocks}) == 1
    assert all(len(block) <= MAX_BLOCK_BYTES for block in blocks)
    stripes = dict(enumerate([*blocks, *make_parity(blocks, parity)]))
    kept = rng.sample(sorted(stripes), len(blocks))
    joined = restore({index: stripes[index] for index in kept}, len(blocks))
    assert joined[: len(body)] == body
    assert not any(joined[len(body) :])


def test_every_choice_of_three_of_six_restores_the_message() -> None:
    body = random.Random(1).randbytes(3 * 100)
    blocks = [body[at : at + 100] for at in (0, 100, 200)]
    stripes = dict(enumerate([*blocks, *make_parity(blocks, 3)]))
    for kept in itertools.combinations(range(6), 3):
        assert restore({index: stripes[index] for index in kept}, 3) == body


def test_parity_that_is_made_later_fits_to_what_was_made_before() -> None:
    blocks = [bytes([number]) * 50 for number in range(1, 5)]
    assert make_parity(blocks, 5)[2:] == make_parity(blocks, 3, first=2)


def test_the_largest_message_is_restored() -> None:
    rng = random.Random(2)
    blocks = [rng.randbytes(8) for _ in range(MAX_STRIPES - 5)]
    stripes = dict(enumerate([*blocks, *make_parity(blocks, 5)]))
    for lost in (0, 17, 100, 249):
        del stripes[lost]
    assert restore(stripes, len(blocks)) == b"".join(blocks)


@pytest.mark.parametrize(
    ("needed", "parity", "loss", "expected"),
    [
        # Binomial tails, by the table of the field survey that the target was set by.
        (15, 3, 0.02, 4e-4),
        (15, 4, 0.02, 3e-5),
        (8, 2, 0.02, 9e-4),
        (15, 3, 0.05, 1.1e-2),
        (1, 0, 0.25, 0.25),
        (4, 0, 1.0, 1.0),
    ],
)
def test_failure_is_the_binomial_tail(
    needed: int, parity: int, loss: float, expected: float
) -> None:
    assert failure(needed, parity, loss) == pytest.approx(expected, rel=0.2)


def test_failure_agrees_with_losses_that_are_drawn() -> None:
    rng = random.Random(3)
    trials = 20_000
    failed = sum(sum(rng.random() < 0.1 for _ in range(12)) > 2 for _ in range(trials))
    assert failed / trials == pytest.approx(failure(10, 2, 0.1), rel=0.1)


@pytest.mark.parametrize("loss", [0.005, 0.02, 0.1, 0.3, 0.6])
@pytest.mark.parametrize("needed", [1, 3, 14, 60, 250])
def test_the_parity_is_the_least_that_reaches_the_target(needed: int, loss: float) -> None:
    parity = parity_for(needed, loss)
    if needed + parity < MAX_STRIPES:
        assert failure(needed, parity, loss) <= MAX_FAILURE
    assert parity == 0 or failure(needed, parity - 1, loss) > MAX_FAILURE


def test_without_loss_there_is_no_parity() -> None:
    assert parity_for(14, 0.0) == 0


@pytest.mark.parametrize(("needed", "loss"), [(3, 0.02), (7, 0.02), (14, 0.02), (14, 0.0051)])
def test_parity_stays_within_a_tenth_on_a_good_link(needed: int, loss: float) -> None:
    budget = ParityBudget()
    spent = sum(budget.take(needed, 1100, loss=loss) for _ in range(2000))
    first = MAX_CREDIT_BYTES / 4 / 1100
    assert spent <= 0.1 * 2000 * needed + first


def test_parity_grows_with_the_loss() -> None:
    def part(loss: float) -> float:
        budget = ParityBudget()
        return sum(budget.take(14, 1100, loss=loss) for _ in range(500)) / (500 * 14)

    assert part(0.0) == 0.0
    assert part(0.02) < part(0.05) < part(0.1) < part(0.3)
    assert part(0.3) > 0.6


def test_what_quiet_times_saved_goes_to_a_key_frame() -> None:
    budget = ParityBudget()
    for _ in range(500):
        budget.take(1, 1100, loss=0.0)
    assert budget.take(60, 1100, loss=0.02) == parity_for(60, 0.02)
