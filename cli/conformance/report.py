"""Findings as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cli.conformance.verdict import Level, RuleFinding, RuleOutcome

STANDARDS = {"WHIP": "RFC 9725", "WHEP": "draft-ietf-wish-whep-04"}
_MAX_CAME = 300
"""Characters that are shown of what came."""


def line(finding: RuleFinding) -> str:
    """Returns one line of the table, and three more for a rule that is broken."""
    name = f"{finding.protocol.lower()}-{finding.name}"
    text = f"{finding.outcome.value:4}  {finding.level.value:6}  {name:34}  {finding.section}"
    came = finding.came.replace("\r", "").replace("\n", " ")[:_MAX_CAME]
    if finding.outcome is RuleOutcome.FAIL:
        return (
            f"{text}\n      sent      {finding.sent}\n      expected  {finding.expected}\n"
            f"      came      {came}"
        )
    return f"{text}: {came}" if finding.outcome is RuleOutcome.SKIP else text


def summary(findings: Sequence[RuleFinding]) -> str:
    """Returns one line for each protocol and level."""
    lines = []
    for protocol, standard in STANDARDS.items():
        of_one = [finding for finding in findings if finding.protocol == protocol]
        for level in Level:
            found = [finding for finding in of_one if finding.level is level]
            if found:
                lines.append(f"{protocol} ({standard}) {level.value}: {_counts(found)}")
    return "\n".join(lines)


def _counts(findings: Sequence[RuleFinding]) -> str:
    passed = sum(finding.outcome is RuleOutcome.PASS for finding in findings)
    failed = sum(finding.outcome is RuleOutcome.FAIL for finding in findings)
    skipped = len(findings) - passed - failed
    return f"{passed} of {passed + failed} kept, {skipped} not applicable"


def as_json(findings: Sequence[RuleFinding], *, whip: str, whep: str) -> str:
    """Returns all findings as JSON."""
    rows = [
        {
            "protocol": finding.protocol,
            "standard": STANDARDS[finding.protocol],
            "section": finding.section,
            "name": finding.name,
            "level": finding.level.value,
            "outcome": finding.outcome.value.lower(),
            "sent": finding.sent,
            "expected": finding.expected,
            "came": finding.came,
            "seconds": round(finding.seconds, 3),
        }
        for finding in findings
    ]
    return json.dumps({"whip": whip, "whep": whep, "findings": rows}, indent=1)


def breaks_a_must(findings: Sequence[RuleFinding]) -> bool:
    """Returns True if a server must not be as it is."""
    return any(f.outcome is RuleOutcome.FAIL and f.level is Level.MUST for f in findings)
