"""Rules of the standards."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable

from cli.conformance.endpoint import HttpEndpoint
from cli.conformance.verdict import Level, RuleStage

Try = Callable[[HttpEndpoint], Awaitable[str]]
"""Tries a rule and returns what came. Raises Unmet or NotApplicable."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of a standard that a server can be held to."""

    name: str
    level: Level
    sections: tuple[str, str]
    "Sections of WHIP and of WHEP; empty where the protocol does not say it."
    sent: str
    expected: str
    run: Try
    stage: RuleStage = RuleStage.PLAIN
    is_slow: bool = False
    "It takes more than ten seconds, and is tried on demand."
