from __future__ import annotations

import ifaddr
import pytest

from app.webrtc.ice import (
    IceAddresses,
    IceServer,
    PeerRoute,
    best_first,
    choose_addresses,
)


def adapter(name: str, *addresses: str) -> ifaddr.Adapter:
    """An interface of a machine."""
    ips = [ifaddr.IP((a, 0, 0) if ":" in a else a, 64, name) for a in addresses]
    return ifaddr.Adapter(name, name, ips)


@pytest.fixture(autouse=True)
def own_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's addresses are not ours to know: three made-up ones."""
    found = ["192.0.2.7", "2001:db8::7", "fe80::1"]
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: [adapter("eth0", *found)])


def test_a_server_for_loopback_offers_loopback() -> None:
    assert choose_addresses((), loopback_only=True) == IceAddresses(("127.0.0.1",), ())


def test_a_server_for_others_offers_all_but_link_local() -> None:
    expected = IceAddresses(("192.0.2.7", "2001:db8::7"), ())
    assert choose_addresses((), loopback_only=False) == expected


def test_a_machine_without_addresses_offers_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ifaddr, "get_adapters", list)
    assert choose_addresses((), loopback_only=False) == IceAddresses(("127.0.0.1",), ())


def test_wanted_addresses_of_this_machine_are_the_only_ones() -> None:
    assert choose_addresses(("192.0.2.7",), loopback_only=False) == IceAddresses(("192.0.2.7",), ())
    chosen = choose_addresses(("127.0.0.1",), loopback_only=False)
    assert chosen == IceAddresses(("127.0.0.1",), ())


def test_an_address_of_another_machine_is_mapped() -> None:
    assert choose_addresses(("203.0.113.9",), loopback_only=True) == IceAddresses(
        ("192.0.2.7", "2001:db8::7"), ("203.0.113.9",), hides_local=True
    )


def test_one_of_this_machine_is_offered_beside_a_mapped_one() -> None:
    assert choose_addresses(("192.0.2.7", "203.0.113.9"), loopback_only=False) == IceAddresses(
        ("192.0.2.7",), ("203.0.113.9",)
    )


OWN = ["2600::1", "172.17.0.1", "10.0.0.2", "8.8.8.8"]


@pytest.mark.parametrize(
    "route,first,last",
    [
        (PeerRoute(), "172.17.0.1", "2600::1"),
        (PeerRoute(served_at="10.0.0.2", client="10.0.0.9"), "10.0.0.2", "2600::1"),
        (PeerRoute(served_at="10.0.0.2", client="1.1.1.1"), "8.8.8.8", "10.0.0.2"),
        (PeerRoute(served_at="8.8.8.8", client="1.1.1.1"), "8.8.8.8", "10.0.0.2"),
        (PeerRoute(served_at="2600::1", client="2600::9"), "2600::1", "10.0.0.2"),
        (PeerRoute(served_at="127.0.0.1", client="10.0.0.9"), "172.17.0.1", "2600::1"),
        (PeerRoute(served_at="127.0.0.1", client="testclient"), "172.17.0.1", "2600::1"),
    ],
)
def test_the_address_of_the_request_comes_first_then_those_on_the_peers_side(
    route: PeerRoute, first: str, last: str
) -> None:
    order = best_first(OWN, route)
    assert (order[0], order[-1]) == (first, last)
    assert sorted(order) == sorted(OWN)


def test_networks_inside_this_machine_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [adapter("docker0", "192.0.2.7"), adapter("eth0", "2001:db8::7")]
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: found)
    chosen = choose_addresses((), loopback_only=False).local
    assert chosen == ("2001:db8::7", "192.0.2.7")


@pytest.mark.parametrize(
    "text,expected",
    [
        ("stun:stun.example:3478", IceServer("stun:stun.example:3478")),
        ("turn:turn.example", IceServer("turn:turn.example")),
        ("turn:user:pass@turn.example:3478", IceServer("turn:turn.example:3478", "user", "pass")),
        (
            "turns:user:p@ss@turn.example:443?transport=tcp",
            IceServer("turns:turn.example:443?transport=tcp", "user", "p@ss"),
        ),
    ],
)
def test_servers_are_read_from_the_setting(text: str, expected: IceServer) -> None:
    assert IceServer.parse(text) == expected


def test_a_link_header_names_the_server_and_its_login() -> None:
    assert IceServer("stun:a").link_header() == '<stun:a>; rel="ice-server"'
    assert IceServer("turn:a", "u", "p").link_header() == (
        '<turn:a>; rel="ice-server"; username="u"; credential="p"; credential-type="password"'
    )


def test_a_quote_in_a_password_does_not_end_it() -> None:
    # RFC 9110 section 5.6.4: a quoted string escapes its quotes and backslashes.
    assert 'credential="a\\"b\\\\c"' in IceServer("turn:a", "u", 'a"b\\c').link_header()


def test_loopback_and_addresses_that_need_a_scope_are_none_of_this_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scoped = ifaddr.Adapter("eth0", "eth0", [ifaddr.IP(("2001:db8::9", 0, 3), 64, "eth0")])
    found = [adapter("lo", "127.0.0.1", "::1"), scoped, adapter("eth1", "192.0.2.8")]
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: found)
    assert choose_addresses((), loopback_only=False).local == ("192.0.2.8",)
