from __future__ import annotations

import pytest

from wire.free_workers import FreeWorker
from wire.remote.claim_order import FORGOTTEN_S, HEAD_START_S, ClaimOrder, has_free_worker


def free(capacity: float = 2.0, load: float = 0.0, rtt_ms: float = 0.0) -> FreeWorker:
    return FreeWorker(name="w", capacity=capacity, load=load, rtt_ms=rtt_ms)


@pytest.mark.parametrize(
    ("worker", "is_free"),
    [
        (free(), True),
        (free(capacity=0.2), True),  # a first stream is taken on the slowest machine
        (free(load=1.0), True),
        (free(load=1.1), False),
        (free(rtt_ms=1.0), False),
    ],
)
def test_a_worker_in_the_site_with_free_capacity_is_found(
    worker: FreeWorker, is_free: bool
) -> None:
    assert has_free_worker([worker]) is is_free


def test_one_of_many_is_enough_and_none_is_not() -> None:
    remote = free(rtt_ms=40.0)
    assert has_free_worker([remote, free(), remote])
    assert not has_free_worker([remote, remote])
    assert not has_free_worker([])


def test_a_job_is_taken_at_once_where_nobody_else_would() -> None:
    assert ClaimOrder().may_take("1-0", has_free=False, now=0.0)


def test_a_job_waits_for_a_worker_in_the_site_for_a_while() -> None:
    order = ClaimOrder()
    assert not order.may_take("1-0", has_free=True, now=0.0)
    assert not order.may_take("1-0", has_free=True, now=HEAD_START_S - 0.01)
    assert order.may_take("1-0", has_free=True, now=HEAD_START_S)
    # It was taken: should it come back, its wait begins anew.
    assert not order.may_take("1-0", has_free=True, now=HEAD_START_S + 1.0)


def test_the_wait_ends_with_the_last_free_worker() -> None:
    order = ClaimOrder()
    assert not order.may_take("1-0", has_free=True, now=0.0)
    assert order.may_take("1-0", has_free=False, now=0.1)


def test_each_job_has_its_own_wait() -> None:
    order = ClaimOrder()
    assert not order.may_take("1-0", has_free=True, now=0.0)
    assert not order.may_take("2-0", has_free=True, now=0.4)
    assert order.may_take("1-0", has_free=True, now=0.6)
    assert not order.may_take("2-0", has_free=True, now=0.6)


def test_jobs_that_others_took_are_forgotten() -> None:
    order = ClaimOrder()
    for number in range(10_000):
        assert not order.may_take(f"{number}-0", has_free=True, now=0.0)
    assert len(order._seen) < 1000


def test_a_job_that_becomes_free_again_waits_again() -> None:
    order = ClaimOrder()
    assert not order.may_take("1-0", has_free=True, now=0.0)
    # A near worker took it, and died a minute later.
    assert not order.may_take("1-0", has_free=True, now=60.0)
    assert not order.may_take("1-0", has_free=True, now=60.0 + HEAD_START_S / 2)
    assert order.may_take("1-0", has_free=True, now=60.0 + HEAD_START_S)
    # One that is offered now and then meanwhile is the same.
    assert not order.may_take("2-0", has_free=True, now=70.0)
    assert order.may_take("2-0", has_free=True, now=70.0 + FORGOTTEN_S)
