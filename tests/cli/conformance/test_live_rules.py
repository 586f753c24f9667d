"""``live_rules.py`` against a server that has no media; with media: ``tests/conformance``."""

from __future__ import annotations

import pytest

from cli.conformance.endpoint import HttpEndpoint, Protocol
from cli.conformance.live_rules import RULES, Connection, connected
from cli.conformance.suite import try_rule
from cli.conformance.verdict import RuleOutcome, RuleStage, Unmet
from tests.cli.conformance.good_server import TOKEN, good_server


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("protocol", Protocol)
async def test_a_server_without_media_breaks_them(rule, protocol: Protocol) -> None:  # type: ignore[no-untyped-def]
    with good_server() as (root, state):
        site = HttpEndpoint(protocol, f"{root}/{protocol.value.lower()}/a", TOKEN)
        found = await try_rule(rule, site)
        assert found.outcome is RuleOutcome.FAIL
        assert "cannot be used" in found.came
        assert state.sessions == {}


async def test_what_the_peer_offered_is_kept() -> None:
    with good_server() as (root, _):
        connection = Connection(HttpEndpoint(Protocol.WHIP, f"{root}/whip/a", TOKEN))
        with pytest.raises(Unmet):
            await connection.open()
        await connection.peer.close()
        assert connection.made is not None
        assert len(connection.made.login.ufrag) >= 4


async def test_a_refusal_is_told() -> None:
    with good_server() as (root, _):
        site = HttpEndpoint(Protocol.WHIP, f"{root}/whip/a")
        with pytest.raises(Unmet, match="no session: 401"):
            async with connected(site):
                pass


def test_they_run_last() -> None:
    assert {rule.stage for rule in RULES} == {RuleStage.LIVE}
    assert all(all(rule.sections) for rule in RULES)
