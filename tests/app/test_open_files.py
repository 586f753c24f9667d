"""``open_files.py``, on the limits of this process."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from app.open_files import raise_limit


@pytest.fixture
def limits() -> Iterator[tuple[int, int]]:
    """Those of this process, as they are again afterwards."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_soft_limit_is_raised_as_far_as_it_may(limits: tuple[int, int]) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, limits[1]))
    found = raise_limit(100)
    assert found == min(limits[1], 65_536) or limits[1] == resource.RLIM_INFINITY
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (found, limits[1])


def test_a_limit_below_the_need_is_said(
    limits: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    raise_limit(10)
    assert caplog.records == []
    raise_limit(10**9)
    assert "ulimit -n" in caplog.text
