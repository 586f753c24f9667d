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


async def test_any_order_of_events_ends_with_what_was_wanted(run: Run) -> None:
    """Random moves, answers, refusals and polls: nothing is lost, and one change is under way."""
    body = """
      let seed = 11;
      const random = (below) => (seed = (seed * 16807) % 2147483647) % below;
      const faults = [];
      for (let round = 0; round < 200; round += 1) {
        const value = new m.OptimisticValue(0);
        let now = 10000, server = 0, sending = null, wanted = 0;
        for (let step = 0; step < 60; step += 1) {
          now += random(400);
          const what = random(6);
          if (what === 0) { wanted = random(100) + 1; value.move(wanted, now); }
          else if (what === 1) value.settle();
          else if (what === 2) value.hear(server, now);
          else if (what === 3 && sending !== null) {
            server = sending; sending = null; value.answered(true, now);
          } else {
            const taken = value.take(now);
            if (taken !== null && sending !== null) faults.push('two at once');
            if (taken !== null) sending = taken;
          }
          if (wanted !== 0 && value.shown !== wanted) faults.push('jumped');
        }
        for (let turn = 0; turn < 3; turn += 1) {
          if (sending !== null) { server = sending; sending = null; value.answered(true, now); }
          now += 2000;
          sending = value.take(now);
        }
        if (server !== wanted) faults.push(`${server} instead of ${wanted}`);
        server = 500;
        value.hear(server, now + 5000);
        if (value.shown !== 500) faults.push('deaf');
      }
      return [...new Set(faults)];
    """
    assert await run("ui/optimistic-value", body) == []


async def test_there_is_nothing_to_take_before_the_hand_rests(run: Run) -> None:
    body = """
      const value = new m.OptimisticValue(0.5);
      const before = [value.dueAt, value.take(9999)];
      value.move(0.6, 1000);
      return [before, value.dueAt, value.take(1249), value.take(1250), value.dueAt];
    """
    assert await run("ui/optimistic-value", body) == [[None, None], 1250, None, 0.6, None]
