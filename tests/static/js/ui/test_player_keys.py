"""The keys of a player (``ui/player-keys.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

KEYS = """
  const did = [];
  const root = document.body.appendChild(document.createElement('div'));
  const field = root.appendChild(document.createElement('input'));
  const player = {
    show: (view) => did.push(view),
    holding: {hold: () => did.push('hold'), release: () => did.push('release')},
    saveStill: () => did.push('still'),
  };
  m.listenToKeys(root, player, {s: () => did.push('stats')});
  const press = (key, more = {}, target = root) => {
    for (const kind of ['keydown', 'keyup']) {
      target.dispatchEvent(new KeyboardEvent(kind, {key, bubbles: true, composed: true, ...more}));
    }
  };
"""


async def test_each_key_does_its_own(run: Run) -> None:
    body = "for (const key of ['1', '2', '3', 'c', 'P', 's', 'x']) press(key); return did;"
    assert await run("ui/player-keys", KEYS + body) == [
        "source", "split", "enhanced", "hold", "release", "still", "stats",
    ]  # fmt: skip


async def test_combinations_repeats_and_typing_are_left_alone(run: Run) -> None:
    body = """
      for (const more of ['ctrlKey', 'altKey', 'metaKey', 'repeat']) press('1', {[more]: true});
      press('2', {}, field);
      field.type = 'range';
      press('3', {}, field);
      return did;
    """
    assert await run("ui/player-keys", KEYS + body) == ["enhanced"]
