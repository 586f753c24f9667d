"""What a broadcaster may do while live (``ui/live-panel.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

PANEL = """
  const clock = harness.clock();
  const recording = {mode: 'off', chosen: false, parts: []};
  let stream = {id: 'cam', view: 'token', recording};
  let status = 200;
  const requests = harness.network((method, path, {body}) => {
    if (status !== 200) return [status, {detail: 'Not with this token.'}];
    if (path.endsWith('/recording')) return [200, {...recording, mode: JSON.parse(body).mode}];
    if (path.endsWith('/view-tokens')) return [201, {token: 'vt_a.b', stream: 'cam',
      expires_at: '2026-11-30T12:00:00Z'}];
    return [200, stream];
  });
  let live = null;
  const root = document.createElement('div');
  harness.show(root);
  const panel = new m.LivePanel(root, () => live);
  const begin = async () => {
    live = {stream: 'cam', token: 'sk_a'};
    panel.update();
    await harness.settle();
  };
  const part = (selector) => root.querySelector(selector);
  const end = () => { live = null; panel.update(); };
"""


async def test_it_is_there_while_live_and_shows_what_the_token_may_do(run: Run) -> None:
    body = """
      panel.update();
      const found = [root.hidden, requests.length];
      await begin();
      found.push(root.hidden, part('.view-link').hidden, requests[0].headers.Authorization);
      stream = {...stream, view: 'public'};
      await clock.advance(2000);
      await harness.settle();
      found.push(part('.view-link').hidden);
      end();
      const asked = requests.length;
      await clock.advance(9000);
      return [...found, root.hidden, requests.length === asked];
    """
    assert await run("ui/live-panel", PANEL + body) == [
        True, 0, False, False, "Bearer sk_a", True, True, True,
    ]  # fmt: skip


async def test_it_records_and_shares_with_the_token_that_was_typed(run: Run) -> None:
    body = """
      await begin();
      part('.recording-control button').click();
      await harness.settle();
      part('.view-link form').requestSubmit();
      await harness.settle();
      const sent = requests.filter(({method}) => method !== 'GET')
        .map(({method, path, body, headers}) => [method, path, body, headers.Authorization]);
      const words = part('.recording-control button').textContent;
      const href = part('.view-link a').href;
      end();
      return [sent, words, href.split('/').pop()];
    """
    sent, words, link = await run("ui/live-panel", PANEL + body)
    path = "/api/v1/streams/cam"
    assert sent == [
        ["PUT", f"{path}/recording", '{"mode":"source"}', "Bearer sk_a"],
        ["POST", f"{path}/view-tokens", '{"life_s":86400}', "Bearer sk_a"],
    ]
    assert (words, link) == ("Stop recording", "cam?token=vt_a.b")


async def test_a_refusal_is_said_in_its_place(run: Run) -> None:
    body = """
      await begin();
      status = 403;
      part('.recording-control button').click();
      part('.view-link form').requestSubmit();
      await harness.settle();
      const found = [...root.querySelectorAll('.fault')].map((e) => e.textContent);
      end();
      return found;
    """
    assert await run("ui/live-panel", PANEL + body) == ["Not with this token."] * 2
