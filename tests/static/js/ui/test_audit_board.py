"""The audit log on the operator's board (``ui/audit-board.js``)."""

from __future__ import annotations

import pytest

from tests.static import samples
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

BOARD = """
  let asked = 0;
  const board = new m.AuditBoard(async () => { asked += 1; return given; });
  harness.show(board.root);
  const details = board.root.querySelector('details');
  const cells = () => board.root.querySelectorAll('tbody td:nth-child(2)');
  const rows = () => [...cells()].map((e) => e.textContent);
"""


async def test_a_closed_log_asks_for_nothing(run: Run) -> None:
    body = "await board.refresh(); return [asked, rows()];"
    assert await run("ui/audit-board", BOARD + body, [samples.act()]) == [0, []]


async def test_acts_are_listed_and_new_ones_come_first(run: Run) -> None:
    body = """
      details.open = true;
      await board.refresh();
      const before = rows();
      given.unshift({...given[0], act: 'stream_ended'});
      await board.refresh();
      return [before, rows()];
    """
    given = [samples.act("key_revoked"), samples.act()]
    assert await run("ui/audit-board", BOARD + body, given) == [
        ["key_revoked", "key_made"], ["stream_ended", "key_revoked", "key_made"],
    ]  # fmt: skip


async def test_the_same_act_twice_in_a_second_is_one_line(run: Run) -> None:
    body = "details.open = true; await board.refresh(); return rows();"
    given = [samples.act(), samples.act()]
    assert await run("ui/audit-board", BOARD + body, given) == ["key_made"]


async def test_the_table_has_a_name_and_heads(run: Run) -> None:
    body = """
      const table = board.root.querySelector('table');
      const heads = table.querySelectorAll('th[scope=col]').length;
      return [table.getAttribute('aria-labelledby'), heads];
    """
    assert await run("ui/audit-board", BOARD + body, []) == ["audit-title", 6]
