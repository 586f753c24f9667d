"""Statistics over the picture (``ui/stats-panel.js``)."""

from __future__ import annotations

import pytest

from tests.static import samples
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


PANEL = """
  const root = harness.show(document.createElement('section'));
  const panel = new m.StatsPanel(root);
  const stats = {width: 960, height: 540, fps: 29.6, kbps: 2400, codec: 'H264', delayMs: 7.25, lost: 3};
  const rows = () => Object.fromEntries([...root.querySelectorAll('tbody tr')].map((row) =>
    [row.children[0].textContent, [...row.children].slice(1).map((cell) => cell.textContent)]));
  const state = () => root.querySelector('.why').textContent;
"""  # noqa: E501


async def test_both_renditions_stand_side_by_side(run: Run) -> None:
    body = """
      panel.showPlayback({...stats, width: 480, height: 270, kbps: 812, codec: '', delayMs: null},
        stats, {matched: 12, unmatched: 1, aligned: true});
      return rows();
    """
    assert await run("ui/stats-panel", PANEL + body) == {
        "Picture": ["480×270", "960×540"],
        "Frame rate": ["30 fps", "30 fps"],
        "Bitrate": ["812 kbit/s", "2.4 Mbit/s"],
        "Codec": ["–", "H264"],
        "Buffer delay": ["–", "7.3 ms"],
        "Packets lost": ["3", "3"],
        "Same frame": ["12 pairs, 1 without"],
    }


async def test_a_rendition_that_does_not_play_has_dashes(run: Run) -> None:
    body = """
      panel.showPlayback(null, stats, {matched: 12, unmatched: 1, aligned: false});
      const found = rows();
      return [Object.values(found).slice(0, 6).map(([source]) => source), found['Same frame']];
    """
    assert await run("ui/stats-panel", PANEL + body) == [["–"] * 6, ["not compared now"]]


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (samples.stream(), "Enhancing (live-s · openvino · edge-1)"),
        (
            samples.stream(state="bypass", reason="All workers are full."),
            "Not enhanced (live-s): All workers are full.",
        ),
        (None, ""),
    ],
)
async def test_the_server_says_who_enhances_and_why_not(
    run: Run, stream: samples.Json | None, words: str
) -> None:
    body = """
      panel.showServer(given);
      return [state(), root.querySelectorAll('li').length];
    """
    stages = len(samples.STAGES) if stream and stream["enhancement"]["worker"] else 0
    assert await run("ui/stats-panel", PANEL + body, stream) == [words, stages]


async def test_rows_and_columns_are_headed(run: Run) -> None:
    body = """
      return [[...root.querySelectorAll('thead th')].map((one) => one.textContent),
        [...root.querySelectorAll('tbody th')].every((one) => one.scope === 'row')];
    """
    assert await run("ui/stats-panel", PANEL + body) == [["", "Source", "Enhanced"], True]
