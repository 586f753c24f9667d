from __future__ import annotations

from workers.media.route import Route
from workers.scheduling.passthrough import RoutePolicy


def test_work_may_begin_anywhere_and_copying_only_at_a_key_frame() -> None:
    policy = RoutePolicy()
    assert policy.of(is_key=False) is Route.WORK
    policy = RoutePolicy()
    policy.set_target(Route.COPY)
    assert policy.of(is_key=False) is None
    assert policy.of(is_key=True) is Route.COPY
    assert policy.of(is_key=False) is Route.COPY


def test_a_wish_is_followed_at_the_next_key_frame() -> None:
    policy = RoutePolicy()
    assert policy.of(is_key=True) is Route.WORK
    policy.set_target(Route.COPY)
    assert policy.needs_key_frame
    assert policy.of(is_key=False) is Route.WORK and policy.current is Route.WORK
    assert policy.of(is_key=True) is Route.COPY
    assert not policy.needs_key_frame
    policy.set_target(Route.WORK)
    assert policy.of(is_key=False) is Route.COPY
    assert policy.of(is_key=True) is Route.WORK


def test_after_a_restart_copying_waits_for_another_key_frame() -> None:
    policy = RoutePolicy()
    policy.set_target(Route.COPY)
    assert policy.of(is_key=True) is Route.COPY
    policy.restart()
    assert policy.of(is_key=False) is None
    assert policy.of(is_key=True) is Route.COPY
