"""``suite.py``: which rules run where, and in which order."""

from __future__ import annotations

import pytest

from cli.conformance.endpoint import HttpEndpoint, Protocol
from cli.conformance.http_exchange import NoAnswer
from cli.conformance.rule import Rule
from cli.conformance.suite import Suite, rules_for, try_rule
from cli.conformance.verdict import Level, NotApplicable, RuleFinding, RuleOutcome, RuleStage, Unmet
from tests.cli.conformance.good_server import TOKEN, good_server


def test_names_are_unique_and_every_rule_names_its_section() -> None:
    for place, protocol in enumerate(Protocol):
        rules = rules_for(protocol)
        assert len({rule.name for rule in rules}) == len(rules)
        assert all(rule.sections[place] for rule in rules)
        assert all(rule.expected and rule.sent for rule in rules)


@pytest.mark.parametrize("protocol", Protocol)
def test_stages_come_in_order(protocol: Protocol) -> None:
    stages = [list(RuleStage).index(rule.stage) for rule in rules_for(protocol)]
    assert stages == sorted(stages)


async def test_offers_that_upset_a_server_come_after_all_else() -> None:
    """A server that is stuck behind one of them keeps the other rules all the same."""
    with good_server() as (root, state):
        site = HttpEndpoint(Protocol.WHIP, f"{root}/whip/a", TOKEN)
        found = await Suite(site, None, only="whip-p").run()
        order = [finding.name for finding in found]
        assert order.index("post-malformed") > order.index("patch-malformed")
        assert order[-1] == "problem-details"
        assert state.sessions == {}


def test_both_protocols_have_the_rules_of_their_standards() -> None:
    whip = {rule.name for rule in rules_for(Protocol.WHIP)}
    whep = {rule.name for rule in rules_for(Protocol.WHEP)}
    assert {"simulcast", "no-partial-answer", "setup-active"} <= whip - whep
    assert {"nobody-publishes", "events-flow", "layer-selected", "head-endpoint"} <= whep - whip
    assert {"post-created", "strong-etag", "restart-answer", "media"} <= whip & whep


async def test_a_rule_is_chosen_by_a_part_of_its_name() -> None:
    told: list[RuleFinding] = []
    with good_server() as (root, _):
        suite = Suite(
            HttpEndpoint(Protocol.WHIP, f"{root}/whip/a", TOKEN),
            HttpEndpoint(Protocol.WHEP, f"{root}/whep/a", TOKEN),
            only="whip-get-",
            tell=told.append,
        )
        found = await suite.run()
    assert [finding.name for finding in found] == ["get-endpoint", "get-session"]
    assert told == found


async def test_an_address_alone_is_enough() -> None:
    with good_server() as (root, _):
        found = await Suite(
            None, HttpEndpoint(Protocol.WHEP, f"{root}/whep/a", TOKEN), only="patch"
        ).run()
    assert {finding.protocol for finding in found} == {"WHEP"}
    assert {finding.outcome for finding in found} == {RuleOutcome.PASS}


async def test_a_server_that_is_away_is_no_finding() -> None:
    with good_server() as (root, _):
        gone = HttpEndpoint(Protocol.WHIP, f"{root}/whip/a")
    with pytest.raises(NoAnswer):
        await Suite(gone, None).run()


@pytest.mark.parametrize(
    "error,outcome",
    [
        (Unmet("came"), RuleOutcome.FAIL),
        (NotApplicable("came"), RuleOutcome.SKIP),
        (NoAnswer("came"), RuleOutcome.FAIL),
    ],
)
async def test_what_a_rule_raises_is_its_outcome(error: Exception, outcome: RuleOutcome) -> None:
    async def run(site: HttpEndpoint) -> str:
        await site.create()
        raise error

    rule = Rule("a", Level.MUST, ("4.2", "B"), "sent", "expected", run)
    with good_server() as (root, state):
        found = await try_rule(rule, HttpEndpoint(Protocol.WHEP, f"{root}/whep/a", TOKEN))
        assert (found.outcome, found.section, found.protocol) == (outcome, "B", "WHEP")
        assert found.came.endswith("came")
        assert state.sessions == {}


async def test_slow_rules_run_on_demand_alone() -> None:
    with good_server() as (root, _):
        site = HttpEndpoint(Protocol.WHIP, f"{root}/whip/a", TOKEN)
        assert await Suite(site, None, only="silence").run() == []
        found = await Suite(site, None, only="silence", slow=True).run()
    assert [finding.name for finding in found] == ["silence-ends-session"]
