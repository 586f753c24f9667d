from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.team import device_model
from workers.team.device_model import (
    FAILED_FACTOR,
    FIRST_TRUST,
    KEPT_S,
    LATE_S,
    MAX_BACKLOG_S,
    MAX_SILENCE_S,
    MIN_FACTOR,
    MIN_TRUST,
    DeviceModel,
)

RATE = 500.0
SAMPLES = 40_000
WORK_S = 0.0205
"""Of one region of so many samples at that rate."""
PATH_S = 0.04


@dataclasses.dataclass
class Helper:
    """A device in virtual time that works on one task after another."""

    model: DeviceModel
    pace: float = 1.0
    free_at: float = 0.0
    number: int = 0

    def send(self, now: float, *, left_s: float = 0.15) -> tuple[int, float, float, float]:
        """Sends a task; its number, when its result is here, its whole and its waiting time."""
        self.number += 1
        self.model.sent(self.number, 1, SAMPLES, deadline=now + left_s, now=now)
        there = now + PATH_S / 2
        begins = max(there, self.free_at)
        self.free_at = begins + self.pace * WORK_S
        whole_s = self.free_at - there
        return self.number, self.free_at + PATH_S / 2, 1000 * whole_s, 1000 * (begins - there)

    def answer(self, sent: tuple[int, float, float, float]) -> device_model.Finished | None:
        number, here, whole_ms, waited_ms = sent
        return self.model.result(number, whole_ms=whole_ms, waited_ms=waited_ms, now=here)

    def run(self, count: int, now: float, *, interval_s: float = 1 / 30) -> float:
        """Does so many tasks, one in each interval, and returns the time afterwards."""
        for _ in range(count):
            assert self.answer(self.send(now)) is not None
            now += interval_s
        return now


def helper(now: float = 0.0) -> Helper:
    return Helper(DeviceModel("dev1", ms_per_megasample=RATE, now=now))


def test_a_new_helper_is_trusted_by_half_and_soon_by_all() -> None:
    model = helper().model
    assert model.trust(now=0.0) == FIRST_TRUST
    assert model.offer(now=0.0).ms_per_megasample == pytest.approx(RATE / FIRST_TRUST)
    assert model.trust(now=2.0) == 1.0
    assert model.offer(now=2.0).ms_per_megasample == pytest.approx(RATE)


def test_the_path_is_learnt_without_the_helpers_own_time() -> None:
    one = helper()
    one.run(40, 0.0)
    assert one.model.path_s == pytest.approx(PATH_S, abs=0.002)
    offer = one.model.offer(now=5.0)
    assert offer.start_s == offer.return_s == pytest.approx(PATH_S / 2, abs=0.001)


def test_waiting_for_the_frame_is_part_of_the_path_and_waiting_for_earlier_tasks_is_not() -> None:
    queue, frame = helper(), helper()
    now = 0.0
    for _ in range(40):
        for sent in [queue.send(now) for _ in range(3)]:
            queue.answer(sent)
        number, here, whole_ms, _ = frame.send(now)
        late = here + 0.02
        frame.model.result(number, whole_ms=whole_ms + 20.0, waited_ms=20.0, now=late)
        now += 0.1
    assert queue.model.path_s == pytest.approx(PATH_S, abs=0.003)
    assert frame.model.path_s == pytest.approx(PATH_S + 0.02, abs=0.003)
    assert frame.model.service.ms(1, SAMPLES) == pytest.approx(1000 * WORK_S, rel=0.1)


def test_what_waits_there_counts_before_it_begins_and_bounds_what_is_given() -> None:
    one = helper()
    now = one.run(60, 0.0)
    for _ in range(2):
        one.send(now)
    offer = one.model.offer(now=now)
    assert offer.start_s == pytest.approx(PATH_S / 2 + 2 * WORK_S, abs=0.003)
    assert offer.max_work_ms == pytest.approx(1000 * (MAX_BACKLOG_S - 2 * WORK_S), abs=3.0)
    assert not offer.takes_one
    for _ in range(4):
        one.send(now)
    assert one.model.offer(now=now).max_work_ms == 0.0


