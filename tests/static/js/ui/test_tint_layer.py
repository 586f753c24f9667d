"""The tint over the picture (``ui/tint-layer.js``): what is painted where."""

from __future__ import annotations

import pytest

from tests.static import samples
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

LAYER = """
  const canvas = harness.show(document.createElement('canvas'));
  const layer = new m.TintLayer(canvas);
  const order = given.map.devices;
  layer.paint(given.map, (name) => m.styleOf(order.indexOf(name)));
  // A copy: the browser warns of canvases that are painted and read again and again.
  const pen = new OffscreenCanvas(1280, 1280).getContext('2d', {willReadFrequently: true});
  pen.drawImage(canvas, 0, 0);
  /** Red, green, blue and opacity of a square's pixel a fifth from its top left corner. */
  const at = (column, row) => [...pen.getImageData(column * 160 + 32, row * 160 + 33, 1, 1).data];
"""


async def test_each_square_has_the_colour_of_who_made_it(run: Run) -> None:
    body = "return [canvas.width, canvas.height, at(0, 0), at(7, 0), at(0, 1), at(6, 1), at(2, 2)]"
    width, height, *pixels = await run("ui/tint-layer", LAYER + body, samples.team_map())
    # The picture's sides, so that both are fitted into the stage alike.
    assert (width, height) == (1280, 560)
    first, last, second, predicted, below = pixels
    assert first == last and first[3] in range(80, 95)
    red, green, blue, opacity = first
    assert blue > green > red and opacity < 128  # sky blue, and the picture is seen through it
    assert second[0] > second[1] > second[2]  # orange
    assert predicted == below == [0, 0, 0, 0]


async def test_patterns_tell_devices_apart_without_colours(run: Run) -> None:
    body = """
      const square = (column) => [...pen.getImageData(column * 160, 0, 160, 160).data]
        .filter((_, index) => index % 4 === 3).map((opacity) => (opacity > 128 ? 1 : 0)).join('');
      return [0, 1, 2, 3, 4, 5, 6, 7].map(square);
    """
    names = [f"d{number}" for number in range(8)]
    given = samples.team_map(*names, cells="01234567" + "." * 24)
    found = await run("ui/tint-layer", LAYER + body, given)
    assert len(set(found)) == 8 and "1" not in found[0]


async def test_sixteen_devices_have_sixteen_styles(run: Run) -> None:
    body = "return Array.from({length: 16}, (_, index) => Object.values(m.styleOf(index)).join())"
    styles = await run("ui/tint-layer", body)
    assert len(set(styles)) == 16
    assert len({style.split(",")[0] for style in styles}) == 8


async def test_a_new_map_takes_the_old_one_s_place(run: Run) -> None:
    body = """
      layer.paint({...given.map, cells: '.'.repeat(32)}, () => m.styleOf(0));
      pen.reset();
      pen.drawImage(canvas, 0, 0);
      const empty = at(0, 0);
      const shown = canvas.hidden;
      layer.clear();
      return [empty, shown, canvas.hidden];
    """
    found = await run("ui/tint-layer", LAYER + body, samples.team_map())
    assert found == [[0, 0, 0, 0], False, True]


async def test_neighbours_are_painted_as_one(run: Run) -> None:
    given = samples.team_map(cells="00.011.." + "." * 23 + "1")
    assert await run("ui/tint-layer", "return m.runs(given.map)", given) == [
        {"row": 0, "from": 0, "to": 2, "place": 0},
        {"row": 0, "from": 3, "to": 4, "place": 0},
        {"row": 0, "from": 4, "to": 6, "place": 1},
        {"row": 3, "from": 7, "to": 8, "place": 1},
    ]


async def test_fractions_are_those_of_the_picture_s_area(run: Run) -> None:
    """The last row lies half beyond the picture."""
    given = samples.team_map(cells="0" * 8 + "." * 16 + "1" * 8)
    found = await run("ui/tint-layer", "return m.fractions(given.map)", given)
    assert found == pytest.approx([40 / 140, 20 / 140])
