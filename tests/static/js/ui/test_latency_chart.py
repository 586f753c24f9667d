"""Latency by stage (``ui/latency-chart.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


CHART = """
  const chart = new m.LatencyChart();
  const stage = (name, p50, p95) => ({name, p50, p95});
  const rows = () => [...chart.root.querySelectorAll('li')].map((row) => [
    row.querySelector('.name').textContent, row.querySelector('.value').textContent,
    row.querySelector('.track').style.getPropertyValue('--p50'),
    row.querySelector('.track').style.getPropertyValue('--p95')]);
  const heading = () => chart.root.querySelector('h3').textContent;
"""


async def test_before_the_first_measurement_it_says_so(run: Run) -> None:
    body = "return [heading(), rows()];"
    assert await run("ui/latency-chart", CHART + body) == [
        "Server latency: not measured yet", [],
    ]  # fmt: skip


async def test_bars_are_drawn_to_the_longest_stage(run: Run) -> None:
    body = """
      chart.update({total: {p50: 31, p95: 44},
        stages: [stage('decode', 5, 10), stage('enhance', 10, 20)]});
      return [heading(), rows()];
    """
    assert await run("ui/latency-chart", CHART + body) == [
        "Server adds 31 ms (95 %: 44 ms)",
        [["decode", "5.0 ms", "25%", "50%"], ["enhance", "10 ms", "50%", "100%"]],
    ]


async def test_stages_of_microseconds_do_not_fill_the_chart(run: Run) -> None:
    body = """
      chart.update({total: null, stages: [stage('queue', 0.1, 0.5)]});
      return rows();
    """
    assert await run("ui/latency-chart", CHART + body) == [["queue", "0.1 ms", "10%", "50%"]]


async def test_stages_that_are_gone_lose_their_rows_and_others_keep_theirs(run: Run) -> None:
    body = """
      chart.update({total: null, stages: [stage('a', 1, 1), stage('b', 1, 1), stage('c', 1, 1)]});
      const [first] = chart.root.querySelectorAll('li');
      chart.update({total: null, stages: [stage('c', 2, 2)]});
      const now = rows();
      const kept = chart.root.querySelector('li') === first;
      chart.update(null);
      return [now, kept, rows(), heading()];
    """
    assert await run("ui/latency-chart", CHART + body) == [
        [["c", "2.0 ms", "100%", "100%"]], True, [], "Server latency: not measured yet",
    ]  # fmt: skip
