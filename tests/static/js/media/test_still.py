"""A still of both sides (``media/still.js``), with real canvases."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

SIDES = """
  const filled = (width, height, colour) => {
    const canvas = Object.assign(document.createElement('canvas'), {width, height});
    const context = canvas.getContext('2d');
    context.fillStyle = colour;
    context.fillRect(0, 0, width, height);
    return canvas;
  };
  const source = filled(480, 270, '#ff0000');
  const enhanced = filled(960, 540, '#0000ff');
"""


async def test_both_sides_lie_beside_each_other_at_the_larger_ones_size(run: Run) -> None:
    body = """
      const made = m.composed(source, enhanced, {source: 'Original', enhanced: 'Enhanced'});
      const all = made.getContext('2d').getImageData(0, 0, made.width, made.height).data;
      const at = (x, y) => [0, 1, 2].map((part) => all[4 * (y * made.width + x) + part]);
      return [made.width, made.height > 540, at(5, 5), at(955, 535), at(965, 5), at(1915, 535)];
    """
    width, has_words, *colours = await run("media/still", SIDES + body)
    assert (width, has_words) == (1920, True)
    assert colours == [[255, 0, 0], [255, 0, 0], [0, 0, 255], [0, 0, 255]]


async def test_the_words_stand_below_the_pictures(run: Run) -> None:
    body = """
      const plain = m.composed(source, enhanced, {source: '', enhanced: ''});
      const said = m.composed(source, enhanced, {source: 'Original', enhanced: 'Enhanced'});
      const light = (canvas) => {
        const {data} = canvas.getContext('2d').getImageData(0, 540, 1920, canvas.height - 540);
        return data.reduce((sum, value) => sum + value, 0);
      };
      return light(said) > light(plain);
    """
    assert await run("media/still", SIDES + body) is True


async def test_it_becomes_a_png_of_the_same_size(run: Run) -> None:
    body = """
      const made = m.composed(source, enhanced, {source: '', enhanced: ''});
      const blob = await m.pngOf(made);
      const read = await createImageBitmap(blob);
      return [blob.type, read.width === made.width, read.height === made.height];
    """
    assert await run("media/still", SIDES + body) == ["image/png", True, True]


async def test_its_name_has_the_stream_and_the_time(run: Run) -> None:
    body = "return m.stillName('garden.1', new Date(Date.UTC(2026, 10, 29, 1, 33, 10, 250)))"
    assert await run("media/still", body) == "garden.1_2026-11-29T01-33-10Z.png"


async def test_it_is_given_to_the_browser_as_a_file(run: Run) -> None:
    body = """
      const clicked = [];
      harness.put(HTMLAnchorElement.prototype, 'click', {value() {
        clicked.push([this.download, this.href.startsWith('blob:')]);
      }});
      m.save(new Blob(['x']), 'a.png');
      return clicked;
    """
    assert await run("media/still", body) == [["a.png", True]]
