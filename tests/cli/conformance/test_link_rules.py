"""``link_rules.py``: STUN and TURN servers, extensions."""

from __future__ import annotations

import pytest

from cli.conformance.endpoint import Protocol
from cli.conformance.link_rules import RULES
from cli.conformance.verdict import RuleOutcome
from tests.cli.conformance.trying import named, outcome_at, try_at


@pytest.mark.parametrize("rule", [r for r in RULES if r.sections[1]], ids=lambda rule: rule.name)
async def test_a_good_server_keeps_every_rule(rule) -> None:  # type: ignore[no-untyped-def]
    found = await try_at(rule, protocol=Protocol.WHEP)
    assert found.outcome is RuleOutcome.PASS, found.came


@pytest.mark.parametrize(
    "name,fault",
    [
        ("ice-servers", "unquoted-credential"),
        ("ice-servers", "ice-server-url"),
        ("no-ice-servers-on-preflight", "preflight-ice-servers"),
        ("extension-links", "two-links"),
    ],
)
async def test_a_fault_breaks_its_rule(name: str, fault: str) -> None:
    assert await outcome_at(named(RULES, name), fault, protocol=Protocol.WHEP) is RuleOutcome.FAIL


async def test_extensions_are_named_without_their_prefix() -> None:
    found = await try_at(named(RULES, "extension-links"), protocol=Protocol.WHEP)
    assert found.came == "core:server-sent-events, core:layer"


async def test_a_server_without_extensions_keeps_the_rule() -> None:
    assert await outcome_at(named(RULES, "extension-links")) is RuleOutcome.SKIP
