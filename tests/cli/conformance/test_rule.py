"""``rule.py``: what a rule says, over all tables."""

from __future__ import annotations

import dataclasses
import re

import pytest

from cli.conformance.endpoint import HttpEndpoint, Protocol
from cli.conformance.rule import Rule
from cli.conformance.suite import rules_for
from cli.conformance.verdict import Level, RuleStage

ALL = list(dict.fromkeys(rule for protocol in Protocol for rule in rules_for(protocol)))


async def nothing(site: HttpEndpoint) -> str:
    """Tries nothing."""
    return ""


def test_a_rule_is_tried_on_plain_offers_unless_it_says_otherwise() -> None:
    rule = Rule("name", Level.MUST, ("4.2", ""), "sent", "expected", nothing)
    assert rule.stage is RuleStage.PLAIN
    with pytest.raises(dataclasses.FrozenInstanceError):
        rule.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_names_and_sections_have_their_forms(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
    whip, whep = rule.sections
    assert re.fullmatch(r"[45](\.\d){0,2}|", whip)
    assert whep[:1].isupper() or not whep
    assert whip or whep
