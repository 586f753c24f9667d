from __future__ import annotations

import aioice.ice
import pytest
from aioice import stun

from app.rtc.ice import IceAddresses, IceServer, choose_addresses, install


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
    assert choose_addresses(("192.0.2.7",), loopback_only=False) == IceAddresses(("192.0.2.7",), ())
    chosen = choose_addresses(("127.0.0.1",), loopback_only=False)
    assert chosen == IceAddresses(("127.0.0.1",), ())


def test_an_address_of_another_machine_is_mapped() -> None:
    assert choose_addresses(("203.0.113.9",), loopback_only=True) == IceAddresses(
        ("192.0.2.7", "2001:db8::7"), ("203.0.113.9",)
    )
    assert choose_addresses(("192.0.2.7", "203.0.113.9"), loopback_only=False) == IceAddresses(
        ("192.0.2.7",), ("203.0.113.9",)
    )


def test_installed_addresses_are_what_aioice_gathers() -> None:
    install(IceAddresses(("127.0.0.1", "::1"), ()))
    assert aioice.ice.get_host_addresses(True, True) == ["127.0.0.1", "::1"]
    assert aioice.ice.get_host_addresses(True, False) == ["127.0.0.1"]
    assert aioice.ice.get_host_addresses(False, True) == ["::1"]


def test_a_check_without_priority_gets_one_and_installing_twice_wraps_once() -> None:
    install(IceAddresses(("127.0.0.1",), ()))
    once = aioice.ice.Connection.check_incoming
    install(IceAddresses(("127.0.0.1",), ()))
    assert aioice.ice.Connection.check_incoming is once
    connection = aioice.ice.Connection(ice_controlling=False)
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    # Without a known pair aioice stops at the protocol, which is after it read the priority.
    with pytest.raises(AttributeError):
        connection.check_incoming(message, ("192.0.2.1", 5000), None)
    assert message.attributes["PRIORITY"] == 1


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
