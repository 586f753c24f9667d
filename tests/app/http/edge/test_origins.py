"""``origins.py``: hosts and origins."""

from __future__ import annotations

import pytest

from app.http.edge.areas import Area
from app.http.edge.origins import Caller, Names, Origins, OriginVerdict, split_host

EVIL = "https://evil.example"
HERE = "127.0.0.1:8080"


@pytest.mark.parametrize(
    ("value", "host", "port"),
    [
        ("Localhost:8080", "localhost", "8080"),
        ("live.example.", "live.example", ""),
        ("[::1]:8080", "::1", "8080"),
        ("[::1]", "::1", ""),
        ("", "", ""),
        (":", "", ""),
        ("[", "", ""),
    ],
)
def test_a_host_header_is_taken_apart(value: str, host: str, port: str) -> None:
    assert split_host(value) == (host, port)


@pytest.mark.parametrize("host", ["localhost", "cam.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_loopback_names_are_always_known(host: str) -> None:
    assert Names().knows(host)
    assert Names(bound="192.0.2.1").knows(host)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "192.0.2.1", "213070"],
)
def test_what_rebinds_its_name_to_loopback_is_not_known(host: str) -> None:
    assert not Names().knows(host)


def test_a_server_for_others_knows_its_addresses_and_the_names_it_was_given() -> None:
    names = Names(
        bound="0.0.0.0", public_url="https://live.example/x", others=("cast.lan", "*.cdn.example")
    )
    for host in ("192.0.2.1", "2001:db8::1", "live.example", "cast.lan", "a.cdn.example"):
        assert names.knows(host)
    for host in ("evil.example", "cdn.example", "evilcdn.example", "xcast.lan", "example"):
        assert not names.knows(host)
    assert Names(others=("*",)).knows("evil.example")


@pytest.mark.parametrize(
    ("origin", "foreign"),
    [
        ("", False),
        ("http://127.0.0.1:8080", False),
        ("http://127.0.0.1:3000", True),
        ("http://127.0.0.1", True),
        ("http://localhost:8080", True),
        (EVIL, True),
        ("null", True),
        ("http://[", True),
        ("http://127.0.0.1:99999", True),
        ("https://live.example", False),
        ("http://live.example", True),
        ("https://live.example:444", True),
        ("https://partner.example:99", False),
    ],
)
def test_an_origin_is_ours_by_host_public_address_or_setting(origin: str, foreign: bool) -> None:
    origins = Origins(Names(public_url="https://live.example/x"), pages=("partner.example",))
    assert origins.is_foreign(Caller(HERE, origin)) is foreign


def test_the_usual_port_need_not_be_written() -> None:
    assert not Origins().is_foreign(Caller("live.example", "https://live.example"))
    assert not Origins().is_foreign(Caller("live.example:443", "https://live.example"))
    assert Origins().is_foreign(Caller("live.example:80", "https://live.example"))


def test_behind_a_proxy_with_another_host_the_browser_knows_what_is_same_origin() -> None:
    origins = Origins()
    assert not origins.is_foreign(Caller(HERE, "http://localhost:9000", "same-origin"))
    assert origins.is_foreign(Caller(HERE, "http://localhost:9000", "same-site"))
    # Rebound to the proxy: same-origin for the browser, but no name of ours.
    assert origins.is_foreign(Caller(HERE, "http://evil.example:9000", "same-origin"))


@pytest.mark.parametrize(
    ("area", "verdict"),
    [
        (Area.PUBLISH, OriginVerdict.REFUSED),
        (Area.CHANGE, OriginVerdict.REFUSED),
        (Area.READ, OriginVerdict.REFUSED),
        (Area.WATCH, OriginVerdict.MAY_NOT_WATCH),
        (Area.PAGE, OriginVerdict.BLIND),
        (Area.HEALTH, OriginVerdict.BLIND),
    ],
)
def test_without_tokens_only_our_own_pages_may_do_anything(
    area: Area, verdict: OriginVerdict
) -> None:
    assert Origins().judge(area, Caller(HERE, EVIL)) is verdict
    assert Origins().judge(area, Caller(HERE)) is OriginVerdict.OPEN
    if area is Area.WATCH:
        below = Origins().judge(area, Caller(HERE, EVIL), is_below_endpoint=True)
        assert below is OriginVerdict.REFUSED
    both = Origins(publish_token=True, admin_token=True)
    assert both.judge(area, Caller(HERE, EVIL)) is OriginVerdict.OPEN


def test_each_token_opens_what_it_guards() -> None:
    publish, admin = Origins(publish_token=True), Origins(admin_token=True)
    caller = Caller(HERE, EVIL)
    assert publish.judge(Area.PUBLISH, caller) is OriginVerdict.OPEN
    assert publish.judge(Area.CHANGE, caller) is OriginVerdict.REFUSED
    assert admin.judge(Area.CHANGE, caller) is OriginVerdict.OPEN
    assert admin.judge(Area.PUBLISH, caller) is OriginVerdict.REFUSED
