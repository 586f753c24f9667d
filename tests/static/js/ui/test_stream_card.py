"""One stream on the list (``ui/stream-card.js``)."""

from __future__ import annotations

import pytest

from tests.static import samples
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

CARD = """
  const api = { thumbnail: async () => null };
  const card = new m.StreamCard(given, api);
  harness.show(card.root);
  given.started_at = new Date(Date.now() - 3 * 60000 - 5000).toISOString();
  card.update(given);
"""


async def test_a_card_tells_sizes_viewers_and_age(run: Run) -> None:
    body = f"""{CARD}
      const of = (part) => card.root.querySelector(part);
      const found = ['.gain', '.small', '.badge'].map((part) => of(part).textContent);
      found.push(of('a').getAttribute('href'));
      card.close();
      return found"""
    sizes, facts, badge, link = await run("ui/stream-card", body, samples.stream("garden"))
    assert sizes == "480×270 → 960×540"
    assert facts == "30 fps · 2 viewers · with sound · started 3 minutes ago"
    assert (badge, link.rpartition("/")[2]) == ("Enhancing", "garden")


async def test_a_stream_that_nobody_enhances_has_one_size(run: Run) -> None:
    body = f"{CARD} return [card.root.querySelector('.gain').textContent, card.root.textContent]"
    silent = {**samples.stream("garden", state="waiting"), "audio": False, "viewers": 1}
    size, words = await run("ui/stream-card", body, silent)
    assert size == "480×270"
    assert "1 viewer ·" in words and "no sound" in words


async def test_a_name_is_text_and_part_of_an_address(run: Run) -> None:
    body = f"""{CARD}
      const name = card.root.querySelector('a');
      return [name.textContent, card.root.querySelectorAll('b').length]"""
    assert await run("ui/stream-card", body, samples.stream("<b>x")) == ["<b>x", 0]


async def test_an_update_makes_no_element_anew(run: Run) -> None:
    body = f"""{CARD}
      const before = [...card.root.querySelectorAll('*')];
      card.update({{ ...given, viewers: 7 }});
      const after = [...card.root.querySelectorAll('*')];
      const isSame = before.every((one, n) => one === after[n]);
      return [isSame, card.root.textContent.includes('7 viewers')]"""
    assert await run("ui/stream-card", body, samples.stream("garden")) == [True, True]
