"""The element `<sharpcast-player>` (``player/sharpcast-player.js``), without media."""

from __future__ import annotations

from typing import Any

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

ELEMENT = """
  await import('/static/sharpcast-player.js');
  await (await import('/static/js/player/styles.js')).styleSheets();
  const peers = harness.peers();
  const events = class extends EventTarget { close() {} };
  harness.put(window, 'EventSource', {value: events, writable: true});
  const requests = harness.network((method, path) => {
    if (path.endsWith('/server')) return [200, {ice_servers: []}];
    if (method === 'DELETE') return [200];
    return path.includes('/whep/') ? [201, 'v=0', {Location: `${path}/s`}] : [404];
  });
  const asked = (method) => requests.filter((one) => one.method === method).map((one) => one.path);
  const make = async (attributes) => {
    const player = document.createElement('sharpcast-player');
    for (const [name, value] of Object.entries(attributes)) player.setAttribute(name, value);
    document.body.append(player);
    await harness.settle();
    await harness.settle();
    return player;
  };
  const inside = (player, what) => player.shadowRoot.querySelector(what);
  const src = '/watch/cam1';
"""


async def play(run: Run, body: str) -> Any:
    end = "; document.querySelectorAll('sharpcast-player').forEach((one) => one.remove());"
    return await run("player/sharpcast-player", ELEMENT + body + end + "return found;")


async def test_it_plays_the_stream_of_its_address_in_the_view_that_is_asked_for(run: Run) -> None:
    body = """
      const player = await make({src, view: 'enhanced', label: 'The garden'});
      const found = [asked('POST'), player.view, player.state, player.muted, player.picture,
        inside(player, '#player').getAttribute('aria-label'),
        inside(player, '#stage').dataset.view];
    """
    assert await play(run, body) == [
        ["/whep/cam1?rendition=auto&fallback=source"], "enhanced", "connecting", True, None,
        "The garden", "enhanced",
    ]  # fmt: skip


async def test_attributes_and_properties_change_it_while_it_plays(run: Run) -> None:
    body = """
      const player = await make({src});
      const views = [];
      player.addEventListener('viewchange', (event) => views.push(event.detail.view));
      player.view = 'source';
      player.view = 'enhanced';
      player.view = 'enhanced';
      player.setAttribute('view', 'split');
      player.rendition = 'source';
      await harness.settle();
      const found = [views, player.view, asked('POST').at(-1)];
    """
    views, view, last = await play(run, body)
    assert views == ["source", "enhanced", "split"]
    assert view == "split"
    assert last == "/whep/cam1?rendition=source&fallback=source"


async def test_taking_it_away_ends_its_sessions_and_putting_it_back_begins_anew(run: Run) -> None:
    body = """
      const player = await make({src});
      peers[0].become('connected');
      await harness.settle();
      player.remove();
      const gone = [player.state, peers.every((peer) => peer.connectionState === 'closed')];
      await harness.settle();
      const ended = asked('DELETE').length;
      document.body.append(player);
      await harness.settle();
      await harness.settle();
      const found = [gone, ended >= 1, player.state];
    """
    assert await play(run, body) == [["stopped", True], True, "connecting"]


async def test_several_lie_on_one_page_and_each_is_its_own(run: Run) -> None:
    body = """
      const one = await make({src});
      const other = await make({src: '/watch/cam2', view: 'source'});
      one.view = 'enhanced';
      const found = [one.view, other.view, asked('POST').map((path) => path.split('?')[0])];
    """
    assert await play(run, body) == ["enhanced", "source", ["/whep/cam1", "/whep/cam2"]]


@pytest.mark.parametrize("src", ["", "/"])
async def test_a_bad_address_is_said_in_its_place(run: Run, src: str) -> None:
    body = f"""
      const player = await make({{src: '{src}'}});
      const found = [inside(player, '[role=alert]').textContent.includes('watch page'),
        asked('POST'), player.state];
    """
    assert await play(run, body) == [True, [], "stopped"]


async def test_states_are_told_by_events(run: Run) -> None:
    body = """
      const player = await make({src});
      const states = [];
      player.addEventListener('statechange', (event) => states.push(event.detail.state));
      peers[0].become('connected');
      await harness.settle();
      const other = document.createElement('sharpcast-player');
      const found = [[...states], await other.saveStill()];
    """
    assert await play(run, body) == [["playing"], ""]


async def test_the_token_to_watch_goes_along_and_may_come_later(run: Run) -> None:
    body = """
      const shown = () => requests.filter((one) => one.method === 'POST')
        .map((one) => [one.path.split('?')[0], one.headers.Authorization ?? '']);
      const one = await make({src, token: 'vt_of.one'});
      await make({src: '/embed/cam2?token=vt_of.two'});
      const third = await make({src: '/watch/cam3'});
      const found = [shown(), one.token, third.token];
      third.token = 'vt_of.three';
      peers.at(-1).become('failed');
      await harness.settle();
      third.removeAttribute('src');
      third.setAttribute('src', '/watch/cam4');
      await harness.settle();
      await harness.settle();
      found.push(shown().at(-1));
    """
    shown, one, third, last = await play(run, body)
    assert shown == [
        ["/whep/cam1", "Bearer vt_of.one"], ["/whep/cam2", "Bearer vt_of.two"], ["/whep/cam3", ""],
    ]  # fmt: skip
    assert (one, third) == ("vt_of.one", "")
    assert last == ["/whep/cam4", "Bearer vt_of.three"]
