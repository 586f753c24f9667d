"""``workers.tuning.tuning_policy``: in virtual time."""

from __future__ import annotations

import pytest

from workers.tuning.tuning_policy import (
    HELD_BACK,
    JUDGE_S,
    MIN_GAIN_DB,
    MIN_IDLE_S,
    MIN_IDLE_TIME_S,
    PICTURE_S,
    REST_S,
    SHOWN,
    Purpose,
    Question,
    TuningPolicy,
)
from workers.tuning.tuning_state import TuningState


class Stream:
    """A stream of 30 pictures a second in virtual time, with an answer when it is wanted."""

    def __init__(self) -> None:
        self.policy = TuningPolicy(owner="cam1")
        self.now = 0.0
        self.kept: list[Purpose] = []
        self.questions: list[Question] = []

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now += 1 / 30
            purpose = self.policy.purpose(now=self.now)
            if purpose is not None:
                self.kept.append(purpose)
            question = self.policy.question()
            if question is not None:
                self.questions.append(question)

    def answer(self, gain_db: float | None) -> bool:
        return self.policy.answer(self.questions[-1], gain_db, now=self.now)


@pytest.fixture
def stream() -> Stream:
    return Stream()


def test_the_newest_pictures_are_held_back_and_one_question_follows(stream: Stream) -> None:
    stream.run(60.0)
    assert stream.kept == [Purpose.SHOWN] * SHOWN + [Purpose.HELD_BACK] * HELD_BACK
    assert stream.questions == [Question(True, stream.policy.number)]
    assert stream.policy.state is TuningState.TRAINING and not stream.policy.is_used


def test_pictures_are_a_second_apart(stream: Stream) -> None:
    stream.run(5.0 * PICTURE_S)
    assert 4 <= len(stream.kept) <= 5


def test_a_net_that_is_better_is_used_and_judged_again(stream: Stream) -> None:
    stream.run(30.0)
    assert stream.answer(MIN_GAIN_DB)
    assert stream.policy.is_used and stream.policy.gain_db == MIN_GAIN_DB
    before = len(stream.kept)
    stream.run(JUDGE_S - 1.0)
    assert len(stream.kept) == before
    stream.run(HELD_BACK * PICTURE_S + 2.0)
    assert stream.kept[before:] == [Purpose.HELD_BACK] * HELD_BACK
    assert stream.questions[-1] == Question(False, stream.policy.number)
    assert stream.policy.is_used, "it is used while it is judged"
    assert stream.answer(3.0) and stream.policy.gain_db == 3.0


def test_a_net_that_is_no_longer_better_is_dropped(stream: Stream) -> None:
    stream.run(30.0)
    stream.answer(2.0)
    stream.run(JUDGE_S + 10.0)
    assert not stream.answer(MIN_GAIN_DB - 0.01)
    assert not stream.policy.is_used and stream.policy.state is TuningState.RESTING


@pytest.mark.parametrize("gain", [None, -1.0, 0.0, MIN_GAIN_DB - 0.01])
def test_what_was_not_worth_it_is_tried_again_after_a_rest(
    stream: Stream, gain: float | None
) -> None:
    stream.run(30.0)
    assert not stream.answer(gain)
    before = len(stream.kept)
    stream.run(REST_S - 1.0)
    assert stream.policy.state is TuningState.RESTING and len(stream.kept) == before
    stream.run(30.0)
    assert len(stream.questions) == 2 and stream.questions[-1].is_new


def test_a_cut_drops_the_net_and_what_was_kept(stream: Stream) -> None:
    stream.run(30.0)
    stream.answer(2.0)
    number = stream.policy.number
    stream.policy.cut(now=stream.now)
    assert not stream.policy.is_used and stream.policy.number == number + 1
    before = len(stream.kept)
    stream.run(30.0)
    assert stream.kept[before:] == [Purpose.SHOWN] * SHOWN + [Purpose.HELD_BACK] * HELD_BACK


def test_an_answer_for_an_earlier_scene_is_not_taken(stream: Stream) -> None:
    stream.run(30.0)
    stream.policy.cut(now=stream.now)
    assert not stream.answer(9.0)
    assert stream.policy.state is TuningState.COLLECTING
    stream.run(30.0)
    old, new = stream.questions
    assert not stream.policy.answer(old, 9.0, now=stream.now)
    assert stream.policy.answer(new, 9.0, now=stream.now)


def test_an_answer_is_taken_once(stream: Stream) -> None:
    stream.run(30.0)
    assert stream.answer(2.0)
    assert not stream.answer(2.0)
    assert stream.policy.is_used


def test_saturation_suspends_at_once_and_rest_begins_late() -> None:
    policy = TuningPolicy(owner="cam1")
    assert not policy.may_work(MIN_IDLE_S, now=0.0)
    assert not policy.may_work(MIN_IDLE_S, now=MIN_IDLE_TIME_S - 0.1)
    assert policy.may_work(MIN_IDLE_S, now=MIN_IDLE_TIME_S)
    assert not policy.may_work(MIN_IDLE_S - 0.01, now=MIN_IDLE_TIME_S + 1)
    assert not policy.may_work(1.0, now=MIN_IDLE_TIME_S + 2)
    assert policy.may_work(1.0, now=2 * MIN_IDLE_TIME_S + 2)
