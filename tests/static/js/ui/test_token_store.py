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


async def test_where_storage_is_refused_the_token_lives_as_long_as_the_page(run: Run) -> None:
    body = """
      harness.put(window, 'sessionStorage', {get: () => {
        throw new DOMException('', 'SecurityError');
      }});
      const store = new m.TokenStore('admin');
      const before = store.get();
      const isKept = store.set('secret');
      const found = [before, store.get(), new m.TokenStore('admin').get(), isKept];
      delete window.sessionStorage;
      return found;
    """
    assert await run("ui/token-store", body) == ["", "secret", "", False]


async def test_a_token_can_be_taken_back(run: Run) -> None:
    body = """
      const store = new m.TokenStore('admin');
      store.set('secret');
      store.set('');
      return [store.get(), new m.TokenStore('admin').get()];
    """
    assert await run("ui/token-store", body) == ["", ""]


async def test_faults_of_ours_are_not_taken_for_refused_storage(run: Run) -> None:
    body = """
      harness.put(Storage.prototype, 'getItem', {value: () => { throw new RangeError('ours'); }});
      harness.put(Storage.prototype, 'setItem', {value: () => { throw new RangeError('ours'); }});
      const store = new m.TokenStore('admin');
      const tried = (work) => { try { work(); return ''; } catch (error) { return error.message; } };
      return [tried(() => store.get()), tried(() => store.set('x'))];
    """  # noqa: E501
    assert await run("ui/token-store", body) == ["ours", "ours"]
