from __future__ import annotations

import inspect

import pytest

from benchmarks.transport.ways import WAYS


@pytest.mark.parametrize("name", WAYS)
def test_every_way_has_both_ends(name: str) -> None:
    way = WAYS[name]
    if way.is_missing:
        pytest.skip(f"{way.needs} is not installed")
    module = way.load()
    assert inspect.iscoroutinefunction(module.send)
    assert inspect.iscoroutinefunction(module.receive)


def test_titles_are_of_one_row_each() -> None:
    assert len({way.title for way in WAYS.values()}) == len(WAYS)


def test_a_way_without_its_package_says_so() -> None:
    from dataclasses import replace

    assert replace(WAYS["udp"], needs="no_such_package").is_missing
    assert not WAYS["udp"].is_missing
