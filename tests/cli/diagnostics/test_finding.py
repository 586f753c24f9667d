"""Findings as people and programs read them."""

from __future__ import annotations

import json

from cli.diagnostics.finding import Finding, Status, fault, good, note


def test_a_finding_is_json_with_its_status_as_a_word() -> None:
    finding = Finding("web port", Status.NOTE, "taken", {"port": 8080}, "Set another.")
    assert json.loads(json.dumps(finding.as_dict())) == {
        "what": "web port",
        "status": "note",
        "detail": "taken",
        "values": {"port": 8080},
        "cure": "Set another.",
    }


def test_the_three_kinds_have_their_status_and_their_values() -> None:
    assert good("a", "b", x=1) == Finding("a", Status.GOOD, "b", {"x": 1})
    assert note("a", "b") == Finding("a", Status.NOTE, "b")
    assert note("a", "b", "Do c.").cure == "Do c."
    assert fault("a", "b", "Do c.", y=2) == Finding("a", Status.FAULT, "b", {"y": 2}, "Do c.")
