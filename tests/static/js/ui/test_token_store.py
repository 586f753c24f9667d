"""Tokens of this tab (``ui/token-store.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_a_token_lives_in_the_tab_and_apart_by_purpose(run: Run) -> None:
    body = """
      const admin = new m.TokenStore('admin'), publish = new m.TokenStore('publish');
      const before = [admin.get(), publish.get()];
      admin.set('secret');
      return [before, admin.get(), publish.get(), new m.TokenStore('admin').get(),
        location.href.includes('secret'), Object.keys(localStorage).length];
    """
    found = await run("ui/token-store", body)
    assert found == [["", ""], "secret", "", "secret", False, 0]
