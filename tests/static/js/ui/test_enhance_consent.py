"""Whether viewers may see a stream enhanced (``ui/enhance-consent.js``)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

CONSENT = """
  let answer = [200, {}];
  const requests = harness.network(() => answer);
  const box = Object.assign(document.createElement('input'), {type: 'checkbox'});
  let live = null;
  const said = [];
  const consent = new m.EnhanceConsent(box, () => live, (words) => said.push(words));
  const set = async (checked) => {
    box.checked = checked;
    box.dispatchEvent(new Event('change'));
    await harness.settle();
  };
  const ends = (value) => { localStorage.removeItem('sharpcast.enhance'); return value; };
"""


async def play(run: Run, body: str) -> Any:
    return await run("ui/enhance-consent", CONSENT + body)


async def test_it_travels_with_the_offer_and_is_remembered(run: Run) -> None:
    body = """
      const first = [box.checked, new URL(consent.on('/whip/cam1?a=1')).search];
      await set(false);
      const other = document.createElement('input');
      Object.assign(other, {type: 'checkbox', checked: true});
      new m.EnhanceConsent(other, () => null, () => undefined);
      const query = new URL(consent.on('/whip/cam1')).search;
      return ends([first, query, other.checked, requests.length]);
    """
    assert await play(run, body) == [[True, "?a=1&enhance=true"], "?enhance=false", False, 0]


async def test_a_live_stream_is_changed_at_once(run: Run) -> None:
    body = """
      live = {stream: 'cam 1', token: 'word'};
      await set(false);
      const [{method, path, headers, body}] = requests;
      return ends([method, path, headers.Authorization, body, said]);
    """
    assert await play(run, body) == [
        "PUT", "/api/v1/streams/cam%201/consent", "Bearer word", '{"enhance":false}', [""],
    ]  # fmt: skip


async def test_what_the_server_refuses_is_said_and_the_box_tells_the_truth(run: Run) -> None:
    body = """
      live = {stream: 'cam1', token: ''};
      answer = [401, {detail: 'The token is wrong.'}];
      await set(false);
      return ends([box.checked, said, 'Authorization' in requests[0].headers]);
    """
    assert await play(run, body) == [True, ["The token is wrong."], False]
