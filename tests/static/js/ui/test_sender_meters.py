"""What is being sent, in figures (``ui/sender-meters.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


METERS = """
  await harness.load('/broadcast');
  const shown = () => ['fps', 'kbps', 'rtt', 'size', 'limit']
    .map((name) => document.getElementById(`stat-${name}`).textContent);
  const idle = () => document.getElementById('meters').dataset.idle;
  const stats = {fps: 29.97, kbps: 812.4, rttMs: 12.6, width: 480, height: 270, limitation: 'none'};
"""


async def test_figures_are_rounded_to_what_one_reads(run: Run) -> None:
    body = "m.showMeters(stats); return [shown(), idle()];"
    assert await run("ui/sender-meters", METERS + body) == [
        ["30", "812", "13", "480×270", "nothing"], "false",
    ]  # fmt: skip


async def test_while_nothing_is_sent_there_are_dashes(run: Run) -> None:
    body = "m.showMeters(stats); m.showMeters(null); return [shown(), idle()];"
    assert await run("ui/sender-meters", METERS + body) == [["–"] * 5, "true"]


@pytest.mark.parametrize(
    ("limitation", "words"),
    [
        ("none", "nothing"),
        ("cpu", "this computer"),
        ("bandwidth", "the network"),
        ("other", "something else"),
        ("thermal", "thermal"),
    ],
)
async def test_what_holds_the_sender_back_is_named(run: Run, limitation: str, words: str) -> None:
    body = "m.showMeters({...stats, limitation: given}); return shown()[4];"
    assert await run("ui/sender-meters", METERS + body, limitation) == words


async def test_rates_that_are_not_known_yet_are_dashes(run: Run) -> None:
    body = """
      m.showMeters({...stats, fps: null, kbps: null, rttMs: null, width: 0});
      return [shown(), idle()];
    """
    assert await run("ui/sender-meters", METERS + body) == [
        ["–", "–", "–", "–", "nothing"], "false",
    ]  # fmt: skip
