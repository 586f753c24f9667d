from __future__ import annotations

import threading

import numpy as np
import pytest

from workers.engines.turns import Turns


class Counted:
    """A session that notes who runs beside it, and waits until it is told to go on."""

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

    def reset(self) -> None:
        self.most = -1


def test_nets_run_one_at_a_time_in_the_order_in_which_they_came() -> None:
    turns, session, order = Turns(), Counted(), []
    nothing = np.zeros(0)
    guarded = turns.guard(session)

    def work(number: int) -> None:
        guarded.run({}, nothing)
        order.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for number, thread in enumerate(threads):
        thread.start()
        # Each has its ticket before the next one comes.
        while turns.tickets <= number:
            threading.Event().wait(0.001)
    assert session.entered.acquire(timeout=10)
    assert not session.entered.acquire(timeout=0.05)
    for _ in threads:
        session.go_on.release()
    for thread in threads:
        thread.join(10)
    assert session.most == 1 and order == sorted(order)


def test_waiting_and_working_are_told_apart() -> None:
    turns, session = Turns(), Counted()
    nothing = np.zeros(0)
    other = threading.Thread(target=lambda: turns.guard(session).run({}, nothing))
    other.start()
    assert session.entered.acquire(timeout=10)
    threading.Timer(0.1, session.go_on.release, (2,)).start()
    with turns.timed() as spent:
        turns.guard(session).run({}, nothing)
    other.join(10)
    assert 0.05 < spent.waited_s < 5.0
    assert 0 <= spent.worked_s < 0.05


def test_a_net_that_fails_leaves_its_place() -> None:
    turns = Turns()

    def fail() -> None:
        with turns.timed() as spent, turns.take():
            assert spent.waited_s == 0.0
            raise ValueError

    with pytest.raises(ValueError):
        fail()
    with turns.timed() as spent, turns.take():
        pass
    assert spent.worked_s < 1.0


def test_a_guarded_session_forgets_when_told_to() -> None:
    session = Counted()
    Turns().guard(session).reset()
    assert session.most == -1
