"""``verdict.py``: levels, outcomes, and what a rule raises."""

from __future__ import annotations

import dataclasses

import pytest

from cli.conformance.verdict import Level, RuleFinding, RuleOutcome, RuleStage, Unmet, require


def finding(**changes: object) -> RuleFinding:
    """A finding with some fields changed."""
    made = RuleFinding(
        "WHIP", "4.2", "post", Level.MUST, RuleOutcome.PASS, "POST", "201", "201", 0.5
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [True, "x", [0], 1])
def test_what_is_met_passes(value: object) -> None:
    require(value, "never said")


@pytest.mark.parametrize("value", [False, "", [], 0, None])
def test_what_is_not_met_says_what_came(value: object) -> None:
    with pytest.raises(Unmet, match="403 came"):
        require(value, "403 came")


def test_findings_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        finding().came = "other"  # type: ignore[misc]


def test_stages_run_in_the_order_in_which_they_are_written() -> None:
    assert [stage.name for stage in RuleStage] == ["IDLE", "PLAIN", "LIVE", "ROUGH", "END"]
