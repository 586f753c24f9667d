"""The badge on the picture (``ui/picture-badge.js``)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.static.js.ui.test_picture_words import STREAM, VIEW
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

BADGE = """
  const clock = harness.clock();
  const button = document.body.appendChild(document.createElement('button'));
  const panel = document.body.appendChild(document.createElement('section'));
  const spoken = document.body.appendChild(document.createElement('p'));
  panel.hidden = true;
  const badge = new m.PictureBadge(button, panel, spoken);
  const {view, stream} = given;
  const words = () => [button.textContent, button.dataset.enhanced, button.hidden];
  const rows = () => [...panel.querySelectorAll('div')].map((row) => row.textContent);
"""


async def play(run: Run, body: str) -> Any:
    return await run("ui/picture-badge", BADGE + body, {"view": VIEW, "stream": STREAM})


async def test_it_is_hidden_while_nothing_is_known(run: Run) -> None:
    body = """
      const first = button.hidden;
      badge.update(view);
      const known = words();
      badge.update({...view, why: 'gone'});
      const plain = words();
      button.click();
      badge.update(null);
      return [first, known, plain, button.hidden, panel.hidden];
    """
    assert await play(run, body) == [
        True,
        ["Enhanced by a neural netlive-s, 21 ms", "true", False],
        ["Originalworker gone", "false", False],
        True,
        True,
    ]


async def test_the_details_open_by_the_button_and_follow_what_changes(run: Run) -> None:
    body = """
      badge.update(view);
      button.click();
      const open = [panel.hidden, button.getAttribute('aria-expanded'), rows().length];
      badge.showStream(stream);
      const more = rows();
      badge.update({...view, why: 'off'});
      const fewer = rows().length;
      panel.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true}));
      return [open, more, fewer, panel.hidden, document.activeElement === button];
    """
    opened, more, fewer, is_hidden, has_focus = await play(run, body)
    assert opened == [False, "true", 6]
    assert "Enlarged2 times" in more and "Style50 % crisp" in more
    assert fewer < len(more)
    assert is_hidden and has_focus


async def test_only_what_lasts_is_read_out_and_no_figure(run: Run) -> None:
    body = """
      const said = [];
      const observer = new MutationObserver(() => said.push(spoken.textContent));
      observer.observe(spoken, {childList: true});
      badge.update(view);
      await clock.advance(1000);
      badge.update({...view, why: 'time'});
      await clock.advance(1000);
      badge.update(view);
      await clock.advance(2000);
      badge.update({...view, latency_ms: 30});
      await clock.advance(2000);
      badge.update({...view, why: 'off'});
      await clock.advance(2000);
      return said;
    """
    assert await play(run, body) == [
        "Enhanced by a neural net: live-s.",
        "Original: switched off.",
    ]
