"""Ports that are taken, and addresses that are none of this machine's."""

from __future__ import annotations

import socket

import pytest

from cli.diagnostics import ports
from cli.diagnostics.finding import Status
from tests.cli.command import Up
from tests.cli.diagnostics.seeds import TOKENS, assert_fault, settings


def test_a_free_port_is_good_and_a_taken_one_says_what_to_set() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found, _ = ports.check(settings(http_port=str(port), udp_port="0"))
        assert_fault(found, f"127.0.0.1:{port} is taken", "SHARPCAST_HTTP_PORT", "ss -ltnp")
    free = ports.web_port(settings(http_port=str(port)))
    assert free.status is Status.GOOD and f"127.0.0.1:{port} is free" in free.detail


def test_a_media_port_that_is_taken_says_what_to_set() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        found = ports.media_port(settings(udp_port=str(port)))
        assert_fault(found, f"UDP 127.0.0.1:{port} cannot be had", "SHARPCAST_UDP_PORT", "ss -lunp")
    free = ports.media_port(settings(udp_port=str(port)))
    assert free.status is Status.GOOD
    assert free.detail == f"UDP port {port} is free; peers are offered 127.0.0.1"
    any_port = ports.media_port(settings(udp_port="0", ice_addresses="203.0.113.5"))
    assert any_port.detail == "any UDP port is free; peers are offered 203.0.113.5"


@pytest.mark.parametrize("host", ["192.0.2.77", "2001:db8::77"])
def test_a_host_that_is_no_address_of_this_machine_is_told_from_a_taken_port(host: str) -> None:
    found = ports.web_port(settings(http_host=host, http_port="0", **TOKENS))
    assert_fault(found, f"{host} is no address of this machine", "SHARPCAST_HTTP_HOST")


def test_a_server_that_runs_already_is_no_fault(guarded_up: Up) -> None:
    found = list(ports.check(settings(http_port=str(guarded_up.port))))
    assert [each.status for each in found] == [Status.GOOD, Status.GOOD]
    assert "a Sharpcast runs" in found[0].detail
