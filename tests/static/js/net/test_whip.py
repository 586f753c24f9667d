"""Publishing by WHIP (``net/whip.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_pictures_are_only_made_smaller(run: Run) -> None:
    body = """
      const box = { width: 480, height: 270 };
      return [[1920, 1080], [320, 180], [1280, 800], [1080, 1920], [0, 0]]
        .map(([width, height]) => m.downscale({ width, height }, box));
    """
    factors = await run("net/whip", body)
    assert factors == pytest.approx([4, 1, 800 / 270, 4, 1])
