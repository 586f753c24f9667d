"""The conformance suite against our own server: it keeps every rule that applies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Up, sharpcast

TOKEN = "conformance-token-4c1b"
Rows = list[dict[str, Any]]

NOT_TRIED = {"https", "busy-retry-after", "only-counter-offers-are-406"}
"""Rules that need TLS, a full server, or a counter-offer, which we never make."""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One server with tokens, STUN and TURN."""
    up = Up(
        tmp_path_factory.mktemp("up"),
        publish_token=TOKEN,
        admin_token=TOKEN[::-1],
        ice_servers="stun:stun.example:3478,turn:me:secret@turn.example:3478",
    )
    try:
        up.until_ready(workers=0)
        yield up
    finally:
        up.end()


@pytest.fixture(scope="module")
def rows(up: Up) -> Rows:
    """The findings of one run."""
    done = sharpcast("conformance", up.url, "--token", TOKEN, "--json")
    found: Rows = json.loads(done.stdout)["findings"]
    return found


def named(row: dict[str, Any]) -> str:
    """The name that the command shows."""
    return f"{row['protocol'].lower()}-{row['name']}"


def test_every_rule_is_kept(rows: Rows) -> None:
    failed = [row for row in rows if row["outcome"] == "fail"]
    assert failed == [], json.dumps(failed, indent=1)


def test_rules_that_were_not_tried_are_known(rows: Rows) -> None:
    skipped = {row["name"]: row["came"] for row in rows if row["outcome"] == "skip"}
    known = NOT_TRIED | {
        "bearer-token",
        "bearer-challenge",
        "extension-links",
    }
    assert set(skipped) <= known, skipped


def test_both_protocols_are_tested_with_media(rows: Rows) -> None:
    live = {named(row): row["outcome"] for row in rows if row["name"] == "media"}
    assert live == {"whip-media": "pass", "whep-media": "pass"}


def test_several_processes_keep_what_one_does(tmp_path: Path) -> None:
    """Requests on one session reach any of them: PATCH, events, layers, DELETE."""
    up = Up(tmp_path, app_processes="2")
    try:
        up.until_ready(workers=0)
        done = sharpcast("conformance", up.url, "--json", "--only", "whep-")
        found = json.loads(done.stdout)["findings"]
        assert [row for row in found if row["outcome"] == "fail"] == []
        assert {"events-flow", "layer-selected", "restart-etag"} <= {
            row["name"] for row in found if row["outcome"] == "pass"
        }
    finally:
        up.end()


@pytest.mark.slow
def test_a_flood_of_offers_is_limited(tmp_path: Path) -> None:
    up = Up(tmp_path)  # of its own: this client is refused for a while then
    try:
        up.until_ready(workers=0)
        done = sharpcast("conformance", up.url, "--json", "--slow", "--only", "rate-limit")
        found = json.loads(done.stdout)["findings"]
        assert [row["outcome"] for row in found] == ["pass", "pass"], found
    finally:
        up.end()


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["whip", "whep"])
def test_a_session_ends_whose_peer_is_off_the_net(up: Up, protocol: str) -> None:
    name = f"{protocol}-silence"
    options = ("--token", TOKEN, "--json", "--slow", "--only", name)
    done = sharpcast("conformance", up.url, *options)
    (row,) = json.loads(done.stdout)["findings"]
    assert row["outcome"] == "pass", row["came"]
