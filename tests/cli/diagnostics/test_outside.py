"""A running server looked at from outside: a real one, with faults seeded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.waiting import until
from cli.diagnostics import outside
from cli.diagnostics.finding import Status
from cli.diagnostics.outside import OfferedAddress
from tests.certificates import write_certificate
from tests.cli.command import Up, is_listening, sharpcast
from tests.cli.diagnostics.seeds import assert_fault, by_name
from tests.cli.diagnostics.test_web_client import web_server
from tests.redis_servers import free_ports

ANSWER = """v=0
a=ice-ufrag:abcd
a=candidate:1 1 udp 2130706431 192.0.2.1 8189 typ host
a=candidate:1 1 UDP 2130706431 192.0.2.1 8189 typ host
a=candidate:2 1 tcp 1518280447 192.0.2.1 8189 typ host tcptype passive
a=candidate:3 1 udp 2130706431 2001:db8::1 x typ host
"""


def test_the_candidates_of_an_answer() -> None:
    udp, tcp = OfferedAddress("192.0.2.1", 8189, True), OfferedAddress("192.0.2.1", 8189, False)
    assert outside.candidates_of(ANSWER) == [udp, tcp]


@pytest.mark.e2e
def test_a_server_that_works_is_good_in_all(guarded_up: Up) -> None:
    found = by_name(outside.check(guarded_up.url, "a-long-word"))
    assert set(found) == {"web server", "clock", "readiness", "media over UDP"}
    assert {each.status for each in found.values()} == {Status.GOOD}, found
    assert "a check of ICE is answered at 127.0.0.1:" in found["media over UDP"].detail
    assert guarded_up.stream(outside.STREAM) is None


@pytest.mark.e2e
def test_a_token_that_is_missing_or_wrong_is_told(guarded_up: Up) -> None:
    found = by_name(outside.check(guarded_up.url))
    assert found["media over UDP"].status is Status.NOTE
    found = by_name(outside.check(guarded_up.url, "another-word"))
    assert_fault(found["media over UDP"], "token", "SHARPCAST_PUBLISH_TOKEN")


@pytest.mark.e2e
def test_an_address_at_which_nobody_answers_is_a_fault(start_up: Callable[..., Up]) -> None:
    up = start_up(ice_addresses="192.0.2.77")
    until("the address", lambda: is_listening(up.port), 60.0)
    result = sharpcast("doctor", up.url)
    assert result.returncode == 1, result.stdout
    assert "no check of ICE is answered at 192.0.2.77:" in result.stdout
    assert "SHARPCAST_ICE_ADDRESSES" in result.stdout


@pytest.mark.e2e
def test_a_certificate_that_browsers_refuse_is_a_fault(
    start_up: Callable[..., Up], tmp_path: Path
) -> None:
    cert, key = write_certificate(tmp_path)
    up = start_up(tls_cert=str(cert), tls_key=str(key))
    until("the address", lambda: is_listening(up.port), 60.0)
    found = by_name(outside.check(up.url.replace("http:", "https:")))
    assert_fault(found["certificate"], "browsers refuse it", "certbot")
    assert found["media over UDP"].status is Status.GOOD
    (plain,) = outside.check(up.url)
    assert plain.status is Status.FAULT


def test_nobody_there_and_somebody_else_are_faults() -> None:
    (port,) = free_ports(1)
    (found,) = outside.check(f"http://127.0.0.1:{port}")
    assert_fault(found, "cannot be reached", "Start the server")
    (found,) = outside.check("live.example.org")
    assert_fault(found, "is no address", "https://HOST")
    with web_server(b"<html>") as url:
        (found,) = outside.check(url)
    assert_fault(found, "is no Sharpcast", "reverse proxy")
