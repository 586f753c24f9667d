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


@pytest.mark.parametrize(
    ("estimate", "sent", "expected"),
    [
        pytest.param(None, 100, 800, id="nothing is estimated yet"),
        pytest.param(300, None, 800, id="nothing was sent yet"),
        pytest.param(390, 109, 800, id="an easy picture on a good line"),
        pytest.param(150, 140, 150, id="a slow line that is full"),
        pytest.param(100, 120, 100, id="more is sent than the line takes"),
        pytest.param(3000, 790, 800, id="a fast line"),
        pytest.param(3000, 2900, 800, id="never above what is allowed"),
    ],
)
async def test_an_estimate_counts_only_where_the_sender_uses_it(
    run: Run, estimate: float | None, sent: float | None, expected: float
) -> None:
    given = {"estimate": estimate, "sent": sent}
    body = "return m.lineKbps(given.estimate, given.sent, 800);"
    assert await run("media/send-size", body, given) == expected


@pytest.mark.parametrize(
    ("estimate", "sent", "target", "expected"),
    [
        pytest.param(440, 200, 220, 220, id="a slow line of which the encoder gets half"),
        pytest.param(440, 100, 220, 800, id="an easy picture"),
        pytest.param(3000, 790, 800, 800, id="a fast line"),
        pytest.param(3000, 900, 1200, 800, id="never above what is allowed"),
        pytest.param(None, 140, 150, 150, id="nothing is estimated, but the encoder was told"),
        pytest.param(150, 140, None, 150, id="a browser that tells no target"),
    ],
)
async def test_what_the_encoder_was_told_counts_before_the_estimate(
    run: Run, estimate: float | None, sent: float, target: float | None, expected: float
) -> None:
    given = {"estimate": estimate, "sent": sent, "target": target}
    body = "return m.lineKbps(given.estimate, given.sent, 800, given.target);"
    assert await run("media/send-size", body, given) == expected


async def test_an_easy_picture_is_not_kept_small_by_an_estimate_that_has_nothing_to_grow_by(
    run: Run,
) -> None:
    """A browser begins at 300 kbit/s, and while 109 are sent it stays there."""
    body = """
      const chooser = new m.SizeChooser(given.sizes, given.pixels);
      const found = [];
      for (let s = 0; s < 60; s++) found.push(chooser.choose(m.lineKbps(300, 109, 800), 1000 * s));
      for (let s = 60; s < 80; s++) found.push(chooser.choose(m.lineKbps(100, 98, 800), 1000 * s));
      return found;
    """
    found = await run("media/send-size", body, {"sizes": TABLE, "pixels": 640 * 360 * 30})
    smallest, largest = TABLE[0]["fraction"], TABLE[-1]["fraction"]
    assert found[:60] == [largest] * 60
    assert found[-1] == smallest
