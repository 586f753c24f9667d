"""Datagrams to the media port, with a firewall that drops them."""

from __future__ import annotations

import socket

from app.webrtc.udp_port import bind_udp
from cli.diagnostics import udp_path
from cli.diagnostics.finding import Status
from tests.cli.diagnostics.seeds import assert_fault, in_namespace, needs, settings


def test_without_a_firewall_datagrams_arrive() -> None:
    (found,) = udp_path.check(settings(udp_port="0"))
    assert found.status is Status.GOOD


def test_a_port_that_is_taken_is_left_to_the_check_of_ports() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        assert list(udp_path.check(settings(udp_port=str(taken.getsockname()[1])))) == []


def test_what_others_send_is_not_taken_for_the_own_datagram() -> None:
    with bind_udp("127.0.0.1", 0) as receiver:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(b"something else", receiver.getsockname()[:2])
        assert udp_path.arrives(receiver, "127.0.0.1")


def test_silent_addresses_are_named_with_the_rules_that_let_them_in() -> None:
    found = udp_path.judge(8189, ["10.0.0.1"])
    assert_fault(found, "10.0.0.1", "ufw allow 8189/udp", "nft add rule")


def test_a_firewall_that_drops_media_is_named() -> None:
    nft = needs("nft")
    rules = f"""
        ip link set lo up
        {nft} add table inet t
        {nft} add chain inet t input '{{ type filter hook input priority 0; }}'
        {nft} add rule inet t input udp dport 8189 drop
    """
    code, found = in_namespace("-n", rules, "--only", "udp", udp_port="8189")
    assert code == 1
    (_, udp) = found
    assert (udp["what"], udp["status"]) == ("UDP", "fault")
    assert "ufw allow 8189/udp" in udp["cure"]
