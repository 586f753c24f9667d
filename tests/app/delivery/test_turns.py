"""Turns of bounded length in virtual time: each step takes what the test says."""

from __future__ import annotations

from collections.abc import Iterator

from app.delivery.turns import MAX_TURN_S, MAX_WAITING, MIN_STEPS, Turns

STEP_S = MAX_TURN_S / 20


class Bench:
    """Entries are numbers of steps, twenty of which fill a turn; it notes what is done."""

    def __init__(self) -> None:
        self.now = 0.0
        self.done: list[tuple[str, int]] = []
        self.turns: Turns[tuple[str, int]] = Turns(self._begin, clock=lambda: self.now)

    def _begin(self, entry: tuple[str, int]) -> Iterator[None]:
        name, steps = entry
        for step in range(steps):
            self.now += STEP_S
            self.done.append((name, step))
            yield

    def add(self, name: str, steps: int) -> bool:
        return self.turns.add((name, steps))


def test_short_work_is_done_in_one_turn() -> None:
    bench = Bench()
    bench.add("a", 2)
    bench.add("b", 1)
    assert not bench.turns.work()
    assert bench.done == [("a", 0), ("a", 1), ("b", 0)]
    assert not bench.turns.work()


def test_nothing_is_begun_before_its_turn() -> None:
    bench = Bench()
    bench.add("a", 1)
    assert bench.done == []


def test_long_work_takes_several_turns_of_the_same_length() -> None:
    bench = Bench()
    bench.add("a", 110)
    lengths, more = [], True
    while more:
        began = bench.now
        more = bench.turns.work()
        lengths.append(bench.now - began)
    assert bench.done == [("a", step) for step in range(110)]
    assert max(lengths) <= MAX_TURN_S + 1.1 * STEP_S
    assert 5 <= len(lengths) <= 6


def test_what_comes_meanwhile_waits_behind_what_is_being_done() -> None:
    bench = Bench()
    bench.add("a", 30)
    assert bench.turns.work()
    bench.add("b", 2)
    while bench.turns.work():
        pass
    assert bench.done == [*(("a", step) for step in range(30)), ("b", 0), ("b", 1)]


def test_a_turn_that_others_cut_short_still_does_some_steps() -> None:
    bench = Bench()
    bench.add("a", 40)
    while True:
        bench.now += 1.0  # the process was kept from its core
        before = len(bench.done)
        more = bench.turns.work()
        if not more:
            break
        assert len(bench.done) - before >= MIN_STEPS
    assert len(bench.done) == 40


def test_an_entry_without_steps_is_passed_over() -> None:
    bench = Bench()
    bench.add("a", 0)
    bench.add("b", 1)
    assert not bench.turns.work()
    assert bench.done == [("b", 0)]


def test_too_many_that_wait_are_refused_and_half_of_them_are_told() -> None:
    bench = Bench()
    for _ in range(MAX_WAITING // 2):
        assert bench.add("a", 1)
    assert not bench.turns.is_behind
    for _ in range(MAX_WAITING // 2):
        assert bench.add("a", 1)
    assert bench.turns.is_behind
    assert not bench.add("b", 1)
    while bench.turns.work():
        pass
    assert not bench.turns.is_behind
    assert bench.add("c", 1)
    bench.turns.work()
    assert [name for name, _ in bench.done] == ["a"] * MAX_WAITING + ["c"]


def test_a_step_that_fails_ends_its_entry_alone() -> None:
    done: list[str] = []

    def begin(entry: str) -> Iterator[None]:
        if entry == "bad":
            raise ValueError
        done.append(entry)
        yield

    turns = Turns(begin)
    turns.add("bad")
    turns.add("good")
    failed = 0
    while True:
        try:
            if not turns.work():
                break
        except ValueError:
            failed += 1
    assert (failed, done) == (1, ["good"])
