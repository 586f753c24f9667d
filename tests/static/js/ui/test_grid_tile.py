"""One stream in the grid (``ui/grid-tile.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

TILE = """
  const clock = harness.clock();
  const peers = harness.peers();
  const requests = harness.network(() => [409, {}]);
  const pace = { waits: [], reserve() { return this.waits.shift() ?? 0; } };
  const enlarged = [];
  const parts = { iceServers: [], pace, enlarge: (name) => enlarged.push(name), token: '' };
  const tile = new m.GridTile('garden', parts);
  harness.atEnd(() => tile.close());
  harness.show(tile.root);
  const part = (name) => tile.root.querySelector(name);
  const asked = () => requests.filter((one) => one.method === 'POST').map((one) => one.path);
"""


async def test_a_tile_out_of_sight_asks_for_nothing(run: Run) -> None:
    body = f"{TILE} tile.enlarge(false); await clock.advance(5000); return asked()"
    assert await run("ui/grid-tile", body) == []


async def test_a_small_one_plays_the_source_and_never_wakes_enhancement(run: Run) -> None:
    body = f"{TILE} tile.see(true); await clock.advance(10); return [asked(), part('video').muted]"
    assert await run("ui/grid-tile", body) == [["/whep/garden?rendition=source"], True]


async def test_it_shows_the_token_to_watch(run: Run) -> None:
    body = f"""{TILE}
      const own = new m.GridTile('garden', {{...parts, token: 'vt_a.b'}});
      harness.show(own.root);
      own.see(true);
      await clock.advance(10);
      own.enlarge(true);
      await clock.advance(10);
      own.close();
      return [...new Set(requests.map((one) => one.headers.Authorization))]"""
    assert await run("ui/grid-tile", body) == ["Bearer vt_a.b"]


async def test_it_joins_when_its_turn_has_come(run: Run) -> None:
    body = f"""{TILE}
      pace.waits.push(750);
      tile.see(true);
      await clock.advance(740);
      const before = asked().length;
      await clock.advance(20);
      return [before, asked().length]"""
    assert await run("ui/grid-tile", body) == [0, 1]


async def test_one_that_scrolls_away_before_its_turn_does_not_join(run: Run) -> None:
    body = f"""{TILE}
      pace.waits.push(750);
      tile.see(true);
      tile.see(false);
      await clock.advance(5000);
      return asked()"""
    assert await run("ui/grid-tile", body) == []


async def test_the_large_one_asks_for_the_enhanced_picture_at_once(run: Run) -> None:
    body = f"""{TILE}
      pace.waits.push(750);
      tile.enlarge(true);
      tile.see(true);
      await clock.advance(10);
      return [asked(), tile.root.dataset.large, part('.enlarge').hidden, part('.bar').hidden]"""
    found = await run("ui/grid-tile", body)
    assert found == [["/whep/garden?rendition=auto&fallback=source"], "true", True, False]


async def test_it_says_why_there_is_no_picture(run: Run) -> None:
    body = f"""{TILE}
      const found = [part('.words').textContent];
      pace.waits.push(750);
      tile.see(true);
      found.push(part('.words').textContent);
      await clock.advance(800);
      return [...found, part('.words').textContent]"""
    assert await run("ui/grid-tile", body) == ["", "Connecting…", "Not live"]


async def test_it_is_enlarged_by_its_button(run: Run) -> None:
    body = f"""{TILE}
      part('.enlarge').click();
      return [enlarged, part('.enlarge').getAttribute('aria-label'), part('.bar').hidden]"""
    assert await run("ui/grid-tile", body) == [["garden"], "Enlarge garden", True]


async def test_sound_is_the_large_ones_alone(run: Run) -> None:
    body = f"""{TILE}
      tile.enlarge(true);
      const button = part('.bar button');
      button.click();
      const found = [part('video').muted, button.textContent];
      tile.enlarge(false);
      return [...found, part('video').muted]"""
    assert await run("ui/grid-tile", body) == [False, "Mute", True]


async def test_one_that_is_closed_asks_no_more(run: Run) -> None:
    body = f"""{TILE}
      tile.see(true);
      await clock.advance(10);
      tile.close();
      const before = asked().length;
      await clock.advance(60000);
      return [before, asked().length - before]"""
    assert await run("ui/grid-tile", body) == [1, 0]
