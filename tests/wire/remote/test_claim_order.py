from __future__ import annotations

import msgspec
import pytest

from wire.heartbeat import StreamWork, WorkerBeat
from wire.remote.claim_order import HEAD_START_S, ClaimOrder, has_free_worker

WORK = StreamWork(stream="s", rendition="enhanced", epoch=1, state="enhancing")
BEAT = WorkerBeat(
    name="w",
    host="h",
    pid=1,
    started_us=1,
    engines=[],
    models=[],
    capacity=2.0,
    load=0.0,
    ms_per_frame=1.0,
    streams=[],
)


@pytest.mark.parametrize(
    ("fields", "is_free"),
    [
        ({}, True),
        ({"capacity": 0.2}, True),  # a first stream is taken on the slowest machine
        ({"streams": [WORK], "load": 1.0}, True),
        ({"streams": [WORK], "load": 1.1}, False),
        ({"state": "draining"}, False),
        ({"is_remote": True}, False),
    ],
)
def test_a_worker_in_the_site_with_free_capacity_is_found(
    fields: dict[str, object], is_free: bool
) -> None:
    assert has_free_worker([msgspec.structs.replace(BEAT, **fields)]) is is_free


def test_one_of_many_is_enough_and_none_is_not() -> None:
    remote = msgspec.structs.replace(BEAT, is_remote=True)
    assert has_free_worker([remote, BEAT, remote])
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
