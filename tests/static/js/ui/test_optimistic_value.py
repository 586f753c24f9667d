"""A value that is moved here and elsewhere (``ui/optimistic-value.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_a_moved_value_is_sent_when_the_hand_rests_or_lets_go(run: Run) -> None:
    body = """
      const held = new m.OptimisticValue(0);
      held.move(0.1, 1000); held.move(0.2, 1200);
      const early = held.take(1300);
      const rested = held.take(1450);
      held.move(0.3, 1500);
      const busy = [held.dueAt, held.take(2000)];
      held.answered(true, 2000);
      held.settle();
      return [early, rested, busy, held.take(2000), held.take(2000), held.shown];
    """
    answer = await run("ui/optimistic-value", body)
    assert answer == [None, 0.2, [None, None], 0.3, None, 0.3]


async def test_what_others_set_is_shown_but_not_under_the_hand(run: Run) -> None:
    body = """
      const held = new m.OptimisticValue(0);
      const shown = [];
      const hear = (value, at) => { held.hear(value, at); shown.push(held.shown); };
      hear(0.5, 0);
      held.grab(); hear(0.6, 100); held.drop(); hear(0.6, 200);
      held.move(0.9, 1000); hear(0.6, 1100);
      held.take(2000); hear(0.6, 2100);
      held.answered(true, 2200); hear(0.6, 2300); hear(0.7, 4000);
      return shown;
    """
    shown = await run("ui/optimistic-value", body)
    assert shown == [0.5, 0.5, 0.6, 0.9, 0.9, 0.9, 0.7]


async def test_a_refused_value_gives_way_to_the_server_s(run: Run) -> None:
    body = """
      const held = new m.OptimisticValue(0.4);
      held.move(0.9, 0); held.take(300); held.answered(false, 400);
      const refused = held.shown;
      held.move(0.8, 500); held.take(800); held.move(0.7, 900); held.answered(false, 1000);
      return [refused, held.shown, held.take(1200)];
    """
    assert await run("ui/optimistic-value", body) == [0.4, 0.7, 0.7]
