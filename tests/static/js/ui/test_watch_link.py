"""Where viewers watch (``ui/watch-link.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

LINK = """
  await harness.load('/broadcast');
  const id = (name) => document.getElementById(name);
  const link = new m.WatchLink();
  const toggled = () => new Promise((resolve) => id('qr').addEventListener('toggle', resolve));
"""


async def test_the_address_is_shown_while_live(run: Run) -> None:
    body = f"""{LINK}
      link.update('kite', false);
      const before = id('share').hidden;
      link.update('kite', true);
      return [before, id('share').hidden, id('watch-link').textContent, id('watch-link').href]"""
    before, hidden, words, address = await run("ui/watch-link", body)
    assert (before, hidden) == (True, False)
    assert address.endswith("/watch/kite") and address == f"http://{words}"


async def test_the_code_is_asked_for_once_somebody_opens_it(run: Run) -> None:
    body = f"""{LINK}
      link.update('kite', true);
      const before = id('qr-picture').getAttribute('src');
      const done = toggled();
      id('qr').open = true;
      await done;
      return [before, id('qr-picture').src, location.origin]"""
    before, source, origin = await run("ui/watch-link", body)
    assert before is None
    base = origin.replace(":", "%3A").replace("/", "%2F") + "%2F"
    assert source == f"{origin}/api/v1/streams/kite/qr?base={base}"


async def test_an_open_code_follows_the_name_and_rests_while_not_live(run: Run) -> None:
    body = f"""{LINK}
      id('qr').open = true;
      link.update('kite', false);
      const before = id('qr-picture').getAttribute('src');
      link.update('kite', true);
      link.update('swan', true);
      return [before, id('qr-picture').src.includes('/swan/qr')]"""
    assert await run("ui/watch-link", body) == [None, True]
