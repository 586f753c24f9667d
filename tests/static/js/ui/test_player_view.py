"""The player of page and element (``ui/player-view.js``), on the parts of the watch page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.static.fakes import STATIC
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

VIEW = """
  const clock = harness.clock();
  const peers = harness.peers();
  const requests = harness.network((method) =>
    method === 'DELETE' ? [200] : [201, 'v=0', {Location: '/whep/cam/s'}]);
  const page = new DOMParser().parseFromString(given, 'text/html');
  document.body.innerHTML = page.querySelector('main').innerHTML;
  for (const video of document.querySelectorAll('video')) video.play = async () => undefined;
  const place = {stream: 'cam', iceServers: [], root: location.origin + '/'};
  const player = new m.PlayerView(document, place);
  const part = (id) => document.getElementById(id);
  const pressed = () => document.querySelector('.views [aria-pressed="true"]').dataset.view;
"""


async def play(run: Run, body: str) -> Any:
    page = (STATIC / "watch.html").read_text()
    return await run("ui/player-view", VIEW + body + "; player.stop(); return found;", page)


async def test_each_view_is_chosen_by_its_button_and_the_divider_keeps_its_place(
    run: Run,
) -> None:
    body = """
      player.start('split');
      player.slider.value = 30;
      const found = [];
      for (const view of ['source', 'enhanced', 'split']) {
        document.querySelector(`.views [data-view=${view}]`).click();
        player.render();
        found.push([player.view, pressed(), player.slider.value]);
      }
    """
    assert await play(run, body) == [
        ["source", "source", 100], ["enhanced", "enhanced", 0], ["split", "split", 30],
    ]  # fmt: skip


async def test_the_card_says_what_there_is_instead_of_a_picture(run: Run) -> None:
    body = """
      player.start('enhanced');
      const found = [part('card').hidden, part('card-title').textContent];
      found.push(part('stage').dataset.playing);
    """
    assert await play(run, body) == [False, "Connecting…", "false"]


async def test_the_badge_follows_the_events_and_owners_are_told_of_changes(run: Run) -> None:
    body = """
      let changes = 0;
      player.addEventListener('change', () => (changes += 1));
      player.start('split');
      const size = {width: 480, height: 270, kbps: 0};
      player.events.view = {why: 'off', rendition: 'enhanced', net: '', latency_ms: null, ...size};
      player.events.dispatchEvent(new Event('picture'));
      const found = [part('enhanced-label').textContent, changes > 0];
    """
    assert await play(run, body) == ["Originalswitched off", True]


async def test_without_a_pair_of_frames_there_is_no_still(run: Run) -> None:
    body = """
      player.start('split');
      const waiting = player.saveStill();
      await clock.advance(6000);
      const found = await waiting;
    """
    assert await play(run, body) == ""


async def test_a_held_comparison_is_seen_on_the_stage(run: Run) -> None:
    body = """
      player.start('enhanced');
      player.holding.hold();
      const found = [part('stage').dataset.held, part('stage').dataset.view];
      player.holding.release();
      found.push(part('stage').dataset.held, part('stage').dataset.view);
    """
    assert await play(run, body) == ["true", "source", "false", "enhanced"]


async def test_the_focus_stays_in_the_player_when_its_button_leaves(run: Run) -> None:
    body = """
      player.start('split');
      const {enhanced} = player.playback;
      part('card').hidden = part('card-retry').hidden = false;
      part('card-retry').focus();
      const found = [document.activeElement.id];
      player.render();
      found.push(enhanced.state, part('card-retry').hidden, document.activeElement.id);
    """
    assert await play(run, body) == ["card-retry", "connecting", True, "player"]


async def test_a_token_that_is_entered_goes_to_both_sides_and_to_the_owner(run: Run) -> None:
    body = """
      const told = [];
      player.addEventListener('token', () => told.push(player.token));
      player.start('split');
      const form = part('card-token');
      const before = form.hidden;
      const {enhanced} = player.playback;
      enhanced.trouble = {title: 'T', text: '', asksToken: true};
      player.render();
      const found = [before, form.hidden, part('card-retry').hidden];
      part('card-token-value').value = '  ';
      form.requestSubmit();
      part('card-token-value').value = ' vt_a.b ';
      form.requestSubmit();
      found.push(told, form.hidden, part('card-token-value').value);
      player.playback.source.start();
      await harness.settle();
      found.push(requests.at(-1).headers.Authorization);
    """
    assert await play(run, body) == [True, False, True, ["vt_a.b"], True, "", "Bearer vt_a.b"]
