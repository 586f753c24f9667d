"""When keys are fetched again, and how long they are used, in virtual time."""

from __future__ import annotations

from app.external_access.key_cache import CacheTimes, KeyCache, Lookup
from tests.app.external_access.issuer import jwk, key_set

TIMES = CacheTimes(refresh_s=300, pause_s=10, max_pause_s=60, max_age_s=3600)
SET = key_set(jwk(), jwk("EdDSA", key_id="two"))


def loaded() -> KeyCache:
    """A copy that was fetched at 100."""
    cache = KeyCache(TIMES)
    cache.begin(now=100)
    cache.succeed(SET, now=100)
    return cache


def test_the_first_fetch_is_due_at_once() -> None:
    cache = KeyCache(TIMES)
    assert cache.wait_s(now=-5) == 0
    assert cache.named("one", now=0).keys == ()
    assert cache.miss(now=0) is Lookup.AWAITED


def test_keys_are_found_by_their_id() -> None:
    cache = loaded()
    assert [key.id for key in cache.named("two", now=100).keys] == ["two"]
    assert [key.id for key in cache.named("", now=100).keys] == ["one", "two"]
    for odd in ("../../etc/passwd", "one' OR '1'='1", "ONE", "http://evil.example/jwks"):
        assert cache.named(odd, now=100).keys == ()


def test_keys_are_fetched_again_when_they_are_old() -> None:
    cache = loaded()
    assert cache.wait_s(now=101) == 299
    assert cache.wait_s(now=400) == 0


def test_an_unknown_key_leads_to_one_fetch_in_ten_seconds() -> None:
    cache = loaded()
    # Just fetched: the issuer has none of this name.
    assert cache.miss(now=109) is Lookup.UNKNOWN
    assert cache.wait_s(now=109) == 291
    assert cache.miss(now=110) is Lookup.AWAITED
    assert cache.wait_s(now=110) == 0
    fetches = 0
    for tick in range(1000):
        now = 110 + tick / 10
        cache.miss(now=now)
        if not cache.wait_s(now=now):
            fetches += 1
            cache.begin(now=now)
            assert cache.miss(now=now) is Lookup.AWAITED
            cache.succeed(SET, now=now)
            assert cache.miss(now=now) is Lookup.UNKNOWN
    assert fetches == 10


def test_while_the_issuer_is_away_keys_go_on_being_used_up_to_their_age() -> None:
    cache, now = loaded(), 400.0
    while now < 100 + 3600:
        assert cache.wait_s(now=now) == 0
        cache.begin(now=now)
        cache.fail()
        assert [key.id for key in cache.named("one", now=now).keys] == ["one"]
        now += cache.wait_s(now=now)
    assert cache.named("one", now=100 + 3600.1).keys == ()
    assert cache.usable(now=100 + 3600.1).digest == b""
    # It comes back.
    cache.begin(now=now)
    cache.succeed(SET, now=now)
    assert cache.named("one", now=now).keys
    assert cache.wait_s(now=now) == 300


def test_pauses_between_failing_fetches_grow() -> None:
    cache, now, waits = KeyCache(TIMES), 0.0, []
    for _ in range(6):
        cache.begin(now=now)
        cache.fail()
        waits.append(cache.wait_s(now=now))
        now += waits[-1]
    assert waits == [10, 20, 40, 60, 60, 60]


def test_a_key_that_the_issuer_cannot_be_asked_for_is_not_called_unknown() -> None:
    cache = KeyCache(TIMES)
    cache.begin(now=0)
    cache.fail()
    assert cache.miss(now=5) is Lookup.AWAY
    assert cache.is_failing
    assert cache.miss(now=10) is Lookup.AWAITED


def test_a_withdrawn_key_goes_with_the_next_fetch() -> None:
    cache = loaded()
    cache.begin(now=400)
    cache.succeed(key_set(jwk(key_id="two")), now=400)
    assert cache.named("one", now=400).keys == ()
