"""The token to watch of a page's address (``ui/view-token.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

PLACE = """
  const start = location.href;
  const open = (query) => history.replaceState(null, '', query);
  const done = (found) => { open(start); sessionStorage.clear(); return found; };
"""


async def test_it_leaves_the_address_and_is_there_after_a_reload(run: Run) -> None:
    body = """
      open('/blank?view=source&token=vt_a.b#main');
      const store = m.takeViewToken('cam');
      return done([store.get(), location.search + location.hash, m.takeViewToken('cam').get(),
        m.takeViewToken('other').get()]);
    """
    found = await run("ui/view-token", PLACE + body)
    assert found == ["vt_a.b", "?view=source#main", "vt_a.b", ""]


async def test_a_stream_without_one_has_that_of_the_list(run: Run) -> None:
    body = """
      open('/blank?token=vt_a.b');
      m.takeViewToken('');
      const found = [m.takeViewToken('cam').get()];
      open('/blank?token=vt_own');
      m.takeViewToken('cam');
      return done([...found, m.takeViewToken('cam').get(), m.takeViewToken('').get()]);
    """
    assert await run("ui/view-token", PLACE + body) == ["vt_a.b", "vt_own", "vt_a.b"]


async def test_another_link_brings_another_token(run: Run) -> None:
    body = """
      open('/blank?token=old');
      m.takeViewToken('cam');
      open('/blank?token=new');
      return done(m.takeViewToken('cam').get());
    """
    assert await run("ui/view-token", PLACE + body) == "new"


async def test_where_storage_is_refused_it_stays_for_the_next_reload(run: Run) -> None:
    body = """
      harness.put(Storage.prototype, 'setItem', {value: () => {
        throw new DOMException('', 'SecurityError');
      }});
      open('/blank?token=vt_a.b');
      const found = [m.takeViewToken('cam').get(), location.search];
      return done(found);
    """
    assert await run("ui/view-token", PLACE + body) == ["vt_a.b", "?token=vt_a.b"]
