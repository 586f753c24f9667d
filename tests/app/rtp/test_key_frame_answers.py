"""Publishers that make key frames on request and such that do not: ``key_frame_answers.py``."""

from __future__ import annotations

import pytest

from app.rtp.key_frame_answers import ANSWER_S, JUDGED, MIN_JUDGED, KeyFrameAnswers


def test_a_browser_answers() -> None:
    answers = KeyFrameAnswers()
    for number in range(20):
        answers.ask(now=number)
        answers.come(now=number + 0.15)
    assert not answers.is_deaf


@pytest.mark.parametrize("interval_s", [1.0, 2.0, 4.0])
def test_one_whose_key_frames_come_when_they_come_is_deaf_most_of_the_time(
    interval_s: float,
) -> None:
    answers = KeyFrameAnswers()
    deaf = 0
    next_key = interval_s
    for step in range(4000):
        now = step / 10
        if now >= next_key:
            answers.come(now=now)
            next_key += interval_s
        if step % 7 == 0:
            answers.ask(now=now)
        deaf += answers.is_deaf
    assert deaf > (0.3 if interval_s == 1.0 else 0.8) * 4000


def test_few_requests_tell_nothing() -> None:
    answers = KeyFrameAnswers()
    for number in range(MIN_JUDGED):
        assert not answers.is_deaf
        answers.ask(now=10.0 * number)
    answers.come(now=10.0 * MIN_JUDGED)
    assert answers.is_deaf


def test_one_that_is_answered_again_is_deaf_no_more() -> None:
    answers = KeyFrameAnswers()
    for number in range(10):
        answers.ask(now=number)
    assert answers.is_deaf
    for number in range(10, 10 + JUDGED):
        answers.ask(now=number)
        answers.come(now=number + ANSWER_S / 2)
    assert not answers.is_deaf


def test_a_key_frame_without_a_request_counts_for_nothing() -> None:
    answers = KeyFrameAnswers()
    for number in range(10):
        answers.come(now=number)
    assert not answers.is_deaf


def test_requests_in_a_row_are_one() -> None:
    answers = KeyFrameAnswers()
    for step in range(6):
        answers.ask(now=step * 0.1)
    answers.come(now=0.55)
    assert list(answers._answered) == [True]
