"""The last minute of a figure as a line (``ui/sparkline.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


LINE = """
  const line = new m.Sparkline('Added latency', (value) => `${value} ms`);
  harness.show(line.root);
  const data = (name) => line.root.querySelector(name).getAttribute('d');
  const label = () => line.root.querySelector('svg').getAttribute('aria-label');
"""


async def test_a_line_needs_two_values(run: Run) -> None:
    body = "return [m.linePath([], 1), m.linePath([5], 10), m.linePath([0, 10], 10)];"
    # 60 values span 120 units; a value's step is a bit more than two.
    assert await run("ui/sparkline", body) == ["", "", "M118.0 35.0L120.0 1.0"]


@pytest.mark.parametrize("count", [2, 30, 60])
async def test_the_right_edge_is_now_and_the_newest_minute_fills_the_picture(
    run: Run, count: int
) -> None:
    body = """
      const points = m.linePath(Array(given).fill(5), 10).slice(1).split('L')
        .map((point) => point.split(' ').map(Number));
      return [points.length, points[0][0], points.at(-1)[0], new Set(points.map(([, y]) => y)).size];
    """  # noqa: E501
    points, left, right, heights = await run("ui/sparkline", body, count)
    assert (points, right, heights) == (count, 120, 1)
    assert left == pytest.approx(120 - (count - 1) * 120 / 59, abs=0.06)


@pytest.mark.parametrize(("value", "y"), [(0, 35), (5, 18), (10, 1), (99, 1)])
async def test_heights_go_from_the_bottom_to_the_ceiling(run: Run, value: int, y: int) -> None:
    body = "return Number(m.linePath([given, given], 10).split(' ').at(-1));"
    assert await run("ui/sparkline", body, value) == y


async def test_a_minute_is_kept_and_its_range_is_said(run: Run) -> None:
    body = """
      for (let value = 1; value <= 70; value += 1) line.push(value);
      return [label(), data('path:not(.area)').split('L').length,
        line.root.querySelector('b').textContent];
    """
    assert await run("ui/sparkline", LINE + body) == [
        "Added latency, last minute: 11 ms to 70 ms", 60, "70 ms",
    ]  # fmt: skip


async def test_what_is_not_known_leaves_the_line(run: Run) -> None:
    body = """
      const empty = [label(), line.root.querySelector('b').textContent];
      line.push(null);
      line.push(undefined);
      line.push(3);
      line.push(4);
      const before = data('path:not(.area)');
      line.push(null);
      return [empty, before === data('path:not(.area)'), label()];
    """
    assert await run("ui/sparkline", LINE + body) == [
        ["Added latency", "–"], True, "Added latency, last minute: 3 ms to 4 ms",
    ]  # fmt: skip


async def test_the_area_is_closed_below_the_line(run: Run) -> None:
    body = """
      line.push(0);
      const one = data('.area');
      line.push(0);
      line.push(0);
      return [one, data('.area')];
    """
    one, area = await run("ui/sparkline", LINE + body)
    assert one == ""
    assert area.startswith("M115.9 35.0L") and area.endswith("L120 36L115.9 36Z")
