"""What may stand in addresses of files (``net/file-tokens.js``): view tokens, and nothing else."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

HOUSE = """
  let now = 0;
  let token = 'sk_a';
  const asked = [];
  let fault = null;
  const make = async (stream, life) => {
    asked.push([stream, life]);
    if (fault !== null) throw fault;
    const end = new Date(now + life * 1000).toISOString();
    return { token: `vt_${stream}.${asked.length}`, stream, expires_at: end };
  };
  const made = new m.FileTokens(() => token, make, () => now);
"""


async def test_a_view_token_stands_there_as_it_is(run: Run) -> None:
    text = f"""{HOUSE}
      token = 'vt_x.y';
      await made.prepare('cam');
      const first = made.get('cam');
      token = '';
      await made.prepare('cam');
      return [first, made.get('cam'), asked];
    """
    assert await run("net/file-tokens", text) == ["vt_x.y", "", []]


async def test_another_token_is_exchanged_once_for_each_stream(run: Run) -> None:
    text = f"""{HOUSE}
      const before = made.get('cam');
      await made.prepare('cam');
      await made.prepare('cam');
      await made.prepare('alley');
      return [before, made.get('cam'), made.get('alley'), asked];
    """
    six_hours = 6 * 3600
    assert await run("net/file-tokens", text) == [
        None, "vt_cam.1", "vt_alley.2", [["cam", six_hours], ["alley", six_hours]],
    ]  # fmt: skip


async def test_it_is_made_anew_where_little_of_it_is_left(run: Run) -> None:
    text = f"""{HOUSE}
      await made.prepare('cam');
      now = 3.5 * 3600e3;
      const still = made.get('cam');
      await made.prepare('cam');
      const anew = made.get('cam');
      now = 20 * 3600e3;
      return [still, anew, made.get('cam'), asked.length];
    """
    assert await run("net/file-tokens", text) == ["vt_cam.1", "vt_cam.2", None, 2]


async def test_another_person_s_token_is_exchanged_for_another(run: Run) -> None:
    text = f"""{HOUSE}
      await made.prepare('cam');
      token = 'sk_b';
      const of_b = made.get('cam');
      await made.prepare('cam');
      const anew = made.get('cam');
      const late = made.prepare('alley');
      token = 'sk_c';
      await late;
      return [of_b, anew, made.get('alley')];
    """
    assert await run("net/file-tokens", text) == [None, "vt_cam.2", None]


async def test_a_stream_that_the_token_is_not_for_is_public(run: Run) -> None:
    text = f"""{HOUSE}
      const api = await import('/static/js/net/api.js');
      fault = new api.ApiError('The token is good, but not for this.', 403);
      await made.prepare('cam');
      await made.prepare('cam');
      const first = made.get('cam');
      fault = new api.ApiError('Too many requests.', 429);
      let said = '';
      try {{ await made.prepare('alley'); }} catch (error) {{ said = error.message; }}
      return [first, said, made.get('alley'), asked.length];
    """
    found = await run("net/file-tokens", text)
    assert found == ["", "Too many requests.", None, 2]
