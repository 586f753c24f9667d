from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from workers.engines.engine import Array, NetInfo, Session
from workers.engines.engine_lock import EngineLock


class Counted:
    """A net, and its session, that notes who runs beside it, and waits until it may go on."""

    info: NetInfo

    def __init__(self) -> None:
        self.inside = 0
        self.most = 0
        self.go_on = threading.Semaphore(0)
        self.entered = threading.Semaphore(0)

    def run(self, feeds: object, enhanced: object) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.entered.release()
        assert self.go_on.acquire(timeout=10)
        self.inside -= 1

    def session(self) -> Session:
        return self

    def warm_up(self) -> None:
        self.most = -2

    def reset(self) -> None:
        self.most = -1


def test_nets_run_one_at_a_time_in_the_order_in_which_they_came() -> None:
    lock, session, order = EngineLock(), Counted(), []
    nothing = np.zeros(0)
    guarded = lock.wrap(session).session()

    def work(number: int) -> None:
        guarded.run({}, nothing)
        order.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for number, thread in enumerate(threads):
        thread.start()
        # Each has its ticket before the next one comes.
        while lock.tickets <= number:
            threading.Event().wait(0.001)
    assert session.entered.acquire(timeout=10)
    assert not session.entered.acquire(timeout=0.05)
    for _ in threads:
        session.go_on.release()
    for thread in threads:
        thread.join(10)
    assert session.most == 1 and order == sorted(order)


def test_waiting_and_working_are_told_apart() -> None:
    lock, session = EngineLock(), Counted()
    nothing = np.zeros(0)
    other = threading.Thread(target=lambda: lock.wrap(session).session().run({}, nothing))
    other.start()
    assert session.entered.acquire(timeout=10)
    threading.Timer(0.1, session.go_on.release, (2,)).start()
    with lock.timed() as spent:
        lock.wrap(session).session().run({}, nothing)
    other.join(10)
    assert 0.05 < spent.waited_s < 5.0
    assert 0 <= spent.worked_s < 0.05


class Busy(Counted):
    """Works for a while, then waits for a while."""

    def run(self, feeds: object, enhanced: object) -> None:
        begun = time.thread_time()
        while time.thread_time() - begun < 0.02:
            pass
        time.sleep(0.05)


@pytest.mark.parametrize("threads", [0, 1])
def test_on_cores_the_caller_s_work_counts_and_on_a_device_the_time(threads: int) -> None:
    lock = EngineLock(threads)
    with lock.timed() as spent:
        lock.wrap(Busy()).session().run({}, np.zeros(0))
    assert spent.worked_s >= 0.07
    if threads:
        assert 0.02 <= spent.engine_s < 0.06 and spent.caller_s == spent.engine_s
    else:
        assert spent.engine_s == spent.worked_s and spent.caller_s == 0.0


def test_a_net_that_fails_leaves_its_place() -> None:
    lock = EngineLock()

    def fail() -> None:
        with lock.take():
            raise ValueError

    with pytest.raises(ValueError):
        fail()
    entered = False
    with lock.take():
        entered = True
    assert entered


class Free:
    """A net for any size that takes its time."""

    def run(self, luma: Array, strength: float) -> Array:
        time.sleep(0.01)
        return luma + np.uint8(strength)


def test_a_net_for_any_size_takes_turns_and_is_timed_too() -> None:
    lock = EngineLock()
    guarded = lock.wrap_dynamic(Free())
    with lock.timed() as spent:
        made = [guarded.run(np.zeros((2, 3), np.uint8), 7.0) for _ in range(2)]
    assert made[1].tolist() == [[7, 7, 7], [7, 7, 7]]
    assert spent.worked_s >= 0.02 and lock.tickets == 2


def test_what_nobody_times_is_not_kept() -> None:
    lock = EngineLock()
    lock.record(waited_s=1.0, worked_s=1.0)
    with lock.timed() as spent:
        lock.record(waited_s=0.5, worked_s=0.25)
        lock.record(waited_s=0.5, worked_s=0.25)
    lock.record(waited_s=1.0, worked_s=1.0)
    assert (spent.waited_s, spent.worked_s) == (1.0, 0.5)


def test_a_guarded_net_is_the_net_otherwise() -> None:
    net = Counted()
    guarded = EngineLock().wrap(net)
    guarded.session().reset()
    assert net.most == -1
    guarded.warm_up()
    assert net.most == -2


def test_the_last_one_waits_for_all_that_come_meanwhile() -> None:
    lock, order = EngineLock(), []

    def work(name: str, *, is_last: bool = False) -> None:
        with lock.hold(is_last=is_last):
            order.append(name)

    with lock.take():
        last = threading.Thread(target=work, args=("last",), kwargs={"is_last": True})
        last.start()
        others = [threading.Thread(target=work, args=(f"own {n}",)) for n in range(3)]
        for thread in others:
            thread.start()
        while lock.tickets < 4:
            time.sleep(0.001)
    for thread in (last, *others):
        thread.join(10)
    assert order[-1] == "last" and len(order) == 4


def test_the_last_one_has_a_free_engine_at_once() -> None:
    lock = EngineLock()
    with lock.timed() as spent, lock.hold(is_last=True):
        pass
    assert spent.waited_s < 0.05
