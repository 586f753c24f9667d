"""``command.py``: addresses, output, verdict."""

from __future__ import annotations

import json

import pytest

from cli.conformance.command import ConformanceOptions, addresses, run
from cli.errors import CliError
from tests.cli.conformance.good_server import TOKEN, good_server


def test_a_root_gets_a_stream_of_its_own() -> None:
    whip, whep = addresses(ConformanceOptions(url="https://a.example:8443/base/"))
    assert whip.startswith("https://a.example:8443/base/whip/conformance-")
    assert whep == whip.replace("/whip/", "/whep/")
    assert addresses(ConformanceOptions(url="https://a.example"))[0] != whip


def test_an_endpoint_keeps_its_name() -> None:
    found = addresses(ConformanceOptions(url="http://a/whip/cam1?x=y"))
    assert found == ("http://a/whip/cam1?x=y", "http://a/whep/cam1?x=y")


def test_addresses_can_be_named() -> None:
    options = ConformanceOptions(whep="http://b/play", url="")
    assert addresses(options) == ("", "http://b/play")
    options = ConformanceOptions(url="http://a/whip/c", whep="http://b/play")
    assert addresses(options) == ("http://a/whip/c", "http://b/play")


@pytest.mark.parametrize("url", ["", "a.example", "ftp://a", "http://"])
def test_something_must_be_named(url: str) -> None:
    with pytest.raises(CliError, match=r"[Nn]ame the server|no address"):
        addresses(ConformanceOptions(url=url))


def test_a_good_server_passes(capsys: pytest.CaptureFixture[str]) -> None:
    with good_server() as (root, _):
        assert run(ConformanceOptions(url=f"{root}/whip/a", token=TOKEN, only="get-"))
    out = capsys.readouterr().out
    assert "pass  MUST    whip-get-endpoint" in out
    assert "WHIP (RFC 9725) MUST: 2 of 2 kept" in out


def test_a_broken_must_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with good_server("get-session") as (root, _):
        options = ConformanceOptions(f"{root}/whip/a", TOKEN, only="whip-get-", as_json=True)
        assert not run(options)
    found = json.loads(capsys.readouterr().out)
    assert [row["outcome"] for row in found["findings"]] == ["pass", "fail"]


def test_no_rule_and_no_server_are_mistakes() -> None:
    with good_server() as (root, _), pytest.raises(CliError, match="No rule"):
        run(ConformanceOptions(url=root, only="no-such-rule"))
    with pytest.raises(CliError, match="does not answer"):
        run(ConformanceOptions(url=root))
