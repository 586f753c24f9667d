"""Hold to compare (``ui/hold-compare.js``), on a real divider."""

from __future__ import annotations

from typing import Any

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

STAGE = """
  const {SplitSlider} = await import('/static/js/ui/split-slider.js');
  const clock = harness.clock();
  const stage = document.body.appendChild(document.createElement('div'));
  const place = {position: 'fixed', inset: '0 auto auto 0', width: '400px', height: '200px'};
  Object.assign(stage.style, place);
  stage.setPointerCapture = () => undefined;
  const handle = stage.appendChild(document.createElement('div'));
  const values = [];
  const slider = new SplitSlider(stage, handle, (value) => values.push(value));
  const holds = [];
  const hold = new m.HoldCompare(stage, slider, (isHeld) => holds.push(isHeld));
  let at = 0;
  const point = (kind, x, more = {}) => {
    const what = {clientX: x, clientY: 50, pointerId: 1, button: 0, bubbles: true};
    const event = new PointerEvent(`pointer${kind}`, {pointerType: 'touch', ...what, ...more});
    (more.target ?? stage).dispatchEvent(event);
  };
"""


async def play(run: Run, body: str) -> Any:
    return await run("ui/hold-compare", STAGE + body)


async def test_a_press_shows_the_other_side_until_it_ends(run: Run) -> None:
    body = """
      slider.value = 0;
      point('down', 100);
      await clock.advance(179);
      const early = slider.value;
      await clock.advance(1);
      const held = [slider.value, hold.isHeld];
      point('move', 300);
      point('up', 300);
      return [early, held, slider.value, holds];
    """
    assert await play(run, body) == [0, [100, True], 0, [True, False]]


async def test_on_the_source_a_press_shows_the_enhanced_picture(run: Run) -> None:
    body = """
      slider.value = 100;
      point('down', 100);
      await clock.advance(200);
      const held = slider.value;
      point('cancel', 100);
      return [held, slider.value];
    """
    assert await play(run, body) == [0, 100]


async def test_moving_sideways_draws_the_divider_in(run: Run) -> None:
    body = """
      slider.value = 0;
      point('down', 10);
      point('move', 18);
      const still = slider.value;
      point('move', 100);
      point('move', 200);
      const drawn = slider.value;
      point('up', 200);
      await clock.advance(500);
      return [still, drawn, slider.value, holds];
    """
    assert await play(run, body) == [0, 50, 50, []]


async def test_two_taps_split_the_picture_in_the_middle_and_one_does_nothing(run: Run) -> None:
    body = """
      slider.value = 0;
      const tap = () => { point('down', 100); point('up', 100); };
      tap();
      const one = slider.value;
      tap();
      const two = slider.value;
      slider.value = 0;
      const mouse = {pointerType: 'mouse'};
      for (const kind of ['down', 'up', 'down', 'up']) point(kind, 9, mouse);
      return [one, two, slider.value];
    """
    assert await play(run, body) == [0, 50, 0]


async def test_a_split_picture_is_dragged_and_not_held(run: Run) -> None:
    body = """
      slider.value = 50;
      point('down', 100);
      await clock.advance(500);
      const value = slider.value;
      point('up', 100);
      return [value, holds];
    """
    assert await play(run, body) == [25, []]


async def test_a_button_and_a_key_hold_in_any_view_and_go_back_to_it(run: Run) -> None:
    body = """
      const button = document.body.appendChild(document.createElement('button'));
      button.setPointerCapture = () => undefined;
      hold.attach(button);
      slider.value = 30;
      const found = [];
      point('down', 1, {target: button});
      found.push(slider.value);
      point('up', 1, {target: button});
      found.push(slider.value);
      const key = (kind, more) =>
        button.dispatchEvent(new KeyboardEvent(kind, {key: ' ', ...more}));
      key('keydown', {});
      key('keydown', {repeat: true});
      found.push(slider.value);
      key('keyup', {});
      found.push(slider.value);
      hold.hold();
      dispatchEvent(new Event('blur'));
      found.push(slider.value);
      return found;
    """
    assert await play(run, body) == [100, 30, 100, 30, 30]
