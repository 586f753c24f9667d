"""A wrong public address, a silent STUN server, and a public URL that leads elsewhere."""

from __future__ import annotations

from cli.diagnostics import public_address
from cli.diagnostics.finding import Status
from tests.cli.diagnostics.seeds import TOKENS, assert_fault, settings
from tests.cli.diagnostics.test_stun_client import seen_as, stun_server
from tests.cli.diagnostics.test_web_client import web_server


def test_without_a_server_to_ask_and_a_url_nothing_is_said() -> None:
    assert list(public_address.check(settings())) == []


def test_an_address_that_is_not_offered_is_a_fault_that_names_it() -> None:
    with stun_server(seen_as("203.0.113.7")) as (host, port):
        wrong = settings(
            ice_servers=f"stun:{host}:{port}", ice_addresses="198.51.100.9", udp_port="0"
        )
        (found,) = public_address.check(wrong)
        assert_fault(
            found, "203.0.113.7", "198.51.100.9", "Set SHARPCAST_ICE_ADDRESSES=203.0.113.7"
        )
        right = settings(
            ice_servers=f"stun:{host}:{port}", ice_addresses="203.0.113.7", udp_port="0"
        )
        (found,) = public_address.check(right)
        assert (found.status, found.values["address"]) == (Status.GOOD, "203.0.113.7")


def test_an_address_that_the_server_asks_for_itself_is_good() -> None:
    with stun_server(seen_as("203.0.113.7")) as (host, port):
        (found,) = public_address.check(settings(ice_stun=f"stun:{host}:{port}", udp_port="0"))
    assert found.status is Status.GOOD


def test_a_stun_server_that_is_silent_is_a_fault() -> None:
    with stun_server(lambda data, sender: []) as (host, port):
        (found,) = public_address.check(settings(ice_stun=f"stun:{host}:{port}", udp_port="0"))
    assert_fault(found, "cannot be asked", "Let UDP out", "SHARPCAST_ICE_STUN")
    (found,) = public_address.check(settings(ice_stun="stun:no-such-name.invalid:1", udp_port="0"))
    assert_fault(found, "cannot be asked")


def test_a_name_without_an_address_is_a_fault() -> None:
    wrong = settings(public_url="https://no-such-name.invalid", **TOKENS)
    (found,) = public_address.check(wrong)
    assert_fault(found, "no-such-name.invalid has no address", "Add a DNS record")


def test_a_url_that_leads_to_another_server_is_a_fault() -> None:
    with web_server(b"<html>Welcome</html>") as url:
        found = public_address.by_url(settings(public_url=url))
        assert_fault(found, "leads to something else (HTTP 200)", "SHARPCAST_PUBLIC_URL")
    with web_server(b'{"instance": "ab"}') as url:
        assert public_address.by_url(settings(public_url=url)).status is Status.GOOD


def test_a_url_that_leads_to_another_machine_is_a_fault() -> None:
    # An address of documentation (RFC 5737): nothing answers there.
    found = public_address._elsewhere("live.example.org", {"192.0.2.7"}, {"203.0.113.7"})
    assert_fault(found, "192.0.2.7", "203.0.113.7", "DNS record", "sharpcast doctor URL")
    found = public_address._elsewhere("localhost", {"127.0.0.1"}, {"203.0.113.7"})
    assert found.status is Status.NOTE
