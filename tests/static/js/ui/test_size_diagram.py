"""The size as sent inside the size that viewers get (``ui/size-diagram.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


DIAGRAM = """
  const diagram = new m.SizeDiagram();
  harness.show(diagram.root);
  const box = (name) => {
    const rect = diagram.root.querySelector(`.${name}`);
    return Object.fromEntries(['x', 'y', 'width', 'height'].map((key) =>
      [key, Number(rect.getAttribute(key))]));
  };
  const words = () => [...diagram.root.querySelectorAll('text')].map((text) => text.textContent);
  const size = (width, height) => ({width, height});
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((480, 270), (960, 540)),
        ((480, 270), (1440, 810)),
        ((270, 480), (540, 960)),
        ((480, 270), (480, 270)),
        ((1920, 100), (3840, 200)),
        ((16, 16), (64, 64)),
    ],
)
async def test_both_are_drawn_to_one_scale_in_the_middle(
    run: Run, before: tuple[int, int], after: tuple[int, int]
) -> None:
    body = """
      const [before, after] = given;
      diagram.update(size(...before), size(...after));
      return [box('before'), box('after'), words()];
    """
    inner, outer, words = await run("ui/size-diagram", DIAGRAM + body, [before, after])
    for box in (inner, outer):
        assert box["x"] + box["width"] / 2 == pytest.approx(160, abs=0.11)
        assert box["y"] + box["height"] / 2 == pytest.approx(75, abs=0.11)
        assert box["x"] >= 0 and box["y"] >= 0
    assert inner["width"] / outer["width"] == pytest.approx(before[0] / after[0], rel=0.02)
    assert inner["height"] / outer["height"] == pytest.approx(before[1] / after[1], rel=0.04)
    # The larger one reaches the edge of its space in one direction.
    assert outer["width"] == pytest.approx(236) or outer["height"] == pytest.approx(118)
    assert words == [f"{after[1]}p", f"{before[1]}p"]


async def test_without_an_enhanced_size_the_source_is_drawn_alone(run: Run) -> None:
    body = """
      diagram.update(size(480, 270), size(960, 540));
      const doubled = box('before');
      diagram.update(size(480, 270), null);
      const hidden = diagram.root.querySelector('.after').hasAttribute('hidden');
      return [hidden, words(), JSON.stringify(box('before')) === JSON.stringify(doubled)];
    """
    assert await run("ui/size-diagram", DIAGRAM + body) == [True, ["", "270p"], True]


async def test_an_unknown_size_leaves_the_drawing_as_it_was(run: Run) -> None:
    body = """
      diagram.update(size(480, 270), null);
      diagram.update(size(0, 0), null);
      return words();
    """
    assert await run("ui/size-diagram", DIAGRAM + body) == ["", "270p"]


async def test_the_same_sizes_draw_nothing_anew(run: Run) -> None:
    body = """
      diagram.update(size(480, 270), null);
      const watcher = new MutationObserver(() => undefined);
      watcher.observe(diagram.root, {subtree: true, childList: true, attributes: true});
      diagram.update(size(480, 270), null);
      const same = watcher.takeRecords().length;
      diagram.update(size(640, 360), null);
      return [same, watcher.takeRecords().length > 0];
    """
    assert await run("ui/size-diagram", DIAGRAM + body) == [0, True]
