"""Runs the rules in their order: nobody publishes, plain offers, a publisher, its players."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable

from cli.conformance import (
    http_rules,
    ice_rules,
    link_rules,
    live_rules,
    sdp_rules,
    whep_rules,
)
from cli.conformance.endpoint import HttpEndpoint, Protocol
from cli.conformance.endpoint_probe import require_endpoint
from cli.conformance.http_exchange import NoAnswer
from cli.conformance.rule import Rule
from cli.conformance.verdict import NotApplicable, RuleFinding, RuleOutcome, RuleStage, Unmet

_COMMON = (
    *http_rules.RULES,
    *link_rules.RULES,
    *sdp_rules.RULES,
    *ice_rules.RULES,
    *live_rules.RULES,
)
_LAST = http_rules.LAST_RULES


def rules_for(protocol: Protocol) -> tuple[Rule, ...]:
    """Returns the rules of a protocol in the order in which they run."""
    place = 0 if protocol is Protocol.WHIP else 1
    of_whep = () if protocol is Protocol.WHIP else whep_rules.RULES
    last = () if protocol is Protocol.WHIP else whep_rules.LAST_RULES
    found = (*of_whep, *_COMMON, *_LAST, *last)
    kept = [rule for rule in found if rule.sections[place]]
    order = list(RuleStage)
    return tuple(sorted(kept, key=lambda rule: order.index(rule.stage)))


class Suite:
    """Runs all rules at a WHIP and a WHEP address of one stream; each may be missing."""

    def __init__(
        self,
        whip: HttpEndpoint | None,
        whep: HttpEndpoint | None,
        *,
        only: str = "",
        slow: bool = False,
        tell: Callable[[RuleFinding], None] = lambda finding: None,
    ) -> None:
        """``only`` chooses rules by a part of their names, ``slow`` those that take long too;
        ``tell`` gets each finding.
        """
        self._whip = whip
        self._whep = whep
        self._only = only
        self._slow = slow
        self._tell = tell
        self.findings: list[RuleFinding] = []

    async def run(self) -> list[RuleFinding]:
        """Runs all. Raises NoAnswer where the server cannot be reached, NoEndpoint where it is no
        WHIP or WHEP server.
        """
        await require_endpoint([site for site in (self._whep, self._whip) if site is not None])
        before, whip, whep = (RuleStage.PLAIN, RuleStage.LIVE), self._whip, self._whep
        if whep is not None and whip is not None:
            await self._try_all(whep, (RuleStage.IDLE,))
        if whip is not None:
            await self._try_all(whip, before)
        if whep is not None:
            async with self._publishing():
                await self._try_all(whep, (*before, RuleStage.ROUGH))
        if whip is not None:
            await self._try_all(whip, (RuleStage.ROUGH,))
        for site in (whip, whep):
            if site is not None:
                await self._try_all(site, (RuleStage.END,))
        return self.findings

    async def _try_all(self, site: HttpEndpoint, stages: Iterable[RuleStage]) -> None:
        for rule in rules_for(site.protocol):
            if rule.stage in stages and self._is_chosen(site.protocol, rule):
                self._note(await try_rule(rule, site))

    def _note(self, finding: RuleFinding) -> None:
        self.findings.append(finding)
        self._tell(finding)

    @contextlib.asynccontextmanager
    async def _publishing(self) -> AsyncIterator[None]:
        """Publishes for the players; without a WHIP address somebody else has to."""
        if self._whip is None or not self._has_rules(Protocol.WHEP):
            yield
            return
        async with contextlib.AsyncExitStack() as stack:
            with contextlib.suppress(Unmet):  # the rules of WHIP have told it
                await stack.enter_async_context(live_rules.connected(self._whip))
            yield

    def _is_chosen(self, protocol: Protocol, rule: Rule) -> bool:
        is_named = self._only in f"{protocol.value.lower()}-{rule.name}"
        return is_named and (self._slow or not rule.is_slow)

    def _has_rules(self, protocol: Protocol) -> bool:
        return any(self._is_chosen(protocol, rule) for rule in rules_for(protocol))


async def try_rule(rule: Rule, site: HttpEndpoint) -> RuleFinding:
    """Tries one rule, and ends the sessions that it made."""
    begun = time.monotonic()
    try:
        came, outcome = await rule.run(site), RuleOutcome.PASS
    except Unmet as error:
        came, outcome = str(error), RuleOutcome.FAIL
    except NotApplicable as error:
        came, outcome = str(error), RuleOutcome.SKIP
    except NoAnswer as error:
        came, outcome = f"no answer: {error}", RuleOutcome.FAIL
    finally:
        await site.end_all()
    place = 0 if site.protocol is Protocol.WHIP else 1
    return RuleFinding(
        protocol=site.protocol.value,
        section=rule.sections[place],
        name=rule.name,
        level=rule.level,
        outcome=outcome,
        sent=rule.sent,
        expected=rule.expected,
        came=came,
        seconds=time.monotonic() - begun,
    )
