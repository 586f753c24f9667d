from __future__ import annotations

import pytest

from wire.log import TrimPolicy, _just_before

START = 1_767_225_600_000


def trimmed_to(answer: str | None) -> int | None:
    """The answer in ms since the start."""
    return None if answer is None else int(answer.removesuffix("-0")) - START


class Timeline:
    """Appends at virtual times, in ms since the start."""

    def __init__(self) -> None:
        self.policy = TrimPolicy(grace_s=2.0, max_age_s=15.0)

    def append(self, at_ms: int, *, key: bool = False) -> int | None:
        answer = trimmed_to(self.policy.before_append(now_ms=START + at_ms))
        self.policy.on_appended(id_ms=START + at_ms, has_key_frame=key)
        return answer


def test_the_first_append_removes_what_is_too_old() -> None:
    assert Timeline().append(0) == -15_000


def test_entries_before_the_last_key_frame_go_after_the_grace() -> None:
    timeline = Timeline()
    timeline.append(0, key=True)
    timeline.append(10_000, key=True)
    assert timeline.append(11_999) == 9_999
    assert timeline.append(12_600) is None
    assert timeline.append(14_000) is None
    assert timeline.append(16_000, key=True) is None
    assert timeline.append(18_100) == 16_000


def test_the_last_key_frame_itself_is_kept_until_it_is_too_old() -> None:
    timeline = Timeline()
    timeline.append(0, key=True)
    answers = [timeline.append(at_ms) for at_ms in range(100, 15_000, 100)]
    assert max(answer for answer in answers if answer is not None) <= 0
    assert timeline.append(15_600) == 600


def test_without_key_frames_entries_go_by_age_alone() -> None:
    timeline = Timeline()
    timeline.append(0)
    assert timeline.append(20_000) == 5_000


def test_a_trim_is_not_worth_it_for_less_than_half_a_second() -> None:
    timeline = Timeline()
    answers = [timeline.append(at_ms) for at_ms in range(0, 10_000, 10)]
    assert sum(answer is not None for answer in answers) == 20


def test_a_key_frame_that_is_about_to_be_appended_trims_nothing_yet() -> None:
    timeline = Timeline()
    timeline.append(0, key=True)
    before = timeline.append(5_000)
    assert before == 0
    assert timeline.append(5_100, key=True) is None


@pytest.mark.parametrize(
    ("entry", "before"),
    [("5-2", "5-1"), ("5-1", "5-0"), ("5-0", "4-18446744073709551615")],
)
def test_the_id_before_an_id(entry: str, before: str) -> None:
    assert _just_before(entry) == before
