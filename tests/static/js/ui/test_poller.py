"""A task that is repeated while somebody looks (``ui/poller.js``), in virtual time."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


POLLER = """
  const clock = harness.clock();
  let calls = 0;
  let work = async () => undefined;
  const poller = new m.VisiblePoller(() => { calls += 1; return work(); }, 1000);
"""


async def test_it_calls_at_once_and_then_each_period(run: Run) -> None:
    body = """
      const before = calls;
      poller.start();
      const first = calls;
      await clock.advance(3500);
      poller.stop();
      await clock.advance(5000);
      return [before, first, calls];
    """
    assert await run("ui/poller", POLLER + body) == [0, 1, 4]


async def test_a_period_begins_when_the_call_before_is_over(run: Run) -> None:
    body = """
      work = () => new Promise((resolve) => setTimeout(resolve, 700));
      poller.start();
      const at = [];
      for (let step = 0; step < 6; step += 1) { await clock.advance(850); at.push(calls); }
      poller.stop();
      return at;
    """
    # Starts at 0, 1700, 3400 and 5100 ms.
    assert await run("ui/poller", POLLER + body) == [1, 2, 2, 3, 3, 4]


async def test_nobody_is_asked_for_a_page_that_is_hidden(run: Run) -> None:
    body = """
      poller.start();
      await clock.advance(100);
      harness.hide(true);
      await clock.advance(60000);
      const hidden = calls;
      harness.hide(false);
      const shown = calls;
      await clock.advance(1000);
      poller.stop();
      return [hidden, shown, calls];
    """
    assert await run("ui/poller", POLLER + body) == [1, 2, 3]


async def test_a_hidden_page_waits_with_its_first_call(run: Run) -> None:
    body = """
      harness.hide(true);
      poller.start();
      await clock.advance(5000);
      const before = calls;
      harness.hide(false);
      poller.stop();
      harness.hide(true);
      harness.hide(false);
      return [before, calls];
    """
    assert await run("ui/poller", POLLER + body) == [0, 1]


async def test_a_call_can_be_hurried_but_never_runs_twice_at_once(run: Run) -> None:
    body = """
      let end;
      work = () => new Promise((resolve) => (end = resolve));
      poller.start();
      poller.now();
      poller.now();
      const during = calls;
      end();
      await harness.settle();
      await clock.advance(400);
      poller.now();
      const hurried = calls;
      end();
      await clock.advance(999);
      const early = calls;
      await clock.advance(1);
      poller.stop();
      end();
      return [during, hurried, early, calls];
    """
    assert await run("ui/poller", POLLER + body) == [1, 2, 2, 3]


async def test_a_call_by_hand_starts_no_polling(run: Run) -> None:
    body = "await poller.now(); await clock.advance(9000); return calls;"
    assert await run("ui/poller", POLLER + body) == 1


async def test_a_task_that_fails_is_asked_again(run: Run) -> None:
    body = """
      work = async () => { throw new Error('ours'); };
      const first = await poller.now().catch((error) => error.message);
      work = async () => undefined;
      poller.start();
      await clock.advance(1000);
      poller.stop();
      return [first, calls];
    """
    assert await run("ui/poller", POLLER + body) == ["ours", 3]