def test_a_helper_without_work_takes_a_region_however_long_it_takes() -> None:
    one = helper()
    assert one.model.offer(now=0.0).takes_one
    sent = one.send(0.0)
    assert not one.model.offer(now=0.01).takes_one
    one.answer(sent)
    assert one.model.offer(now=0.2).takes_one


def test_nothing_is_given_while_a_result_is_overdue() -> None:
    one = helper()
    now = one.run(60, 0.0)
    number, here, *_ = one.send(now)
    assert one.model.offer(now=here).max_work_ms > 0.0
    overdue = here + 0.012
    assert one.model.is_overdue(now=overdue)
    assert one.model.offer(now=overdue).max_work_ms == 0.0
    one.model.result(number, whole_ms=30.0, waited_ms=0.0, now=overdue)
    assert not one.model.is_overdue(now=overdue)


def test_a_helper_that_becomes_slower_gets_less_by_its_next_results() -> None:
    one = helper()
    now = one.run(60, 0.0)
    before = one.model.offer(now=now).ms_per_megasample
    one.pace = 4.0
    now = one.run(1, now, interval_s=0.2)
    assert one.model.offer(now=now).ms_per_megasample > 2.0 * before
    one.run(3, now, interval_s=0.2)
    assert one.model.offer(now=now + 0.6).ms_per_megasample > 3.0 * before


def test_a_late_result_costs_trust_once_and_it_comes_back_slowly() -> None:
    one = helper()
    now = one.run(90, 0.0)
    assert one.model.trust(now=now) == 1.0
    sent = [one.send(now, left_s=0.05) for _ in range(3)]
    finished = [one.answer(each) for each in sent]
    assert [each is not None and each.late_s > 0.0 for each in finished] == [True] * 3
    # All three were on their way when the first one told that something was wrong.
    after = sent[-1][1]
    first_s = finished[0].late_s if finished[0] is not None else 0.0
    expected = 1.0 - first_s / LATE_S
    assert expected < 0.95
    assert one.model.trust(now=after) == pytest.approx(expected, abs=0.02)
    assert one.model.trust(now=after + 0.1) < 1.0
    assert one.model.trust(now=after + 1.0) == 1.0


def test_a_result_that_is_very_late_halves_trust() -> None:
    one = helper()
    now = one.run(90, 0.0)
    one.pace = 20.0
    assert one.answer(one.send(now)) is not None
    assert one.model.trust(now=one.free_at + PATH_S / 2) == pytest.approx(MIN_FACTOR)


def test_a_missing_result_halves_trust_unless_a_later_one_came() -> None:
    silent, lossy = helper(), helper()
    for one in (silent, lossy):
        one.run(90, 0.0)
        one.send(3.0)
    lossy.answer(lossy.send(3.02))
    for one in (silent, lossy):
        one.model.on_time(now=3.16)
        assert one.model.trust(now=3.16) == 1.0, "it may just be late"
        one.model.on_time(now=3.2)
    assert silent.model.trust(now=3.2) == pytest.approx(0.5)
    assert lossy.model.trust(now=3.2) == 1.0


def test_a_single_overtaken_result_says_nothing_on_a_path_that_loses_messages() -> None:
    one = helper()
    now = one.run(90, 0.0)
    one.send(now)
    one.answer(one.send(now + 1 / 30))
    now += 0.2
    _, here, *_ = one.send(now)
    one.send(now + 0.001)
    assert not one.model.is_overdue(now=here + 0.02)
    assert one.model.late_tasks(now=here + 0.02) == []
    assert one.model.is_overdue(now=here + WORK_S + 0.03)


def test_the_tasks_behind_one_that_is_overdue_will_be_late_too() -> None:
    one = helper()
    now = one.run(90, 0.0)
    first, second = one.send(now), one.send(now + 0.01)
    third = one.send(now + 0.02, left_s=1.0)
    assert one.model.late_tasks(now=first[1]) == []
    found = one.model.late_tasks(now=first[1] + 0.04)
    assert second[0] in found and third[0] not in found


