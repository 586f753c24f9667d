"""CORS and security headers."""

from __future__ import annotations

import pytest

from app.http.edge.areas import METHODS, Area
from app.http.edge.headers import cors_headers, preflight_headers, security_headers
from app.http.edge.origins import OriginVerdict

HSTS = b"strict-transport-security"


@pytest.mark.parametrize(
    ("public_url", "is_sent"),
    [
        ("https://live.example", True),
        ("https://live.example:443/x", True),
        ("https://live.example:8443", False),
        ("http://live.example", False),
        ("", False),
    ],
)
def test_https_is_promised_only_where_all_ports_of_the_host_are_ours(
    public_url: str, is_sent: bool
) -> None:
    found = dict(security_headers(public_url))
    assert (HSTS in found) is is_sent
    if is_sent:
        assert int(found[HSTS].removeprefix(b"max-age=")) >= 180 * 24 * 3600


def test_pages_run_no_script_but_ours() -> None:
    found = dict(security_headers(""))
    policy = dict(
        part.strip().split(" ", 1) for part in found[b"content-security-policy"].decode().split(";")
    )
    assert policy["default-src"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == "'none'"
    assert "script-src" not in policy
    assert not any("unsafe" in sources or "http" in sources for sources in policy.values())
    assert found[b"x-content-type-options"] == b"nosniff"
    assert found[b"referrer-policy"] == b"no-referrer"


def test_names_of_headers_are_in_lower_case_and_occur_once() -> None:
    found = [
        *security_headers("https://a.example"),
        *cors_headers(OriginVerdict.OPEN),
        *preflight_headers(Area.PUBLISH, "/whip/cam1/x"),
    ]
    names = [name for name, _ in found]
    assert names == [name.lower() for name in names]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("verdict", OriginVerdict)
def test_every_answer_tells_caches_that_it_depends_on_the_origin(verdict: OriginVerdict) -> None:
    assert (b"vary", b"Origin") in cors_headers(verdict)


@pytest.mark.parametrize(
    ("verdict", "is_readable"),
    [
        (OriginVerdict.OPEN, True),
        (OriginVerdict.MAY_NOT_WATCH, True),
        (OriginVerdict.BLIND, False),
        (OriginVerdict.REFUSED, False),
    ],
)
def test_an_answer_can_be_read_by_the_pages_that_may(
    verdict: OriginVerdict, is_readable: bool
) -> None:
    found = dict(cors_headers(verdict))
    assert (found.get(b"access-control-allow-origin") == b"*") is is_readable
    exposed = found.get(b"access-control-expose-headers", b"")
    assert all((name in exposed) is is_readable for name in (b"Location", b"Link", b"Retry-After"))
    # With `*`, browsers send no cookies; nothing may ask them to.
    assert b"access-control-allow-credentials" not in found


@pytest.mark.parametrize("area", Area)
def test_a_preflight_says_what_may_be_sent(area: Area) -> None:
    found = dict(preflight_headers(area, "/x"))
    assert found[b"allow"] == found[b"access-control-allow-methods"] == METHODS[area].encode()
    assert b"Authorization" in found[b"access-control-allow-headers"]
    assert (b"accept-post" in found) is (area in (Area.PUBLISH, Area.WATCH))


@pytest.mark.parametrize(
    ("path", "takes"), [("/whip/cam1", False), ("/whip/cam1/x", True), ("/whip/cam1/x/y", False)]
)
def test_only_a_session_takes_further_candidates(path: str, takes: bool) -> None:
    found = dict(preflight_headers(Area.PUBLISH, path))
    assert (b"accept-patch" in found) is takes
    assert b"accept-patch" not in dict(preflight_headers(Area.CHANGE, "/api/v1/streams"))
