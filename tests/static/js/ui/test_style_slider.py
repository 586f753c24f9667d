"""The slider for the style (``ui/style-slider.js``), in virtual time."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


SLIDER = """
  const clock = harness.clock(10000);
  const sent = [];
  let answer = async () => true;
  const slider = new m.StyleSlider('style', (value) => { sent.push(value); return answer(); });
  harness.show(slider.root);
  const input = slider.root.querySelector('input');
  const hear = (strength, adjustable = true) => slider.update({strength, adjustable});
  const move = (value) => { input.value = String(value); input.dispatchEvent(new Event('input')); };
  const letGo = () => input.dispatchEvent(new Event('change'));
  hear(0.5);
"""


async def test_what_the_server_says_is_shown_and_read_out(run: Run) -> None:
    body = """
      const found = [0, 0.35, 1].map((strength) => {
        hear(strength);
        return [input.value, input.getAttribute('aria-valuetext')];
      });
      hear(1, false);
      return [found, slider.root.hidden, input.labels[0].textContent];
    """
    assert await run("ui/style-slider", SLIDER + body) == [
        [["0", "faithful"], ["0.35", "35 % crisp"], ["1", "crisp"]], True, "Style",
    ]  # fmt: skip


async def test_a_drag_is_sent_when_the_hand_rests(run: Run) -> None:
    body = """
      for (const value of [0.55, 0.6, 0.65]) { move(value); await clock.advance(100); }
      const during = sent.length;
      await clock.advance(149);
      const early = sent.length;
      await clock.advance(1);
      return [during, early, sent, input.getAttribute('aria-valuetext')];
    """
    assert await run("ui/style-slider", SLIDER + body) == [0, 0, [0.65], "65 % crisp"]


async def test_letting_go_sends_at_once(run: Run) -> None:
    body = "move(0.8); letGo(); await clock.advance(0); return sent;"
    assert await run("ui/style-slider", SLIDER + body) == [0.8]


async def test_one_change_is_under_way_and_the_newest_follows(run: Run) -> None:
    body = """
      const ends = [];
      answer = () => new Promise((resolve) => ends.push(resolve));
      for (const value of [0.6, 0.7, 0.8]) { move(value); letGo(); await clock.advance(300); }
      const first = [...sent];
      ends[0](true);
      await clock.advance(0);
      ends[1](true);
      await clock.advance(5000);
      return [first, sent];
    """
    assert await run("ui/style-slider", SLIDER + body) == [[0.6], [0.6, 0.8]]


async def test_a_refusal_shows_what_the_server_has(run: Run) -> None:
    body = """
      answer = async () => false;
      move(0.9);
      letGo();
      await clock.advance(0);
      return [sent, input.value, input.getAttribute('aria-valuetext')];
    """
    assert await run("ui/style-slider", SLIDER + body) == [[0.9], "0.5", "50 % crisp"]


async def test_answers_from_before_a_change_do_not_move_it_back(run: Run) -> None:
    body = """
      move(0.9);
      letGo();
      await clock.advance(0);
      hear(0.5);
      const at_once = input.value;
      await clock.advance(1499);
      hear(0.5);
      const late = input.value;
      await clock.advance(1);
      hear(0.7);
      return [at_once, late, input.value];
    """
    assert await run("ui/style-slider", SLIDER + body) == ["0.9", "0.9", "0.7"]


@pytest.mark.parametrize(
    "end",
    [
        "dispatchEvent(new Event('pointerup'))",
        "dispatchEvent(new Event('pointercancel'))",
        "input.dispatchEvent(new Event('blur'))",
    ],
)
async def test_while_a_hand_is_on_it_others_do_not_move_it(run: Run, end: str) -> None:
    body = f"""
      input.dispatchEvent(new Event('pointerdown'));
      hear(0.1);
      const held = input.value;
      {end};
      hear(0.1);
      return [held, input.value];
    """
    assert await run("ui/style-slider", SLIDER + body) == ["0.5", "0.1"]
