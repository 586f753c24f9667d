"""The tint while somebody wants it (``ui/device-tint.js``), in virtual time."""

from __future__ import annotations

import pytest

from tests.static import samples
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

TINT = """
  const calm = given.calm ?? false;
  harness.put(window, 'matchMedia', { value: () => ({ matches: calm }), writable: true });
  const clock = harness.clock();
  await harness.load('/watch/cam');
  const { ApiError } = await import('/static/js/net/api.js');
  const id = (name) => document.getElementById(name);
  let asked = 0;
  let answer = async () => given.view;
  const parts = { canvas: id('tint'), button: id('tint-toggle'), legend: id('legend') };
  const tint = new m.DeviceTint(parts, () => { asked += 1; return answer(); });
  const words = () => id('legend').querySelector('[role=status]').textContent;
  const state = () => [id('tint').hidden, id('legend').hidden,
    id('tint-toggle').getAttribute('aria-pressed')];
"""
GIVEN = {"view": samples.team_map()}


async def test_nobody_is_asked_before_it_is_wanted_nor_after(run: Run) -> None:
    body = """
      await clock.advance(3000);
      const before = [asked, ...state()];
      id('tint-toggle').click();
      await clock.advance(1700);
      const during = [asked, ...state()];
      id('tint-toggle').click();
      await clock.advance(3000);
      return [before, during, [asked, ...state()]];
    """
    assert await run("ui/device-tint", TINT + body, GIVEN) == [
        [0, True, True, "false"], [4, False, False, "true"], [4, True, True, "false"],
    ]  # fmt: skip


async def test_less_motion_is_a_change_each_two_seconds(run: Run) -> None:
    body = "tint.toggle(); await clock.advance(5900); tint.toggle(); return asked"
    assert await run("ui/device-tint", TINT + body, GIVEN | {"calm": True}) == 3


async def test_a_failure_is_said_and_takes_the_tint_away(run: Run) -> None:
    body = """
      tint.toggle();
      await clock.advance(100);
      const before = [words(), id('tint').hidden];
      answer = async () => { throw new ApiError('The broker does not answer.', 503); };
      await clock.advance(500);
      const away = [words(), id('tint').hidden];
      answer = async () => ({...given.view, map: null});
      await clock.advance(500);
      const waiting = id('tint').hidden;
      answer = async () => given.view;
      await clock.advance(500);
      tint.toggle();
      return [before, away, waiting, words()];
    """
    assert await run("ui/device-tint", TINT + body, GIVEN) == [
        ["2 workers make this picture.", False],
        ["The broker does not answer.", True],
        True,
        "2 workers make this picture.",
    ]


async def test_an_answer_that_comes_after_it_was_switched_off_is_not_shown(run: Run) -> None:
    body = """
      answer = () => new Promise((resolve) => setTimeout(() => resolve(given.view), 300));
      tint.toggle();
      await clock.advance(100);
      tint.toggle();
      await clock.advance(1000);
      return [asked, ...state()];
    """
    assert await run("ui/device-tint", TINT + body, GIVEN) == [1, True, True, "false"]


async def test_a_device_keeps_its_colour_whoever_comes_and_goes(run: Run) -> None:
    body = """
      const pen = new OffscreenCanvas(1280, 560).getContext('2d', {willReadFrequently: true});
      const at = (column) => [...pen.getImageData(column * 160 + 32, 33, 1, 1).data].join();
      const cells = '0'.repeat(4) + '1'.repeat(4) + '.'.repeat(24);
      const show = async (...devices) => {
        answer = async () => ({...given.view, map: {...given.view.map, cells, devices}});
        await clock.advance(500);
        pen.reset();
        pen.drawImage(id('tint'), 0, 0);
        return [at(0), at(4)];
      };
      tint.toggle();
      const [lead, attic] = await show('edge-1', 'attic');
      const [, barn] = await show('edge-1', 'barn');
      const [nextLead, nextAttic] = await show('barn', 'attic');
      tint.toggle();
      return [new Set([lead, attic, barn]).size, nextLead === barn, nextAttic === attic];
    """
    assert await run("ui/device-tint", TINT + body, GIVEN) == [3, True, True]
