"""``ice_rules.py``: candidates, entity tags, trickle, restarts."""

from __future__ import annotations

import pytest

from cli.conformance.endpoint import HttpEndpoint, Protocol
from cli.conformance.ice_rules import RULES, restart, trickle_session
from cli.conformance.verdict import NotApplicable, RuleOutcome
from tests.cli.conformance.good_server import TOKEN, good_server
from tests.cli.conformance.trying import named, outcome_at, try_at

FAULTS = [
    ("all-candidates", "no-candidate"),
    ("strong-etag", "weak-etag"),
    ("strong-etag", "one-etag"),
    ("strong-etag", "no-etag"),
    ("patch-wrong-type", "any-type"),
    ("patch-malformed", "any-fragment"),
    ("patch-without-tag", "no-428"),
    ("patch-other-tag", "no-412"),
    ("trickle", "trickle-200"),
    ("trickle", "trickle-etag"),
    ("trickle-odd-candidates", "odd-refused"),
    ("restart-answer", "restart-keeps-login"),
    ("restart-etag", "restart-keeps-etag"),
    ("restart-etag", "no-412"),
    ("restart-options", "restart-not-lite"),
    ("restart-refused", "refused-restart-ends"),
]


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
async def test_a_good_server_keeps_every_rule(rule, protocol: Protocol) -> None:  # type: ignore[no-untyped-def]
    found = await try_at(rule, protocol=protocol)
    assert found.outcome is RuleOutcome.PASS, found.came


@pytest.mark.parametrize("name,fault", FAULTS)
async def test_a_fault_breaks_its_rule(name: str, fault: str) -> None:
    assert await outcome_at(named(RULES, name), fault) is RuleOutcome.FAIL


async def test_a_restart_gets_200_or_422_and_nothing_else() -> None:
    rule = named(RULES, "restart-or-422")
    assert await outcome_at(rule, "no-restart") is RuleOutcome.PASS
    assert await outcome_at(rule, "no-restart", "restart-500") is RuleOutcome.FAIL


@pytest.mark.parametrize("name", ["restart-answer", "restart-etag", "restart-options"])
async def test_without_restarts_their_rules_do_not_apply(name: str) -> None:
    assert await outcome_at(named(RULES, name), "no-restart") is RuleOutcome.SKIP


async def test_without_restarts_no_tag_is_needed() -> None:
    assert (
        await outcome_at(named(RULES, "strong-etag"), "no-restart", "no-etag") is RuleOutcome.SKIP
    )


@pytest.mark.parametrize(
    "name", ["patch-without-tag", "patch-other-tag", "trickle", "trickle-odd-candidates"]
)
async def test_without_trickle_its_rules_do_not_apply(name: str) -> None:
    assert await outcome_at(named(RULES, name), "no-trickle") is RuleOutcome.SKIP


async def test_requests_have_the_tags_that_they_need() -> None:
    with good_server() as (root, state):
        site = HttpEndpoint(Protocol.WHIP, f"{root}/whip/one", TOKEN)
        made = await trickle_session(site)
        reply, login = await restart(site, made)
        assert (reply.status, login == made.login) == (200, False)
    given = [headers.get("If-Match") for method, _, headers in state.requests if method == "PATCH"]
    assert given == [made.etag, "*"]


async def test_a_server_without_trickle_is_told_apart() -> None:
    with good_server("no-trickle") as (root, _):
        site = HttpEndpoint(Protocol.WHIP, f"{root}/whip/one", TOKEN)
        with pytest.raises(NotApplicable, match="not supported"):
            await trickle_session(site)
