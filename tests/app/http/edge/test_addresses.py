"""Addresses behind proxies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.edge.addresses import TrustedProxies


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6", "198.51.100.1, 10.1.2.3"], "198.51.100.1"),
        ("127.0.0.1", ["10.1.2.3, 10.4.5.6"], "10.1.2.3"),
        ("127.0.0.1", ["198.51.100.1, nonsense"], "127.0.0.1"),
        ("127.0.0.1", ["2001:db8::5"], "2001:db8::5"),
        ("127.0.0.1", [", ,"], "127.0.0.1"),
    ],
)
def test_only_trusted_proxies_say_who_the_client_is(
    peer: str, forwarded: list[str], client: str
) -> None:
    proxies = TrustedProxies.parse(("127.0.0.1", "10.0.0.0/8"))
    assert proxies.client(peer, forwarded) == client
    assert TrustedProxies().client(peer, forwarded) == peer


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=5))
def test_a_client_cannot_write_itself_another_address(forged: list[str]) -> None:
    proxies = TrustedProxies.parse(("127.0.0.1", "10.0.0.0/8"))
    written = ",".join(forged)
    assert proxies.client("127.0.0.1", [written, "198.51.100.7"]) == "198.51.100.7"
    assert proxies.client("127.0.0.1", [f"{written}, 198.51.100.7, 10.1.1.1"]) == "198.51.100.7"
    assert proxies.client("203.0.113.5", [written]) == "203.0.113.5"


@pytest.mark.parametrize("word", ["proxy.example", "10.0.0.0/33", "", "10.0.0.256"])
def test_what_is_no_network_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="."):
        TrustedProxies.parse((word,))


def test_a_network_may_be_named_by_any_of_its_addresses() -> None:
    proxies = TrustedProxies.parse(("10.1.2.3/8", "2001:db8::5/32"))
    assert proxies.trust("10.9.9.9")
    assert proxies.trust("[2001:db8:ffff::1]:443")
    assert not proxies.trust("11.0.0.1")
    assert not proxies.trust("nonsense")
