"""The page's choice of the size to send (``media/send-size.js``): the same as Python's."""

from __future__ import annotations

import pytest

from media import send_size
from tests.media.test_send_size import HISTORIES, PIXELS_PER_S, SIZES
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

TABLE = [{"fraction": size.fraction, "min_bpp": size.min_bpp} for size in SIZES]


@pytest.mark.parametrize("name", HISTORIES)
async def test_it_chooses_as_the_publisher_does(run: Run, name: str) -> None:
    body = """
      const chooser = new m.SizeChooser(given.sizes, given.pixels);
      return given.history.map(([seconds, kbps]) => chooser.choose(kbps, 1000 * seconds));
    """
    given = {"sizes": TABLE, "pixels": PIXELS_PER_S, "history": HISTORIES[name]}
    assert await run("media/send-size", body, given) == [each[2] for each in HISTORIES[name]]


async def test_its_constants_are_those_of_the_publisher(run: Run) -> None:
    found = await run("media/send-size", "return [m.HYSTERESIS, m.DWELL_UP_MS, m.DWELL_DOWN_MS];")
    assert found == [
        send_size.HYSTERESIS,
        1000 * send_size.DWELL_UP_S,
        1000 * send_size.DWELL_DOWN_S,
    ]
