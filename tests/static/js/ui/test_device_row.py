"""A device on the board (``ui/device-row.js``)."""

from __future__ import annotations

import pytest

from tests.static import samples
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

ROW = """
  const removed = [];
  const row = new m.DeviceRow(given, (name) => removed.push(name));
  harness.show(row.root);
  row.update(given);
  const figures = () => Object.fromEntries([...row.root.querySelectorAll('.figures-grid > div')]
    .map((cell) => [...cell.children].map((child) => child.textContent)));
  const badge = () => [row.root.querySelector('.badge').textContent,
    row.root.querySelector('.badge').dataset.tone];
"""


async def test_the_figures_of_a_joined_device(run: Run) -> None:
    body = "return [figures(), badge(), row.root.querySelector('.controls p').textContent];"
    figures, badge, jobs = await run("ui/device-row", ROW + body, samples.device())
    assert figures == {
        "Round trip": "41 ms",
        "Loss": "2.1 %",
        "May send": "9.2 Mbit/s",
        "Delivered": "812 kbit/s",
        "Queue": "2.4 ms, 3 kB",
        "Messages": "900 sent, 880 received, 31 by parity, 2 late",
        "Address": "198.51.100.7",
        "Key": "0123456789ab",
    }
    assert badge == ["Joined", "good"]
    assert jobs == "Works on garden (enhanced)"


async def test_a_device_that_is_away_has_no_link(run: Run) -> None:
    body = """
      return [figures(), badge(), row.root.querySelector('.since').textContent,
        row.root.querySelector('.controls p').textContent];
    """
    figures, badge, since, jobs = await run("ui/device-row", ROW + body, samples.device(away=True))
    assert {figures[name] for name in ("Round trip", "Loss", "Queue", "Messages")} == {"–"}
    assert figures["Key"] == "0123456789ab"
    assert badge == ["Away", "quiet"]
    assert since.startswith("last seen ")
    assert jobs == "It has no streams now."


async def test_a_device_that_comes_back_is_shown_joined(run: Run) -> None:
    body = """
      row.update({...given, state: 'joined', link: {rtt_ms: 5, loss: 0, rate_kbps: 1, queue_ms: 0,
        delivered_kbps: 2, queued_bytes: 0, silent_ms: 1, messages: {}}});
      return [badge(), figures().Messages, row.root.querySelector('.since').textContent];
    """
    found = await run("ui/device-row", ROW + body, samples.device(away=True))
    assert found == [["Joined", "good"], "0 sent, 0 received", ""]


async def test_its_button_asks_for_the_removal(run: Run) -> None:
    body = """
      const button = row.root.querySelector('button');
      button.click();
      return [removed, button.getAttribute('aria-label')];
    """
    found = await run("ui/device-row", ROW + body, samples.device())
    assert found == [["attic"], "Remove device attic"]


async def test_troubles_are_named_only_where_there_are_some(run: Run) -> None:
    body = (
        "return [m.messageWords({messages: {sent: 3}}), m.messageWords({messages: {refused: 2}})];"
    )
    assert await run("ui/device-row", body) == [
        "3 sent, 0 received",
        "0 sent, 0 received, 2 refused",
    ]
