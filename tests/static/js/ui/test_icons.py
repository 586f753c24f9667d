"""Drawings on buttons (``ui/icons.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


@pytest.mark.parametrize(("name", "strokes"), [("sound", 3), ("muted", 3), ("fullscreen", 4)])
async def test_an_icon_is_a_drawing_that_is_not_read_out(run: Run, name: str, strokes: int) -> None:
    body = """
      const icon = m.icon(given);
      // A path whose data the browser cannot read has no length.
      const lengths = [...icon.children].map((path) => path.getTotalLength());
      return [icon.getAttribute('aria-hidden'), lengths.length, lengths.every((one) => one > 1)];
    """
    assert await run("ui/icons", body, name) == ["true", strokes, True]
