from __future__ import annotations

import pytest

from wire.errors import NoLease
from wire.jobs import Job
from wire.remote.calls import MAX_HELD
from wire.remote.device_jobs import BEGIN_S, MAX_UNNAMED_S, DeviceJobs


def job(number: int = 1, stream: str = "cam") -> Job:
    return Job(f"{number}-0", stream, "enhanced", 5)


def test_a_job_is_held_until_it_is_let_go() -> None:
    jobs = DeviceJobs()
    jobs.hold(job(), now=0.0)
    assert jobs.held == [job()] and jobs.job("1-0") == job()
    assert jobs.is_held(job()) and jobs.holds_stream("cam")
    jobs.let_go("1-0")
    jobs.let_go("1-0")
    assert jobs.held == [] and not jobs.is_held(job()) and not jobs.holds_stream("cam")
    with pytest.raises(NoLease):
        jobs.job("1-0")


def test_what_was_held_once_is_known() -> None:
    jobs = DeviceJobs()
    with pytest.raises(NoLease):
        jobs.known("1-0")
    jobs.hold(job(), now=0.0)
    jobs.let_go("1-0")
    assert jobs.known("1-0") == job()


def test_a_job_that_is_not_named_lapses() -> None:
    jobs = DeviceJobs()
    jobs.hold(job(), now=10.0)
    assert jobs.lapsed(now=10.0 + BEGIN_S - 0.01) == []
    assert jobs.lapsed(now=10.0 + BEGIN_S) == [job()]
    jobs.name(["1-0"], now=13.0)
    assert jobs.lapsed(now=13.0 + MAX_UNNAMED_S - 0.01) == []
    assert jobs.lapsed(now=13.0 + MAX_UNNAMED_S) == [job()]


def test_naming_a_job_early_does_not_shorten_its_beginning() -> None:
    jobs = DeviceJobs()
    jobs.hold(job(), now=10.0)
    jobs.name(["1-0"], now=10.0)
    assert jobs.lapsed(now=12.0) == []


def test_naming_a_job_of_others_has_no_effect() -> None:
    jobs = DeviceJobs()
    jobs.name(["1-0"], now=0.0)
    assert jobs.held == []


def test_another_job_of_the_same_entry_is_another() -> None:
    jobs = DeviceJobs()
    jobs.hold(job(), now=0.0)
    assert not jobs.is_held(job(1, "other"))


def test_a_new_connection_holds_nothing_and_knows_all() -> None:
    jobs = DeviceJobs()
    jobs.hold(job(), now=0.0)
    jobs.begin()
    assert jobs.held == [] and jobs.known("1-0") == job()


def test_a_device_holds_so_many_and_no_more_is_known_of_the_oldest() -> None:
    jobs = DeviceJobs()
    for number in range(MAX_HELD):
        assert not jobs.is_full
        jobs.hold(job(number), now=0.0)
    assert jobs.is_full
    for number in range(4 * MAX_HELD + 1):
        jobs.hold(job(number), now=0.0)
        jobs.let_go(f"{number}-0")
    with pytest.raises(NoLease):
        jobs.known("0-0")
    assert jobs.known("1-0") == job(1)
