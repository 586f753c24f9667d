"""``report.py``: the table, its summary, JSON, the verdict."""

from __future__ import annotations

import json

from cli.conformance.report import as_json, breaks_a_must, line, summary
from cli.conformance.verdict import Level, RuleOutcome
from tests.cli.conformance.test_verdict import finding

FAILED = finding(outcome=RuleOutcome.FAIL, came="200\r\nbody", expected="204", name="get")
SKIPPED = finding(outcome=RuleOutcome.SKIP, came="no token was given", name="token")


def test_a_rule_that_is_kept_is_one_line() -> None:
    text = line(finding())
    assert text.split() == ["pass", "MUST", "whip-post", "4.2"]


def test_a_rule_that_is_broken_says_what_was_sent_expected_and_came() -> None:
    first, *others = line(FAILED).splitlines()
    assert first.split() == ["FAIL", "MUST", "whip-get", "4.2"]
    assert [other.split() for other in others] == [
        ["sent", "POST"],
        ["expected", "204"],
        ["came", "200", "body"],
    ]


def test_a_rule_that_was_not_tried_says_why() -> None:
    assert line(SKIPPED).endswith("4.2: no token was given")


def test_the_summary_counts_by_protocol_and_level() -> None:
    found = [finding(), FAILED, SKIPPED, finding(protocol="WHEP", level=Level.MAY)]
    assert summary(found).splitlines() == [
        "WHIP (RFC 9725) MUST: 1 of 2 kept, 1 not applicable",
        "WHEP (draft-ietf-wish-whep-04) MAY: 1 of 1 kept, 0 not applicable",
    ]


def test_json_has_all_of_each_finding() -> None:
    found = json.loads(as_json([FAILED], whip="http://a/whip/b", whep=""))
    assert found["whip"] == "http://a/whip/b"
    (row,) = found["findings"]
    assert row == {
        "protocol": "WHIP",
        "standard": "RFC 9725",
        "section": "4.2",
        "name": "get",
        "level": "MUST",
        "outcome": "fail",
        "sent": "POST",
        "expected": "204",
        "came": "200\r\nbody",
        "seconds": 0.5,
    }


def test_only_a_broken_must_counts() -> None:
    assert breaks_a_must([finding(), FAILED])
    assert not breaks_a_must([finding(), SKIPPED])
    assert not breaks_a_must([finding(outcome=RuleOutcome.FAIL, level=Level.SHOULD)])
