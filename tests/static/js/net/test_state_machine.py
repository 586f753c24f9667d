"""States by a table, and waits that grow (``net/state-machine.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_an_event_out_of_place_throws_and_waits_grow(run: Run) -> None:
    body = """
      const machine = new m.StateMachine({ a: { go: 'b' }, b: {} }, 'a');
      machine.on('go');
      let fault = '';
      try { machine.on('go'); } catch (error) { fault = error.message; }
      const backoff = new m.Backoff(500, 3000);
      const waits = [1, 1, 1, 0, 1].map((chance) => backoff.next(9000, chance));
      return [fault, waits, backoff.next(800, 1)];
    """
    fault, waits, short = await run("net/state-machine", body)
    assert fault == '"go" means nothing in state "b"'
    assert waits == [500, 1000, 2000, 1500, 3000]
    assert short == 800


async def test_every_change_of_state_is_told_with_where_it_came_from(run: Run) -> None:
    body = """
      const told = [];
      const machine = new m.StateMachine({ a: { go: 'b', stay: 'a' }, b: { back: 'a' } }, 'a',
        (...words) => told.push(words));
      const accepted = ['go', 'back'].map((event) => machine.accepts(event));
      machine.on('stay'); machine.on('go');
      let after = '';
      try { machine.on('go'); } catch { after = machine.state; }
      return [accepted, told, after, machine.on('back')];
    """
    accepted, told, after, last = await run("net/state-machine", body)
    assert accepted == [True, False]
    assert told[:2] == [["a", "stay", "a"], ["b", "go", "a"]]
    assert (after, last) == ("b", "a")


async def test_waits_begin_anew_after_a_success_and_are_spread(run: Run) -> None:
    body = """
      const backoff = new m.Backoff(100, 1000);
      const anew = (chance) => { backoff.reset(); return backoff.next(1e9, chance); };
      const first = [0, 0.5, 1].map(anew);
      for (let n = 0; n < 50; n += 1) backoff.next();
      return [first, backoff.next(1e9, 1), backoff.next(1e9, 0)];
    """
    first, longest, least = await run("net/state-machine", body)
    assert first == [50, 75, 100]
    assert (longest, least) == (1000, 500)
