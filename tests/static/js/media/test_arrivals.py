"""Why there is no picture (``media/arrivals.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_why_there_is_no_picture(run: Run) -> None:
    body = """
      const peer = {}, arrivals = new m.Arrivals();
      const found = [];
      const note = (who, stats, now) => {
        arrivals.note(who, stats, now);
        found.push([arrivals.kind(false), arrivals.kind(true), arrivals.silentMs]);
      };
      note(null, null, 0);
      note(peer, null, 100);
      note(peer, {bytes: 0, frames: 0}, 1100);
      note(peer, {bytes: 900, frames: 0}, 2000);
      note(peer, {bytes: 900, frames: 5}, 2500);
      note({}, {bytes: 900, frames: 5}, 3000);
      note(null, null, 9000);
      return found;
    """
    assert await run("media/arrivals", body) == [
        ["unknown", "unknown", 0],
        ["none", "none", 0],
        ["none", "none", 1000],
        ["unshown", "unshown", 0],
        ["unknown", "blocked", 500],
        ["unknown", "blocked", 0],
        ["unknown", "unknown", 0],
    ]


async def test_why_there_is_no_picture_is_told_apart(run: Run) -> None:
    body = """
      const arrivals = new m.Arrivals(), peer = {};
      const seen = [arrivals.kind(false)];
      const note = (bytes, frames, now) => arrivals.note(peer, { bytes, frames }, now);
      note(0, 0, 1000); seen.push(arrivals.kind(false));
      note(10, 0, 2000); seen.push(arrivals.kind(false));
      note(20, 1, 3000); seen.push(arrivals.kind(true), arrivals.kind(false), arrivals.silentMs);
      note(20, 1, 5500); seen.push(arrivals.silentMs);
      arrivals.note({}, { bytes: 20, frames: 1 }, 6000); seen.push(arrivals.silentMs);
      arrivals.note(null, null, 7000); seen.push(arrivals.silentMs);
      return seen;
    """
    found = await run("media/arrivals", body)
    assert found == ["unknown", "none", "unshown", "blocked", "unknown", 0, 2500, 0, 0]
