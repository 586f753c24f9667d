"""What can go wrong on the wire."""

from __future__ import annotations

import inspect

from wire import errors
from wire.errors import (
    BadAddress,
    LogFull,
    RedisTrouble,
    ServerAway,
    ServerFull,
    ServerRefuses,
    WireError,
)
from wire.redis_errors import REDIS_DOWN

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]


def test_all_have_one_root_and_stand_in_the_list() -> None:
    listed = errors.__doc__ or ""
    for kind in ALL:
        assert issubclass(kind, WireError)
        assert f"{kind.__name__} " in listed or f"{kind.__name__}\n" in listed, kind


def test_the_list_shows_who_is_a_kind_of_whom() -> None:
    lines = (errors.__doc__ or "").splitlines()
    depth: dict[str, int] = {}
    for line in lines:
        words = line.replace("│", " ").replace("├──", "   ").replace("└──", "   ")
        name = words.split()[0] if words.split() else ""
        if name in {kind.__name__ for kind in ALL}:
            depth[name] = (len(words) - len(words.lstrip())) // 4
    for kind in ALL:
        parents = [p for p in kind.__mro__[1:] if issubclass(p, WireError)]
        assert depth[kind.__name__] == len(parents), kind


def test_each_says_what_to_do() -> None:
    for kind in ALL:
        assert (kind.__doc__ or "").strip().endswith((".", ".\n"))


def test_trouble_that_passes_is_waited_for() -> None:
    for kind in (RedisTrouble, ServerAway, ServerFull, ServerRefuses, LogFull):
        assert issubclass(kind, REDIS_DOWN)
    assert not issubclass(errors.Fenced, REDIS_DOWN), "whoever is fenced must stop"
    assert not issubclass(errors.StreamGone, REDIS_DOWN)


def test_an_address_that_is_none_is_a_bad_value_for_settings() -> None:
    assert issubclass(BadAddress, ValueError)
