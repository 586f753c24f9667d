"""The stream keys on the operator's board (``ui/key-board.js``)."""

from __future__ import annotations

import pytest

from tests.static import samples
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

BOARD = """
  const asked = [];
  const board = new m.KeyBoard({
    add: async () => 'no',
    rotate: async (id) => { asked.push(['rotate', id]); return {key: given[0], secret: 'sk_new'}; },
    revoke: (key) => asked.push(['revoke', key.id]),
  });
  harness.show(board.root);
  board.update(given);
  const press = async (words) => {
    [...board.root.querySelectorAll('button')].find((b) => b.textContent === words).click();
    await new Promise((resolve) => setTimeout(resolve));
  };
"""


async def test_keys_are_listed_and_leave_the_list(run: Run) -> None:
    given = [samples.stream_key(), samples.stream_key("studio-*", number=1)]
    body = """
      const rows = () => [...board.root.querySelectorAll('li b')].map((e) => e.textContent);
      const before = rows();
      board.update(given.slice(1));
      const after = rows();
      board.update([]);
      return [before, after, board.root.querySelector('ul').hidden];
    """
    found = await run("ui/key-board", BOARD + body, given)
    assert found == [["cam1", "studio-*"], ["studio-*"], True]


async def test_a_new_secret_is_shown_and_a_revocation_asked_for(run: Run) -> None:
    body = """
      await press('New secret');
      const shown = board.root.querySelector('code').textContent;
      await press('Revoke');
      return [asked, shown];
    """
    found = await run("ui/key-board", BOARD + body, [samples.stream_key()])
    assert found == [[["rotate", "key-0"], ["revoke", "key-0"]], "sk_new"]


async def test_the_state_of_a_key_is_said_in_words(run: Run) -> None:
    given = [
        samples.stream_key(),
        samples.stream_key(is_expired=True, expires_at="2026-01-01T00:00:00Z"),
        samples.stream_key(live=["cam1", "cam2"]),
        samples.stream_key(expires_at="2026-01-02T00:00:00Z"),
        samples.stream_key(old_secret_until="2026-01-02T00:00:00Z"),
    ]
    words = await run("ui/key-board", "return given.map((key) => m.keyWords(key));", given)
    assert words[:3] == ["not live", "expired", "live: cam1, cam2"]
    assert words[3].startswith("until ")
    assert words[4].startswith("the old secret is good until ")
