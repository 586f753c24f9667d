"""Players of a grid begin one after the other (``ui/join-pace.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_joins_are_spread(run: Run) -> None:
    body = "const pace = new m.JoinPace(250); return [0, 0, 0, 100].map((now) => pace.reserve(now))"
    assert await run("ui/join-pace", body) == [0, 250, 500, 650]


async def test_after_a_pause_a_join_need_not_wait(run: Run) -> None:
    body = (
        "const pace = new m.JoinPace(250); return [0, 5000, 5249].map((now) => pace.reserve(now))"
    )
    assert await run("ui/join-pace", body) == [0, 0, 1]


async def test_four_join_in_a_second(run: Run) -> None:
    body = """const pace = new m.JoinPace();
      const waits = Array.from({ length: 16 }, () => pace.reserve(0));
      return waits.filter((wait) => wait < 1000).length"""
    assert await run("ui/join-pace", body) == 4
