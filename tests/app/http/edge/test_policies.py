"""``buckets.py``, ``addresses.py``, ``limits.py``, ``body.py`` and ``paths.py``."""

from __future__ import annotations

import pytest

from app.errors import BodyTooLarge, BodyTooSlow, Full
from app.http.edge.addresses import TrustedProxies, limit_key
from app.http.edge.areas import Area, area_of
from app.http.edge.body import BODY_S, BodyReader, HeldBytes
from app.http.edge.buckets import BucketTable, Rate
from app.http.edge.limits import Asked, RequestLimits
from app.http.edge.paths import strip_prefix, strip_slash
from app.http.edge.penalties import PAUSE_S, Penalties


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    table = BucketTable(Rate(per_s=2.0, burst=3.0))
    assert [table.take("a", now=0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert table.take("a", now=0.25) == pytest.approx(0.25)
    assert table.take("a", now=0.5) == 0.0
    assert table.take("b", now=0.5) == 0.0
    assert [table.take("a", now=100.0) for _ in range(3)] == [0.0] * 3
    assert table.take("a", now=100.0) > 0
    assert table.refused == 3


def test_a_clock_that_goes_back_gives_nothing_and_breaks_nothing() -> None:
    table = BucketTable(Rate(per_s=1.0, burst=1.0))
    assert table.take("a", now=50.0) == 0.0
    assert table.take("a", now=10.0) == 1.0


def test_the_key_that_was_unused_for_longest_is_forgotten() -> None:
    table = BucketTable(Rate(per_s=1.0, burst=1.0), most=3)
    for key in ("a", "b", "c"):
        table.take(key, now=0.0)
    table.spend("a", now=0.0)
    table.take("d", now=0.0)
    assert len(table) == 3
    assert table.wait_s("b", now=0.0) == 0.0
    assert table.wait_s("a", now=0.0) > 0


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


def asked(area: Area, method: str = "GET", *, key: str = "a", token: bool = False) -> Asked:
    return Asked(key, area, method, token)


def test_a_house_full_of_viewers_behind_one_address_is_not_hindered() -> None:
    limits = RequestLimits()
    for _ in range(200):  # all of them open the page and join at the same moment
        assert limits.wait_s(asked(Area.WATCH, "POST"), now=0.0) == 0.0
        for _ in range(40):
            assert limits.wait_s(asked(Area.PAGE), now=0.0) == 0.0
    for second in range(1, 60):  # and look at the stream's state once a second
        for viewer in range(200):
            assert limits.wait_s(asked(Area.READ), now=second + viewer / 200) == 0.0


def test_a_flood_gets_the_rate_and_hurts_no_other_address() -> None:
    limits = RequestLimits()
    asks = [limits.wait_s(asked(Area.WATCH, "POST"), now=n / 1000) for n in range(10_000)]
    passed = asks.count(0.0)
    assert 250 <= passed <= 250 + 50 * 10 + 1
    assert limits.refused["sessions"] == 10_000 - passed
    assert limits.wait_s(asked(Area.WATCH, "POST", key="b"), now=10.0) == 0.0
    assert limits.wait_s(asked(Area.READ), now=10.0) == 0.0


def test_after_ten_wrong_tokens_no_token_is_looked_at_for_a_while() -> None:
    limits = RequestLimits()
    for _ in range(10):
        assert limits.wait_s(asked(Area.PUBLISH, "POST", token=True), now=0.0) == 0.0
        limits.on_wrong_token("a", now=0.0)
    assert limits.wait_s(asked(Area.PUBLISH, "POST", token=True), now=0.0) == pytest.approx(3.0)
    assert limits.wait_s(asked(Area.CHANGE, "PATCH", token=True), now=1.0) > 0
    assert limits.wait_s(asked(Area.WATCH, "POST"), now=1.0) == 0.0
    assert limits.wait_s(asked(Area.PUBLISH, "POST", key="b", token=True), now=1.0) == 0.0
    assert limits.wait_s(asked(Area.PUBLISH, "POST", token=True), now=3.1) == 0.0


def test_wrong_tokens_at_one_moment_do_not_lock_for_ever() -> None:
    limits = RequestLimits()
    for _ in range(1000):
        limits.on_wrong_token("a", now=0.0)
    assert limits.wait_s(asked(Area.PUBLISH, "POST", token=True), now=6.1) == 0.0


def reader(limit: int = 10, *, held: HeldBytes | None = None) -> BodyReader:
    return BodyReader(limit, BODY_S, held or HeldBytes())


def test_a_body_may_be_as_long_as_its_limit() -> None:
    body = reader()
    body.expect("10")
    body.feed(b"12345", now=0.0)
    body.feed(b"67890", now=BODY_S)
    assert bytes(body.data) == b"1234567890"
    with pytest.raises(BodyTooLarge):
        body.feed(b"1", now=0.0)


@pytest.mark.parametrize("length", ["11", "99999999999999999999999"])
def test_a_length_that_is_too_large_is_refused_before_anything_is_read(length: str) -> None:
    with pytest.raises(BodyTooLarge):
        reader().expect(length)


@pytest.mark.parametrize("length", ["", "-1", "ten", "\u0661"])
def test_what_is_no_length_is_left_to_the_parser(length: str) -> None:
    reader().expect(length)


def test_a_body_that_trickles_is_refused_in_the_end() -> None:
    body = reader()
    body.feed(b"1", now=BODY_S - 0.1)
    with pytest.raises(BodyTooSlow):
        body.feed(b"2", now=BODY_S + 0.1)


def test_all_bodies_together_have_a_limit() -> None:
    held = HeldBytes(15)
    one, two = reader(held=held), reader(held=held)
    one.feed(b"1234567890", now=0.0)
    with pytest.raises(Full):
        two.feed(b"1234567890", now=0.0)
    one.release()
    two.feed(b"1234567890", now=0.0)
    two.release()
    assert held.held == 0


@pytest.mark.parametrize(
    ("method", "path", "area"),
    [
        ("POST", "/whip/cam1", Area.PUBLISH),
        ("DELETE", "/whep/cam1/secret", Area.WATCH),
        ("GET", "/api/v1/streams", Area.READ),
        ("HEAD", "/api/v1/streams", Area.READ),
        ("PATCH", "/api/v1/streams/cam1", Area.CHANGE),
        ("PUT", "/api", Area.CHANGE),
        ("GET", "/metrics", Area.READ),
        ("GET", "/readyz", Area.HEALTH),
        ("GET", "/", Area.PAGE),
        ("GET", "/static/js/net/api.js", Area.PAGE),
        ("POST", "*", Area.PAGE),
    ],
)
def test_a_request_belongs_to_an_area(method: str, path: str, area: Area) -> None:
    assert area_of(method, path) is area


@pytest.mark.parametrize(
    ("path", "inner"),
    [
        ("/live/whip/cam1", "/whip/cam1"),
        ("/live", "/"),
        ("/live/", "/"),
        ("/lively", "/lively"),
        ("/whip/cam1", "/whip/cam1"),
    ],
)
def test_a_prefix_is_taken_away_where_a_proxy_kept_it(path: str, inner: str) -> None:
    assert strip_prefix(path, "/live") == inner
    assert strip_prefix(path, "") == path


def test_slashes_at_the_end_do_not_count() -> None:
    found = [strip_slash(path) for path in ("/a/", "/a//", "/a", "/", "//", "")]
    assert found == ["/a", "/a", "/a", "/", "/", "/"]


def test_an_address_that_goes_on_after_refusals_is_held_back_and_no_other() -> None:
    penalties = Penalties()
    for _ in range(39):
        penalties.on_refusal("a", now=0.0)
    assert penalties.pause_s("a", now=0.0) == 0.0
    for _ in range(1000):
        penalties.on_refusal("a", now=0.0)
    assert penalties.pause_s("a", now=0.0) == PAUSE_S
    assert penalties.pause_s("b", now=0.0) == 0.0
    assert penalties.pause_s("a", now=0.5) == 0.0
    assert penalties.paused == 1
