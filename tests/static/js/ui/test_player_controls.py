"""Sound and full screen (``ui/player-controls.js``), with the page's own markup."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


CONTROLS = """
  const clock = harness.clock();
  await harness.load('/watch/cam');
  const id = (name) => document.getElementById(name);
  const video = id('enhanced');
  let plays = 0;
  video.play = async () => void (plays += 1);
  video.muted = true;
  const controls = new m.PlayerControls(video);
  // The browser tells changes of the volume in a task of its own, which virtual time waits for.
  const heard = async () => { video.dispatchEvent(new Event('volumechange')); };
  const shown = () => [id('mute').getAttribute('aria-pressed'), Number(id('volume').value)];
"""


async def test_sound_begins_muted_and_is_offered_once(run: Run) -> None:
    body = """
      const before = id('unmute').hidden;
      controls.offerSound();
      const offered = id('unmute').hidden;
      await clock.advance(11999);
      const still = id('unmute').hidden;
      await clock.advance(1);
      controls.offerSound();
      return [before, offered, still, id('unmute').hidden, shown()];
    """
    assert await run("ui/player-controls", CONTROLS + body) == [
        True, False, False, True, ["true", 0],
    ]  # fmt: skip


async def test_whoever_hears_already_is_offered_nothing(run: Run) -> None:
    body = "video.muted = false; controls.offerSound(); return id('unmute').hidden;"
    assert await run("ui/player-controls", CONTROLS + body) is True


async def test_the_offer_stays_while_it_has_the_focus_and_hands_it_on(run: Run) -> None:
    body = """
      controls.offerSound();
      id('unmute').focus();
      await clock.advance(60000);
      const held = id('unmute').hidden;
      id('unmute').click();
      return [held, id('unmute').hidden, document.activeElement.id, video.muted, plays];
    """
    assert await run("ui/player-controls", CONTROLS + body) == [False, True, "mute", False, 1]


async def test_the_button_turns_sound_on_and_off(run: Run) -> None:
    body = """
      const found = [];
      for (let times = 0; times < 2; times += 1) {
        id('mute').click();
        await heard();
        found.push([video.muted, ...shown()]);
      }
      return found;
    """
    assert await run("ui/player-controls", CONTROLS + body) == [
        [False, "false", 100], [True, "true", 0],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "muted", "volume"), [("40", False, 0.4), ("100", False, 1), ("0", True, 0)]
)
async def test_the_slider_sets_the_volume_and_mutes_at_zero(
    run: Run, value: str, muted: bool, volume: float
) -> None:
    body = """
      id('volume').value = given;
      id('volume').dispatchEvent(new Event('input'));
      await heard();
      return [video.muted, video.volume, Number(id('volume').value)];
    """
    found = await run("ui/player-controls", CONTROLS + body, value)
    assert found == [muted, volume, int(value)]


async def test_unmuting_after_the_slider_was_at_zero_can_be_heard(run: Run) -> None:
    body = """
      controls._setVolume(0);
      controls.toggleSound();
      return [video.muted, video.volume];
    """
    assert await run("ui/player-controls", CONTROLS + body) == [False, 1]


async def test_the_bar_rests_after_a_while_and_wakes_by_hand_and_keys(run: Run) -> None:
    body = """
      const found = [];
      for (const sign of ['pointermove', 'keydown', 'focusin']) {
        id('player').dispatchEvent(new Event(sign));
        await clock.advance(2499);
        const awake = id('player').dataset.idle;
        await clock.advance(1);
        found.push([awake, id('player').dataset.idle]);
      }
      return found;
    """
    assert await run("ui/player-controls", CONTROLS + body) == [["false", "true"]] * 3


async def test_full_screen_is_of_the_player_or_of_the_video_on_phones(run: Run) -> None:
    body = """
      const asked = [];
      let inside = null;
      harness.put(document, 'fullscreenElement', {get: () => inside});
      harness.put(document, 'exitFullscreen', {value: async () => asked.push('exit')});
      id('player').requestFullscreen = async () => asked.push('player');
      await controls.toggleFullscreen();
      inside = id('player');
      await controls.toggleFullscreen();
      inside = null;
      id('player').requestFullscreen = () => Promise.reject(new TypeError('not now'));
      await controls.toggleFullscreen();
      id('player').requestFullscreen = undefined;
      await controls.toggleFullscreen();
      video.webkitEnterFullscreen = () => asked.push('video');
      await controls.toggleFullscreen();
      return asked;
    """
    assert await run("ui/player-controls", CONTROLS + body) == ["player", "exit", "video"]


async def test_the_buttons_have_drawings(run: Run) -> None:
    body = """
      return ['mute', 'fullscreen', 'unmute'].map((name) => id(name).querySelectorAll('svg').length);
    """  # noqa: E501
    assert await run("ui/player-controls", CONTROLS + body) == [1, 1, 1]
