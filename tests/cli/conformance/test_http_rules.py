"""``http_rules.py``: each rule holds at a good server and finds the fault that it is for."""

from __future__ import annotations

import pytest

from cli.conformance import http_rules
from cli.conformance.endpoint import HttpEndpoint, Protocol
from cli.conformance.http_rules import LAST_RULES, RULES, is_client_error
from cli.conformance.suite import try_rule
from cli.conformance.verdict import RuleOutcome
from tests.cli.conformance.good_server import TOKEN, good_server
from tests.cli.conformance.test_session_text import reply_of
from tests.cli.conformance.trying import named, outcome_at, try_at

FAULTS = [
    ("get-endpoint", "get-endpoint"),
    ("get-session", "get-session"),
    ("post-created", "answer-type"),
    ("post-location", "no-location"),
    ("post-wrong-type", "any-type"),
    ("post-wrong-type-415", "wrong-type-400"),
    ("post-malformed", "takes-anything"),
    ("problem-details", "no-problem"),
    ("preflight-endpoint", "no-options"),
    ("preflight-endpoint", "no-cors"),
    ("preflight-session", "no-options"),
    ("accept-post", "no-accept-post"),
    ("cors-exposed", "not-exposed"),
    ("delete-ends", "delete-always"),
    ("delete-200", "delete-202"),
    ("delete-ignores-etag", "delete-checks-etag"),
    ("bearer-token", "open"),
    ("bearer-challenge", "no-challenge"),
    ("secret-location", "short-address"),
    ("secret-location", "one-address"),
]
UNTRIED = {"https"}
"""A loopback address needs no TLS."""


@pytest.mark.parametrize("rule", [r for r in RULES if r.sections[0]], ids=lambda rule: rule.name)
async def test_a_good_server_keeps_every_rule(rule) -> None:  # type: ignore[no-untyped-def]
    expected = RuleOutcome.SKIP if rule.name in UNTRIED else RuleOutcome.PASS
    found = await try_at(rule)
    assert found.outcome is expected, found.came
    assert found.came


@pytest.mark.parametrize("name,fault", FAULTS)
async def test_a_fault_breaks_its_rule(name: str, fault: str) -> None:
    assert await outcome_at(named(RULES, name), fault) is RuleOutcome.FAIL


def test_every_rule_has_a_fault() -> None:
    tested = {name for name, _ in FAULTS} | UNTRIED | {"head-endpoint"}
    assert tested == {rule.name for rule in RULES}


async def test_whep_says_by_head_what_it_speaks() -> None:
    rule = named(RULES, "head-endpoint")
    assert await outcome_at(rule, protocol=Protocol.WHEP) is RuleOutcome.PASS
    assert await outcome_at(rule, "no-head", protocol=Protocol.WHEP) is RuleOutcome.FAIL


async def test_tokens_are_only_tried_where_one_was_given() -> None:
    for name in ("bearer-token", "bearer-challenge"):
        assert (await try_at(named(RULES, name), "open", token="")).outcome is RuleOutcome.SKIP


async def test_watching_may_be_open() -> None:
    found = await try_at(named(RULES, "bearer-token"), "open", protocol=Protocol.WHEP)
    assert found.outcome is RuleOutcome.SKIP


async def test_the_last_rules_read_all_answers() -> None:
    with good_server("redirect") as (root, _):
        site = HttpEndpoint(Protocol.WHIP, f"{root}/whip/one", TOKEN)
        assert (await try_rule(named(LAST_RULES, "no-301-302"), site)).outcome is RuleOutcome.PASS
        await site.request("POST", content=("v=0", ""))
        found = await try_rule(named(LAST_RULES, "no-301-302"), site)
        assert (found.outcome, "302" in found.came) == (RuleOutcome.FAIL, True)


async def test_busy_servers_say_when_to_come_again() -> None:
    rule = named(LAST_RULES, "busy-retry-after")
    with good_server("busy") as (root, _):
        site = HttpEndpoint(Protocol.WHIP, f"{root}/whip/one", TOKEN)
        assert (await try_rule(rule, site)).outcome is RuleOutcome.SKIP
        await site.request("POST", content=("v=0", ""))
        assert (await try_rule(rule, site)).outcome is RuleOutcome.FAIL


async def test_a_flood_ends_in_429(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = named(LAST_RULES, "rate-limit")
    assert rule.is_slow
    found = await try_at(rule)
    assert (found.outcome, found.came) == (RuleOutcome.PASS, "429 after 61 requests")
    monkeypatch.setattr(http_rules, "_FLOOD", 100)
    assert await outcome_at(rule, "no-limit") is RuleOutcome.FAIL


async def test_elsewhere_than_on_this_machine_tls_is_needed() -> None:
    rule = named(RULES, "https")
    for url, outcome in (
        ("http://media.example/whip/a", RuleOutcome.FAIL),
        ("https://media.example/whip/a", RuleOutcome.PASS),
        ("http://[::1]:8080/whip/a", RuleOutcome.SKIP),
        ("http://localhost/whip/a", RuleOutcome.SKIP),
    ):
        assert (await try_rule(rule, HttpEndpoint(Protocol.WHIP, url))).outcome is outcome


@pytest.mark.parametrize("status,is_error", [(399, False), (400, True), (499, True), (500, False)])
def test_client_errors_are_4xx(status: int, is_error: bool) -> None:
    assert is_client_error(reply_of(status)) is is_error
