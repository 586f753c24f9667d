"""The parts of an embedded player (``player/parts.js``)."""

from __future__ import annotations

import pytest

from tests.static.fakes import STATIC
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_it_has_the_parts_of_the_watch_pages_player(run: Run) -> None:
    body = """
      const page = new DOMParser().parseFromString(given, 'text/html');
      const ids = (root) => [...root.querySelectorAll('[id]')].map((part) => part.id);
      const made = m.playerParts('Live');
      const own = new Set(ids(made));
      return [ids(page.querySelector('#player')).filter((id) => !own.has(id)),
        [made.id, made.getAttribute('aria-label'), made.querySelector('video').muted]];
    """
    missing, player = await run("player/parts", body, (STATIC / "watch.html").read_text())
    # What the watch page alone has: statistics, and who made which part of the picture.
    assert set(missing) == {"tint", "tint-toggle", "legend", "stats", "stats-toggle"}
    assert player == ["player", "Live", True]


async def test_every_control_has_a_name(run: Run) -> None:
    body = """
      const named = (part) => part.getAttribute('aria-label') || part.textContent.trim()
        || part.labels?.length;
      document.body.append(m.playerParts('Live'));
      const controls = document.body.querySelectorAll('button, input, [role=slider]');
      return [...controls].filter((part) => !named(part)).map((part) => part.id);
    """
    # Controls that are filled by others, with an icon or the badge's words.
    assert await run("player/parts", body) == ["enhanced-label"]
