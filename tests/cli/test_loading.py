"""Garbage collection is held back while a command loads, and goes on behind that."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from cli.loading import loading


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    was_on = gc.isenabled()
    yield
    if was_on:
        gc.enable()
    else:
        gc.disable()


def test_nothing_is_collected_within() -> None:
    gc.enable()
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_collection_goes_on_after_a_failure() -> None:
    gc.enable()
    with pytest.raises(ImportError), loading():
        raise ImportError("no such library")
    assert gc.isenabled()


def test_where_it_is_off_it_stays_off() -> None:
    gc.disable()
    with loading():
        assert not gc.isenabled()
    assert not gc.isenabled()


def test_one_within_another_ends_with_the_outer() -> None:
    gc.enable()
    with loading():
        with loading():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
