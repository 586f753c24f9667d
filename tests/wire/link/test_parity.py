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
    MAX_SPLIT,
    Layout,
    ParityBudget,
    failure,
    fewest,
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


def test_no_parity_is_made_for_a_count_of_none() -> None:
    assert make_parity([b"ab", b"cd"], 0, first=3) == []


@given(st.integers(1, 5 * MAX_BLOCK_BYTES), st.integers(0, 12))
def test_a_message_is_cut_as_asked_but_no_block_is_too_long(size: int, needed: int) -> None:
    blocks = split(bytes(size), needed)
    assert len(blocks) == max(needed, fewest(size))
    assert max(map(len, blocks)) <= MAX_BLOCK_BYTES
    assert sum(map(len, blocks)) >= size


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


STEADY = 2000


def spend(budget: ParityBudget, size: int, count: int, *, loss: float) -> list[Layout]:
    return [budget.take(size, loss=loss) for _ in range(count)]


def parity_bytes(layouts: list[Layout], size: int) -> float:
    return sum(each.parity * size / each.needed for each in layouts)


@pytest.mark.parametrize(
    ("size", "loss"), [(3300, 0.02), (8000, 0.02), (16_000, 0.02), (16_000, 0.0051)]
)
def test_parity_stays_within_a_tenth_of_what_is_sent_on_a_good_link(size: int, loss: float) -> None:
    spent = parity_bytes(spend(ParityBudget(), size, STEADY, loss=loss), size)
    # Sizes are rounded up by 64 bytes.
    assert spent <= 1.03 * STEADY * size / 9 + MAX_CREDIT_BYTES / 4


def test_a_tenth_of_parity_saves_all_but_one_in_a_hundred_of_messages_of_16_kb() -> None:
    layouts = spend(ParityBudget(), 16_000, STEADY, loss=0.02)
    failing = sum(failure(each.needed, each.parity, 0.02) for each in layouts) / STEADY
    assert failing < 0.01
    # As few stripes as can be would fail four times as often with as much parity.
    coarse = fewest(16_000)
    per_message = parity_bytes(layouts, 16_000) / STEADY / (16_000 / coarse)
    low, part = int(per_message), per_message % 1
    mixed = (1 - part) * failure(coarse, low, 0.02) + part * failure(coarse, low + 1, 0.02)
    assert mixed > 2 * failing


@pytest.mark.parametrize("size", [1, 1000, 3300, 16_000, 60_000, 240_000])
@pytest.mark.parametrize("loss", [0.0, 0.02, 0.3, 1.0])
def test_a_message_is_cut_into_a_few_more_stripes_than_it_needs(size: int, loss: float) -> None:
    budget = ParityBudget()
    for layout in (budget.take(size, loss=loss), budget.take(size, loss=loss, is_precious=True)):
        assert fewest(size) <= layout.needed <= max(fewest(size), MAX_SPLIT * fewest(size))
        assert layout.needed + layout.parity <= MAX_STRIPES
        assert len(split(bytes(size), layout.needed)) == layout.needed


def test_messages_of_a_steady_stream_are_served_alike() -> None:
    layouts = spend(ParityBudget(), 16_000, STEADY, loss=0.025)[STEADY // 2 :]
    failing = [failure(each.needed, each.parity, 0.025) for each in layouts]
    assert max(failing) < 3 * sum(failing) / len(failing)


def test_parity_grows_with_the_loss() -> None:
    def part(loss: float) -> float:
        return parity_bytes(spend(ParityBudget(), 15_000, 500, loss=loss), 15_000) / (500 * 15_000)

    assert part(0.0) == 0.0
    assert part(0.02) < part(0.05) < part(0.1) < part(0.3)
    assert part(0.3) > 0.6


def test_what_quiet_times_saved_goes_to_a_key_frame() -> None:
    budget = ParityBudget()
    spend(budget, 1100, 500, loss=0.0)
    layout = budget.take(60_000, loss=0.02)
    assert failure(layout.needed, layout.parity, 0.02) <= MAX_FAILURE


def test_a_precious_message_gets_what_it_wants_on_credit_and_others_pay_later() -> None:
    budget = ParityBudget()
    spend(budget, 3300, 200, loss=0.02)
    for _ in range(50):
        layout = budget.take(3300, loss=0.02, is_precious=True)
        assert failure(layout.needed, layout.parity, 0.02) <= MAX_FAILURE
    assert budget.take(3300, loss=0.02).parity == 0


def test_what_was_sent_again_is_paid_from_the_same_budget() -> None:
    budget = ParityBudget()
    for _ in range(100):
        budget.pay(1100)
    # The debt is bounded: after some messages there is parity again.
    layouts = spend(budget, 16_000, 20, loss=0.02)
    assert layouts[0].parity == 0
    assert layouts[-1].parity > 0
