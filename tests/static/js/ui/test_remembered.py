"""Choices that outlive the page (``ui/remembered.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_a_choice_is_found_again_by_its_page_and_name(run: Run) -> None:
    body = """
      harness.atEnd(() => localStorage.clear());
      const one = new m.Remembered('list');
      one.set('order', 'newest');
      const found = [one.get('order'), new m.Remembered('list').get('order'), one.get('other'),
        new m.Remembered('grid').get('order')];
      one.forget('order');
      return [...found, one.get('order')];
    """
    assert await run("ui/remembered", body) == ["newest", "newest", None, None, None]


async def test_a_browser_that_refuses_storage_is_no_fault(run: Run) -> None:
    body = """
      const refuse = () => { throw new DOMException('no', 'SecurityError'); };
      const storage = { getItem: refuse, setItem: refuse, removeItem: refuse };
      harness.put(window, 'localStorage', { value: storage });
      const one = new m.Remembered('list');
      one.set('order', 'newest');
      one.forget('order');
      return one.get('order');
    """
    assert await run("ui/remembered", body) is None


async def test_another_error_is_not_hidden(run: Run) -> None:
    body = """
      harness.put(window, 'localStorage', { value: {} });
      const tries = [(one) => one.get('a'), (one) => one.set('a', ''), (one) => one.forget('a')];
      return tries.map((attempt) => {
        try { attempt(new m.Remembered('list')); } catch (error) { return error.name; }
      });
    """
    assert await run("ui/remembered", body) == ["TypeError"] * 3
