"""Keys by which addresses are counted."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.client_address import limit_key, shown_address


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::99", "2001:db8:1:2::/64"),
        ("[2001:db8::1]:443", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("192.0.2.7:80", "192.0.2.7"),
        ("", "unknown"),
        ("proxy.example", "unknown"),
    ],
)
def test_limits_count_ipv4_addresses_and_ipv6_subscribers(address: str, key: str) -> None:
    assert limit_key(address) == key


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_its_own_key_in_every_form(address: ipaddress.IPv4Address) -> None:
    forms = (f"{address}", f"::ffff:{address}", f"{address}:4711", f' "{address}" ')
    assert {limit_key(form) for form in forms} == {str(address)}


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_a_subscriber_has_one_key_whatever_address_he_takes(
    address: ipaddress.IPv6Address, suffix: int
) -> None:
    if address.ipv4_mapped is not None:
        return
    prefix = int(address) >> 64 << 64
    other = ipaddress.IPv6Address(prefix | suffix)
    if other.ipv4_mapped is None:
        assert limit_key(str(other)) == limit_key(str(address))
    neighbour = ipaddress.IPv6Address((prefix + 2**64) % 2**128)
    assert limit_key(str(neighbour)) != limit_key(str(address))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:0::1", "2001:db8::1"),
        ("nonsense", "nonsense"),
    ],
)
def test_addresses_are_shown_as_people_write_them(address: str, shown: str) -> None:
    assert shown_address(address) == shown
