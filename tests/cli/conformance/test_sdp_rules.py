"""``sdp_rules.py``: answers, and offers that are refused."""

from __future__ import annotations

import pytest

from cli.conformance.endpoint import Protocol
from cli.conformance.sdp_rules import RULES
from cli.conformance.verdict import RuleOutcome
from tests.cli.conformance.trying import named, outcome_at, try_at

FAULTS = [
    ("answer-direction", "answer-sendrecv"),
    ("takes-sendrecv", "answer-sendrecv"),
    ("refuses-direction", "takes-anything"),
    ("bundle", "half-bundle"),
    ("one-transport", "two-transports"),
    ("rtcp-mux", "no-rtcp-mux"),
    ("rtcp-mux-only", "no-rtcp-mux-only"),
    ("setup-actpass", "setup-actpass"),
    ("setup-active", "setup-actpass"),
    ("needs-fingerprint", "takes-anything"),
    ("needs-ice-login", "takes-anything"),
    ("simulcast", "no-rid"),
]


@pytest.mark.parametrize("rule", [r for r in RULES if r.sections[0]], ids=lambda rule: rule.name)
async def test_a_good_server_keeps_every_rule(rule) -> None:  # type: ignore[no-untyped-def]
    found = await try_at(rule)
    assert found.outcome is RuleOutcome.PASS, found.came


@pytest.mark.parametrize("name,fault", FAULTS)
async def test_a_fault_breaks_its_rule(name: str, fault: str) -> None:
    assert await outcome_at(named(RULES, name), fault) is RuleOutcome.FAIL


async def test_a_viewer_gets_one_stream() -> None:
    rule = named(RULES, "one-stream")
    assert await outcome_at(rule, protocol=Protocol.WHEP) is RuleOutcome.PASS
    assert await outcome_at(rule, "two-streams", protocol=Protocol.WHEP) is RuleOutcome.FAIL


async def test_two_tracks_may_be_taken_from_a_publisher_and_not_sent_to_a_viewer() -> None:
    rule = named(RULES, "one-track-a-kind")
    assert await outcome_at(rule, "takes-anything") is RuleOutcome.PASS
    assert await outcome_at(rule, "takes-anything", protocol=Protocol.WHEP) is RuleOutcome.FAIL


async def test_the_client_role_of_dtls_may_be_refused() -> None:
    found = await try_at(named(RULES, "setup-active"), "passive-only")
    assert (found.outcome, found.came[:3]) == (RuleOutcome.PASS, "422")


async def test_layers_need_not_be_taken() -> None:
    assert await outcome_at(named(RULES, "simulcast"), "one-layer") is RuleOutcome.SKIP


async def test_sound_that_nobody_knows_may_be_taken() -> None:
    """A server that records everything knows every codec."""
    assert await outcome_at(named(RULES, "no-partial-answer"), "takes-anything") is RuleOutcome.PASS
