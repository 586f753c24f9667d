"""The player of recordings (``ui/replay-player.js``)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.static import samples
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

PLAYER = """
  const box = document.createElement('div');
  box.innerHTML = `<section id="player" hidden><h2 id="playing"></h2><div id="stage">
    <video id="main-video" tabindex="0"></video><video id="source-video" hidden></video>
    <div id="divider" hidden></div></div><div id="choice"></div>
    <select id="speed"><option>0.5</option><option selected>1</option><option>1.5</option>
    <option>2</option><option>4</option></select><a id="download"></a></section>`;
  harness.show(box);
  const player = new m.ReplayPlayer((recording) => `#${recording.file}`);
  const find = (id) => document.getElementById(id);
  const [main, source] = [find('main-video'), find('source-video')];
  const part = {key: 'k', main: given[0], source: given[1] ?? null, offset_s: 2};
"""
BOTH = [samples.recording(rendition="enhanced", second=2), samples.recording()]


async def played(run: Run, body: str, recordings: list[samples.Json]) -> Any:
    return await run("ui/replay-player", PLAYER + body, recordings)


async def test_a_part_is_opened_with_both_pictures_where_there_are_two(run: Run) -> None:
    body = """
      const before = find('player').hidden;
      player.open(part);
      return [before, find('player').hidden, find('playing').textContent,
              main.getAttribute('src'), source.getAttribute('src'), source.hidden];
    """
    files = [f"#{each['file']}" for each in BOTH]
    assert await played(run, body, BOTH) == [True, False, "garden", *files, False]
    assert (await played(run, body, BOTH[1:]))[3:] == [files[1], None, True]


async def test_the_second_picture_follows_the_first(run: Run) -> None:
    body = """
      player.open(part);
      const set = [];
      Object.defineProperty(source, 'currentTime', {get: () => 0, set: (at) => set.push(at)});
      Object.defineProperty(main, 'currentTime', {get: () => 10});
      main.playbackRate = 2;
      main.dispatchEvent(new Event('seeked'));
      return [set, source.playbackRate];
    """
    assert await played(run, body, BOTH) == [[12], 2]


async def test_the_choice_is_shown_by_its_button(run: Run) -> None:
    body = """
      player.open(part);
      const pressed = () => [...find('choice').children].map((b) => b.getAttribute('aria-pressed'));
      const seen = [pressed()];
      for (const at of [0, 2]) {
        find('choice').children[at].click();
        seen.push(pressed());
      }
      return seen;
    """
    assert await played(run, body, BOTH) == [
        ["false", "true", "false"],
        ["true", "false", "false"],
        ["false", "false", "true"],
    ]


async def test_closing_stops_and_hides_it(run: Run) -> None:
    body = """
      player.open(part);
      player.close();
      return [find('player').hidden, main.hasAttribute('src'), source.hasAttribute('src')];
    """
    assert await played(run, body, BOTH) == [True, False, False]


async def test_the_speed_holds_for_both_pictures(run: Run) -> None:
    body = """
      player.open(part);
      find('speed').value = '1.5';
      find('speed').dispatchEvent(new Event('change'));
      return [main.playbackRate, source.playbackRate];
    """
    assert await played(run, body, BOTH) == [1.5, 1.5]
