"""Which streams a grid shows, and which large (``ui/grid-choice.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

LIVE = """
  const live = (words) => words.split(' ')
    .map((word) => ({ id: word[0], viewers: Number(word.slice(1)) }));
"""


async def test_the_most_watched_come_first_and_the_first_is_large(run: Run) -> None:
    body = f"""{LIVE} const choice = new m.GridChoice();
      const before = [choice.large, choice.beside(1)];
      choice.update(live('a1 b5 c5'));
      return [...before, choice.shown.join(''), choice.large]"""
    assert await run("ui/grid-choice", body) == ["", "", "bca", "b"]


async def test_tiles_keep_their_places(run: Run) -> None:
    body = f"""{LIVE} const choice = new m.GridChoice();
      choice.update(live('a3 b2 c1'));
      choice.update(live('a1 c9 d5'));
      return choice.shown.join('')"""
    assert await run("ui/grid-choice", body) == "acd"


async def test_sixteen_have_a_place(run: Run) -> None:
    body = """const choice = new m.GridChoice();
      const all = Array.from({ length: 19 }, (_, n) => ({ id: 's' + n, viewers: 100 - n }));
      return [choice.update(all), choice.shown.length, choice.shown.at(-1)]"""
    assert await run("ui/grid-choice", body) == [3, 16, "s15"]


async def test_a_stream_that_is_asked_for_has_a_place_and_is_large(run: Run) -> None:
    body = """const choice = new m.GridChoice('s18');
      const all = Array.from({ length: 19 }, (_, n) => ({ id: 's' + n, viewers: 100 - n }));
      choice.update(all.slice(0, 18));
      const before = choice.large;
      choice.update(all);
      return [before, choice.large, choice.shown.length, choice.shown.includes('s15')]"""
    assert await run("ui/grid-choice", body) == ["s0", "s18", 16, False]


async def test_the_large_one_changes_by_hand_and_by_steps(run: Run) -> None:
    body = f"""{LIVE} const choice = new m.GridChoice();
      choice.update(live('a3 b2 c1'));
      const found = [choice.beside(1), choice.beside(-1)];
      choice.enlarge('c');
      found.push(choice.large, choice.beside(1), choice.beside(-1));
      choice.update(live('a3 b2'));
      return [...found, choice.large]"""
    assert await run("ui/grid-choice", body) == ["b", "c", "c", "a", "b", "a"]
