from __future__ import annotations

import contextlib

import aioice.ice
import ifaddr
import pytest

from app.webrtc.ice import (
    MAX_REMOTE_CANDIDATES,
    IceAddresses,
    IceServer,
    PeerRoute,
    RemoteCandidates,
    UdpPorts,
    best_first,
    bind_udp,
    choose_addresses,
    install,
)


@pytest.fixture(autouse=True)
def own_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's addresses are not ours to know: three made-up ones."""
    found = ["192.0.2.7", "2001:db8::7", "fe80::1"]
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda v4, v6: found)


def test_a_server_for_loopback_offers_loopback() -> None:
    assert choose_addresses((), loopback_only=True) == IceAddresses(("127.0.0.1",), ())


def test_a_server_for_others_offers_all_but_link_local() -> None:
    expected = IceAddresses(("192.0.2.7", "2001:db8::7"), ())
    assert choose_addresses((), loopback_only=False) == expected


def test_a_machine_without_addresses_offers_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda v4, v6: [])
    assert choose_addresses((), loopback_only=False) == IceAddresses(("127.0.0.1",), ())


def test_wanted_addresses_of_this_machine_are_the_only_ones() -> None:
    assert choose_addresses(("192.0.2.7",), loopback_only=False) == IceAddresses(
        ("192.0.2.7",), (), configured=True
    )
    chosen = choose_addresses(("127.0.0.1",), loopback_only=False)
    assert chosen == IceAddresses(("127.0.0.1",), (), configured=True)


def test_an_address_of_another_machine_is_mapped() -> None:
    assert choose_addresses(("203.0.113.9",), loopback_only=True) == IceAddresses(
        ("192.0.2.7", "2001:db8::7"), ("203.0.113.9",), hides_local=True, configured=True
    )


def test_one_of_this_machine_is_offered_beside_a_mapped_one() -> None:
    assert choose_addresses(("192.0.2.7", "203.0.113.9"), loopback_only=False) == IceAddresses(
        ("192.0.2.7",), ("203.0.113.9",), configured=True
    )


@pytest.mark.parametrize(
    "addresses,reached",
    [
        (IceAddresses(("127.0.0.1",), ()), {4, 6}),
        (IceAddresses(("10.0.0.2",), ()), set()),
        (IceAddresses(("10.0.0.2",), (), configured=True), {4}),
        (IceAddresses(("10.0.0.2",), ("1.2.3.4",), hides_local=True, configured=True), {4}),
        (IceAddresses(("10.0.0.2", "2600::1"), ()), {6}),
        (IceAddresses(("8.8.8.8", "10.0.0.2"), ()), {4}),
    ],
)
def test_peers_reach_global_and_configured_addresses(
    addresses: IceAddresses, reached: set[int]
) -> None:
    assert addresses.reached == reached


def test_nothing_is_sent_to_candidates_where_peers_reach_us() -> None:
    remotes = RemoteCandidates(frozenset((4, 6)))
    assert not remotes.may_check("8.8.8.8", "udp", 1)
    assert not remotes.may_check("2600::1", "udp", 1)


def test_behind_an_unknown_nat_few_global_candidates_are_checked() -> None:
    remotes = RemoteCandidates(frozenset((6,)))
    for host in (
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "0.0.0.0",
        "100.64.0.1",
        "2600::1",
        "abc.local",
        "",
        "::ffff:10.0.0.1",
    ):
        assert not remotes.may_check(host, "udp", 1), host
    assert not remotes.may_check("8.8.8.8", "tcp", 1)
    assert not remotes.may_check("8.8.8.8", "udp", 2)
    taken = [remotes.may_check(f"8.8.8.{n}", "UDP", 1) for n in range(20)]
    assert taken == [True] * MAX_REMOTE_CANDIDATES + [False] * 12


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
    bridge = ifaddr.Adapter("docker0", "docker0", [ifaddr.IP("192.0.2.7", 16, "docker0")])
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: [bridge])
    found = choose_addresses((), loopback_only=False).local
    assert found == ("2001:db8::7", "192.0.2.7")


def free_range(count: int) -> int:
    """The first of ``count`` ports that were free a moment ago."""
    while True:
        with bind_udp("127.0.0.1", 0) as probe:
            first = int(probe.getsockname()[1])
        try:
            for port in range(first, first + count):
                bind_udp("127.0.0.1", port).close()
        except OSError:
            continue
        return first


def test_ports_are_of_the_range_and_run_out() -> None:
    first = free_range(3)
    ports = UdpPorts(first, first + 2)
    with contextlib.ExitStack() as held:
        bound = [held.enter_context(ports.bind("127.0.0.1")) for _ in range(3)]
        assert sorted(s.getsockname()[1] for s in bound) == [first, first + 1, first + 2]
        with pytest.raises(OSError, match="taken"):
            ports.bind("127.0.0.1")
        bound[1].close()
        with ports.bind("127.0.0.1") as again:
            assert again.getsockname()[1] == first + 1


def test_no_socket_costs_more_than_so_many_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.webrtc.ice.MAX_TRIES", 2)
    first = free_range(4)
    ports = UdpPorts(first, first + 3)
    with contextlib.ExitStack() as held:
        for taken in range(3):
            held.enter_context(bind_udp("127.0.0.1", first + taken))
        with pytest.raises(OSError, match="taken"):
            ports.bind("127.0.0.1")
        found = held.enter_context(ports.bind("127.0.0.1"))  # the next one goes on from there
        assert found.getsockname()[1] == first + 3


def test_an_address_of_nobody_here_is_no_matter_of_ports() -> None:
    with pytest.raises(OSError, match="assign"):
        UdpPorts(40_000, 60_000).bind("192.0.2.77")


def test_installed_addresses_are_what_aioice_gathers() -> None:
    install(IceAddresses(("127.0.0.1", "::1"), ()))
    assert aioice.ice.get_host_addresses(True, True) == ["127.0.0.1", "::1"]
    assert aioice.ice.get_host_addresses(True, False) == ["127.0.0.1"]
    assert aioice.ice.get_host_addresses(False, True) == ["::1"]


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
