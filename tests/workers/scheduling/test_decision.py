from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.scheduling.decision import DROP, Decision, FrameRequest, Reason
from workers.scheduling.option import MAX_FRACTION, MethodInfo, Option

from .levels import BICUBIC, FULL, NETS, SMALL, TEMPORAL

FREE = Option(BICUBIC)


def frame(*options: Option, energy: float | None = None) -> FrameRequest:
    return FrameRequest(10.0, 1 / 30, 480 * 270, (*options, FREE), energy)


def partial(wanted: float, energy: float | None = None) -> Option:
    return Option(TEMPORAL, wanted=wanted, energy=energy)


def methods_of(request: FrameRequest) -> list[MethodInfo]:
    return [option.method for option in request.options]


@pytest.mark.parametrize("method", [BICUBIC, SMALL, TEMPORAL, FULL])
def test_a_decision_is_reported_by_the_name_of_its_method(method: MethodInfo) -> None:
    assert Decision(method).level == method.name


def test_a_frame_without_a_method_is_a_drop() -> None:
    assert Decision(None, reason=Reason.TOO_LATE).level == DROP == "drop"


def test_reasons_are_told_by_words_that_are_all_different() -> None:
    words = [reason.value for reason in Reason]
    assert len(set(words)) == len(words)
    assert all(word == word.lower() and " " not in word for word in words)


def test_of_a_frame_that_helpers_work_on_only_partial_work_and_a_resize_are_considered() -> None:
    for wanted in (0.0, 0.3, 1.0):
        request = frame(Option(FULL), Option(SMALL), partial(wanted))
        helped = dataclasses.replace(request, has_helpers=True)
        assert methods_of(helped.considered()) == [TEMPORAL, BICUBIC]
    without = dataclasses.replace(frame(Option(FULL), Option(SMALL)), has_helpers=True)
    assert methods_of(without.considered()) == [BICUBIC]


def test_without_plans_nothing_is_copied() -> None:
    request = frame(Option(FULL))
    assert request.planned() is request


def test_a_plan_takes_the_place_of_its_rough_option_and_is_asked_once() -> None:
    asked: list[int] = []

    def plan() -> Option:
        asked.append(1)
        return partial(0.25, energy=3.0)

    rough = dataclasses.replace(partial(1.0), plan=plan)
    request = frame(Option(FULL), rough)
    assert asked == []
    made = request.planned()
    assert asked == [1] and methods_of(made) == [FULL, TEMPORAL, BICUBIC]
    assert (made.wanted, made.best_energy) == (0.25, 3.0)
    # What was asked stays as it was.
    assert request.options[1] is rough and made.planned() is made


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        (0.0, [TEMPORAL, BICUBIC]),
        (MAX_FRACTION, [TEMPORAL, BICUBIC]),
        (MAX_FRACTION + 0.001, [FULL, TEMPORAL, BICUBIC]),
        (1.0, [FULL, TEMPORAL, BICUBIC]),
    ],
)
def test_the_whole_net_is_no_option_where_a_small_part_makes_the_same_picture(
    wanted: float, kept: list[MethodInfo]
) -> None:
    assert methods_of(frame(Option(FULL), partial(wanted)).considered()) == kept


def test_without_partial_work_the_whole_net_stays() -> None:
    request = frame(Option(FULL), Option(SMALL))
    assert request.considered() is request and request.wanted == 1.0


def test_options_are_taken_out_by_method() -> None:
    request = frame(Option(FULL), Option(SMALL), partial(0.5))
    assert methods_of(request.without(FULL, TEMPORAL)) == [SMALL, BICUBIC]
    assert request.without() is request and request.without(None) is request
    without = frame(Option(SMALL))
    assert without.without(FULL) is without


def test_methods_that_are_free_are_not_competed_for() -> None:
    assert frame(Option(FULL), partial(0.5)).methods == {FULL, TEMPORAL}
    assert frame().methods == frozenset()


def test_an_option_knows_the_energy_better_than_the_last_measurement() -> None:
    assert frame(Option(FULL), energy=2.0).best_energy == 2.0
    assert frame(Option(FULL), partial(0.5, energy=7.0), energy=2.0).best_energy == 7.0
    assert frame(Option(FULL)).best_energy is None
    # Nothing to gain is a value too.
    assert frame(partial(0.5, energy=0.0), energy=2.0).best_energy == 0.0


@given(st.sets(st.sampled_from(NETS)), st.floats(0.0, 1.0))
def test_whatever_is_taken_out_the_free_method_stays(
    methods: set[MethodInfo], wanted: float
) -> None:
    options = [Option(one, wanted=wanted) for one in NETS if one in methods]
    request = frame(*options).considered()
    assert BICUBIC in methods_of(request)
    assert request.methods <= methods
    assert (TEMPORAL in request.methods) is (TEMPORAL in methods)
    assert set(methods_of(request.without(*NETS))) == {BICUBIC}