def test_what_never_had_a_result_is_forgotten_and_counted() -> None:
    one = helper()
    number, *_ = one.send(0.0)
    one.model.on_time(now=0.2)
    assert one.model.numbers() == [number]
    one.model.on_time(now=0.2 + KEPT_S)
    assert one.model.numbers() == []
    # It gets nothing more until it is heard again.
    assert not one.model.offer(now=2.5).takes_one and one.model.is_overdue(now=2.5)
    one.model.ready(RATE, 1.0, now=2.6)
    assert one.model.offer(now=2.6).takes_one
    assert one.model.result(number, whole_ms=1.0, waited_ms=0.0, now=2.7) is None


def test_a_helper_of_which_nothing_is_heard_is_gone() -> None:
    one = helper()
    one.model.ready(RATE, 1.0, now=1.0)
    assert not one.model.is_gone(now=1.0 + MAX_SILENCE_S)
    assert one.model.is_gone(now=1.01 + MAX_SILENCE_S)


def test_its_own_measurement_counts_before_results_and_after_a_pause_of_them() -> None:
    one = helper()
    one.model.ready(250.0, 0.5, now=0.1)
    assert one.model.service.ms_per_megasample == pytest.approx(500.0)
    one.pace = 3.0
    one.run(30, 0.2, interval_s=0.1)
    learnt = one.model.service.ms_per_megasample
    one.model.ready(250.0, 1.0, now=3.5)
    assert one.model.service.ms_per_megasample == learnt
    one.model.ready(0.0, 1.0, now=9.0)
    assert one.model.service.ms_per_megasample == learnt
    one.model.ready(250.0, 1.0, now=9.1)
    assert one.model.service.ms_per_megasample == pytest.approx(250.0)


def test_a_task_that_failed_costs_trust_and_frees_the_helper() -> None:
    one = helper()
    now = one.run(90, 0.0)
    number, *_ = one.send(now)
    assert one.model.failed(number, now=now + 0.03) is not None
    assert one.model.failed(number, now=now + 0.03) is None
    assert one.model.trust(now=now + 0.03) == pytest.approx(FAILED_FACTOR)
    assert one.model.offer(now=now + 0.03).takes_one


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("send", "answer", "lose", "fail", "ready", "time")),
            st.floats(0.0, 0.5),
            st.floats(0.0, 400.0),
        ),
        max_size=80,
    )
)
def test_offers_stay_within_their_bounds_whatever_happens(
    events: list[tuple[str, float, float]],
) -> None:
    model, now, number, waiting = DeviceModel("a", ms_per_megasample=RATE, now=0.0), 0.0, 0, [0]
    for what, passed_s, ms in events:
        now += passed_s
        if what == "send":
            number += 1
            model.sent(number, 2, SAMPLES, deadline=now + 0.1, now=now)
            waiting.append(number)
        elif what == "answer":
            model.result(waiting.pop(0) if waiting else 0, whole_ms=ms, waited_ms=ms / 2, now=now)
        elif what == "lose" and waiting:
            waiting.pop()
        elif what == "fail" and waiting:
            model.failed(waiting.pop(0), now=now)
        elif what == "ready":
            model.ready(ms, min(1.0, passed_s), now=now)
        elif what == "time":
            model.on_time(now=now)
        offer = model.offer(now=now)
        assert MIN_TRUST <= model.trust(now=now) <= 1.0
        assert offer.start_s >= offer.return_s >= 0.0
        assert 0.0 <= offer.max_work_ms <= 1000 * MAX_BACKLOG_S
        assert offer.work_ms(1, 1000) > 0.0
        assert set(model.late_tasks(now=now)) <= set(model.numbers())
        assert len(model.numbers()) <= number


def test_a_path_that_was_too_long_for_any_task_is_tried_again() -> None:
    model = DeviceModel("a", ms_per_megasample=RATE, now=0.0)
    for number in range(40):
        model.sent(number, 1, SAMPLES, deadline=number + 0.2, now=float(number))
        model.result(number, whole_ms=20.0, waited_ms=0.0, now=number + 0.42)
        model.ready(RATE, 1.0, now=number + 0.5)
    assert model.path_s == pytest.approx(0.4)
    # Nothing can be given to it, so no result will say that the path is better by now.
    model.ready(RATE, 1.0, now=41.0)
    assert model.path_s == pytest.approx(0.4)
    model.ready(RATE, 1.0, now=39.42 + device_model.RELEARN_S + 0.1)
    assert model.path_s == device_model.FIRST_PATH_S
