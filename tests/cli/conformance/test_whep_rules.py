"""``whep_rules.py``: nobody publishes, counter-offers, events, layers."""

from __future__ import annotations

import pytest

from cli.conformance.endpoint import HttpEndpoint, Protocol
from cli.conformance.suite import try_rule
from cli.conformance.verdict import RuleOutcome, Unmet
from cli.conformance.whep_rules import LAST_RULES, RULES, parse_events
from tests.cli.conformance.good_server import TOKEN, good_server
from tests.cli.conformance.trying import named, outcome_at, try_at

FAULTS = [
    ("nobody-publishes", ("idle", "no-retry-after")),
    ("events-created", ("events-200",)),
    ("events-unknown", ("strict-events",)),
    ("events-flow", ("says-inactive",)),
    ("events-flow", ("two-data-lines",)),
    ("events-deleted", ("event-stream-stays",)),
    ("layers-need-events", ("no-layers-event",)),
    ("layer-default", ("default-404",)),
    ("layer-selected", ("layer-404",)),
    ("layer-malformed", ("layer-500",)),
]


@pytest.mark.parametrize("rule", RULES[1:], ids=lambda rule: rule.name)
async def test_a_good_server_keeps_every_rule(rule) -> None:  # type: ignore[no-untyped-def]
    found = await try_at(rule, protocol=Protocol.WHEP)
    assert found.outcome is RuleOutcome.PASS, found.came


@pytest.mark.parametrize("name,faults", FAULTS)
async def test_a_fault_breaks_its_rule(name: str, faults: tuple[str, ...]) -> None:
    assert await outcome_at(named(RULES, name), *faults, protocol=Protocol.WHEP) is RuleOutcome.FAIL


def test_every_rule_has_a_fault() -> None:
    assert {name for name, _ in FAULTS} == {rule.name for rule in RULES}


async def test_players_may_wait_for_the_publisher_or_be_told_to_come_again() -> None:
    rule = named(RULES, "nobody-publishes")
    assert await outcome_at(rule, "idle", protocol=Protocol.WHEP) is RuleOutcome.PASS
    assert await outcome_at(rule, protocol=Protocol.WHEP) is RuleOutcome.SKIP


async def test_406_is_for_counter_offers_alone() -> None:
    (rule,) = LAST_RULES
    with good_server("says-406") as (root, _):
        site = HttpEndpoint(Protocol.WHEP, f"{root}/whep/one", TOKEN)
        assert (await try_rule(rule, site)).outcome is RuleOutcome.SKIP
        await site.request("POST", content=("hello", "application/sdp"))
        assert (await try_rule(rule, site)).outcome is RuleOutcome.FAIL


@pytest.mark.parametrize(
    "text,found",
    [
        ("", []),
        (": nothing\n\n", []),
        ("event: a\ndata: {}\n\n", [("a", "{}")]),
        ("event:a\r\ndata:{}\r\nid: 1\r\n\r\n", [("a", "{}")]),
        ("event: a\ndata: 1\n\nevent: b\ndata: 2", [("a", "1")]),
        ("data: 1\n\n", []),
    ],
)
def test_whole_events_are_read(text: str, found: list[tuple[str, str]]) -> None:
    assert parse_events(text) == found


def test_an_event_has_one_line_of_data() -> None:
    with pytest.raises(Unmet):
        parse_events("event: a\ndata: 1\ndata: 2\n\n")
