"""Links with a view token (``ui/view-link.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

LINK = """
  const asked = [];
  let answer = {token: 'vt_a-b.c', stream: 'cam', expires_at: '2026-11-30T12:00:00Z'};
  const link = new m.ViewLink('share', async (seconds) => { asked.push(seconds); return answer; });
  harness.show(link.root);
  const part = (selector) => link.root.querySelector(selector);
  const send = async () => { part('form').requestSubmit(); await harness.settle(); };
"""


async def test_only_a_stream_by_token_needs_such_links(run: Run) -> None:
    body = """
      return [{view: 'public'}, {view: 'token'}, null].map((stream) => {
        link.update(stream);
        return link.root.hidden;
      });
    """
    assert await run("ui/view-link", LINK + body) == [True, False, True]


async def test_a_link_is_shown_with_its_end_and_its_code(run: Run) -> None:
    body = """
      link.update({view: 'token'});
      link.root.open = true;
      const before = part('.made').hidden;
      part('select').value = '604800';
      await send();
      return [before, part('.made').hidden, asked, part('a').href, part('img').src,
        part('.made p').textContent, part('.fault').hidden, location.origin];
    """
    before, hidden, asked, href, code, words, quiet, origin = await run("ui/view-link", LINK + body)
    assert (before, hidden, asked, quiet) == (True, False, [604800], True)
    assert href == f"{origin}/watch/cam?token=vt_a-b.c"
    assert code.endswith("&token=vt_a-b.c") and "/streams/cam/qr?base=http" in code
    assert words.startswith("Whoever has this link may watch until ") and "2026" in words


async def test_what_went_wrong_is_said_and_the_button_works_again(run: Run) -> None:
    body = """
      answer = 'The token is good, but not for this.';
      await send();
      return [part('.fault').textContent, part('.made').hidden, part('button').disabled];
    """
    assert await run("ui/view-link", LINK + body) == [
        "The token is good, but not for this.", True, False,
    ]  # fmt: skip
