"""Levels of rules, and their verdicts."""

from __future__ import annotations

import dataclasses
import enum


class Level(enum.Enum):
    """Requirement levels of RFC 2119; SHALL counts as MUST, RECOMMENDED as SHOULD."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class RuleStage(enum.Enum):
    """Times at which a rule is tried."""

    IDLE = "idle"
    "Nobody publishes."
    PLAIN = "plain"
    "Offers are texts; players need a stream that somebody publishes."
    LIVE = "live"
    "The suite's own peer is connected to the session."
    ROUGH = "rough"
    "Offers that no server takes: one that they upset has been judged on all else."
    END = "end"
    "All answers have come."


class RuleOutcome(enum.Enum):
    """Verdicts on a rule."""

    PASS = "pass"
    FAIL = "FAIL"
    SKIP = "skip"


class Unmet(Exception):
    """Raised where a rule is broken; its text says what came instead."""


class NotApplicable(Exception):
    """Raised where a rule cannot be tried on this server; its text says why."""


@dataclasses.dataclass(frozen=True, slots=True)
class RuleFinding:
    """Result of one rule at one address."""

    protocol: str
    section: str
    name: str
    level: Level
    outcome: RuleOutcome
    sent: str
    expected: str
    came: str
    "The answer that came, or the reason why the rule was not tried."
    seconds: float = 0.0


def require(is_met: object, came: str) -> None:
    """Raises Unmet with what came instead, unless the rule is met."""
    if not is_met:
        raise Unmet(came)
