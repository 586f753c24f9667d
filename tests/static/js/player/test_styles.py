"""The style sheets of the embedded player (``player/styles.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_the_sheets_are_made_once_for_all_players(run: Run) -> None:
    body = """
      const [one, other] = await Promise.all([m.styleSheets(), m.styleSheets()]);
      const rules = (sheet) => [...sheet.cssRules].map((rule) => rule.selectorText ?? '').join();
      const words = one.map(rules);
      return [one === other, one.length, words.map((text) => text.includes('.split')),
        words[2].includes(':host')];
    """
    assert await run("player/styles", body) == [True, 3, [True, False, False], True]


async def test_every_class_of_a_player_has_its_rule(run: Run) -> None:
    body = """
      const {playerParts} = await import('/static/js/player/parts.js');
      const sheets = await m.styleSheets();
      const rules = (sheet) => [...sheet.cssRules].map((rule) => rule.cssText).join();
      const text = sheets.map(rules).join();
      const parts = [...playerParts('x').querySelectorAll('[class]')];
      const classes = parts.flatMap((part) => [...part.classList]);
      return [...new Set(classes)].filter((name) => !text.includes(`.${name}`));
    """
    assert await run("player/styles", body) == ["primary"]
