"""The life of a worker process."""

from __future__ import annotations

import logging

import pytest

from wire.state_machine import IllegalTransition
from workers.process.worker_state import WORKER, WorkerEvent, WorkerState, worker_life


def test_a_worker_measures_works_drains_and_stops(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    life = worker_life("w1")
    for event in (WorkerEvent.CALIBRATE, WorkerEvent.WORK, WorkerEvent.STOP, WorkerEvent.LEAVE):
        life.apply(event)
    assert life.state is WorkerState.STOPPED
    assert [record.getMessage() for record in caplog.records] == [
        "worker w1: calibrating",
        "worker w1: working",
        "worker w1: draining",
        "worker w1: stopped",
    ]
    assert caplog.records[2].__dict__["action"] == "worker_draining"


def test_what_an_earlier_start_measured_needs_no_calibration() -> None:
    assert worker_life("w1").apply(WorkerEvent.WORK) is WorkerState.WORKING


def test_a_draining_worker_does_not_work_again() -> None:
    life = worker_life("w1")
    life.apply(WorkerEvent.WORK)
    life.apply(WorkerEvent.STOP)
    with pytest.raises(IllegalTransition, match="worker w1: WORK is not expected"):
        life.apply(WorkerEvent.WORK)
    assert WORKER.final() == {WorkerState.STOPPED}
    assert WORKER.unreachable() == set()
