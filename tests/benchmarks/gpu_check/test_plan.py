"""The steps and the budget that they fit in: no device, no clock."""

from __future__ import annotations

import pytest

from benchmarks.gpu_check.__main__ import ON_GPU
from benchmarks.gpu_check.plan import BUDGET_S, MIN_LIMIT_S, PRECISIONS, Budget, Step, steps_of


def spent(steps: tuple[Step, ...], budget_s: float, slowness: float = 1.0) -> tuple[Budget, float]:
    """Plays a run in which every step takes so many times what was expected, up to its limit."""
    budget, now = Budget(steps, budget_s), 0.0
    while (found := budget.next_step(spent_s=now)) is not None:
        step, limit_s = found
        now += min(slowness * step.expected_s, limit_s)
    return budget, now


def test_every_precision_of_every_engine_has_its_picture_and_its_speed_at_each_size() -> None:
    names = [step.name for step in steps_of(ON_GPU)]
    assert len(names) == len(set(names))
    for engine in ON_GPU:
        assert f"contract-{engine}" in names
        for precision in PRECISIONS[engine]:
            assert f"pictures-{engine}-{precision}-360p" in names
            for height in (360, 540, 720):
                assert f"speed-{engine}-{precision}-{height}p" in names


def test_what_tells_most_comes_first() -> None:
    checks = [step.check for step in steps_of(ON_GPU)]
    assert checks[0] == "operators"
    assert checks[1:9] == ["pictures"] * 4 + ["contract"] * 4
    assert [step.name for step in steps_of(ON_GPU)][9] == "speed-tensorrt-fp16-360p"


@pytest.mark.parametrize("slowness", [0.1, 1.0, 2.0, 10.0])
def test_a_run_stays_below_eight_minutes_however_slow_its_steps_are(slowness: float) -> None:
    _, seconds = spent(steps_of(ON_GPU), BUDGET_S, slowness)
    assert seconds <= BUDGET_S < 480


def test_as_expected_the_usual_budget_shows_every_engine_and_the_speed_of_the_first_two() -> None:
    budget, _ = spent(steps_of(ON_GPU), BUDGET_S)
    left_out = {step.name for step in budget.left_out}
    assert not any(name.startswith("contract") for name in left_out)
    assert not any("speed-tensorrt-fp16" in name for name in left_out)
    assert not any("speed-onnxruntime-cuda" in name for name in left_out)
    assert left_out, "what does not fit is told"


def test_with_time_enough_nothing_is_left_out() -> None:
    budget, _ = spent(steps_of(ON_GPU), 3600.0)
    assert budget.left_out == []


def test_a_step_that_does_not_fit_lets_a_shorter_one_pass() -> None:
    long, short = Step("contract", "torch", expected_s=50.0), Step("operators", "x", expected_s=5.0)
    budget = Budget((long, short), 30.0)
    assert budget.next_step(spent_s=0.0) == (short, 30.0)
    assert budget.next_step(spent_s=10.0) is None
    assert budget.left_out == [long]


def test_no_step_may_take_more_than_what_is_left() -> None:
    step = Step("contract", "torch", expected_s=50.0)
    assert Budget((step,), 400.0).next_step(spent_s=0.0) == (step, 150.0)
    assert Budget((step,), 400.0).next_step(spent_s=340.0) == (step, 60.0)


def test_short_steps_may_take_as_long_as_an_import_does() -> None:
    assert Step("operators", "graphs", expected_s=1.0).limit_s == MIN_LIMIT_S


def test_torch_on_a_processor_has_one_precision() -> None:
    names = {step.name for step in steps_of(("torch",), on_gpu=False)}
    assert "pictures-torch-fp32-360p" in names
    assert not any("fp16" in name for name in names)


def test_engines_run_the_nets_and_the_batches_that_they_can() -> None:
    assert Step("speed", "torch").model == "unet-xs" and Step("speed", "torch").batches == (1,)
    assert Step("speed", "tensorrt").model == "live-s" and Step("speed", "tensorrt").batches[-1] > 1
