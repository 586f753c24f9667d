"""Tries rules at the good server with faults."""

from __future__ import annotations

from collections.abc import Sequence

from cli.conformance.endpoint import HttpEndpoint, Protocol
from cli.conformance.rule import Rule
from cli.conformance.suite import try_rule
from cli.conformance.verdict import RuleFinding, RuleOutcome
from tests.cli.conformance.good_server import TOKEN, good_server


def named(rules: Sequence[Rule], name: str) -> Rule:
    """The rule of a name."""
    (found,) = (rule for rule in rules if rule.name == name)
    return found


async def try_at(
    rule: Rule, *faults: str, protocol: Protocol = Protocol.WHIP, token: str = TOKEN
) -> RuleFinding:
    """What comes of a rule at a server with these faults."""
    with good_server(*faults) as (root, _):
        path = protocol.value.lower()
        return await try_rule(rule, HttpEndpoint(protocol, f"{root}/{path}/one", token))


async def outcome_at(rule: Rule, *faults: str, protocol: Protocol = Protocol.WHIP) -> RuleOutcome:
    """The outcome alone."""
    return (await try_at(rule, *faults, protocol=protocol)).outcome
