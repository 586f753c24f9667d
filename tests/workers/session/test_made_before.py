from __future__ import annotations

from workers.session.made_before import MADE_S, MadeBefore


def test_nothing_was_made_before_a_first_lead() -> None:
    made = MadeBefore()
    assert not made.has(0, now=0.0)
    made.begin(-1, now=0.0)
    assert not made.has(0, now=0.0)


def test_what_is_not_younger_than_the_log_was_made() -> None:
    made = MadeBefore()
    made.begin(6000, now=10.0)
    assert [made.has(pts, now=10.1) for pts in (0, 3000, 6000, 9000)] == [True, True, True, False]


def test_after_a_younger_unit_an_older_one_is_no_repetition() -> None:
    """Frames of a source may leave a decoder out of order, or its clock was set."""
    made = MadeBefore()
    made.begin(6000, now=10.0)
    assert not made.has(9000, now=10.1)
    assert not made.has(3000, now=10.2)


def test_the_log_of_another_publisher_holds_a_lead_up_for_a_moment_only() -> None:
    made = MadeBefore()
    made.begin(2**40, now=10.0)
    assert made.has(3000, now=10.0 + MADE_S - 0.01)
    assert not made.has(6000, now=10.0 + MADE_S)
    assert not made.has(9000, now=10.0)
