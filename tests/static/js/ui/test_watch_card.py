"""What the card over the picture says (``ui/watch-card.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_the_card_says_what_the_situation_is(run: Run) -> None:
    body = """
      const base = { played: false, picture: false, waitMs: 1500, sinceMs: 0, arrival: 'none',
        trouble: null };
      const trouble = { title: 'The connection failed', text: 'Lost.' };
      const titles = ['connecting', 'waiting', 'playing']
        .map((state) => m.cardFor({ ...base, state }).title);
      for (const state of ['connecting', 'retrying'])
        titles.push(m.cardFor({ ...base, state, trouble }).title);
      return [titles, m.cardFor({ ...base, state: 'waiting', played: true }).title,
        m.cardFor({ ...base, state: 'playing', picture: true }),
        m.cardFor({ ...base, state: 'retrying', trouble })];
    """
    titles, ended, none, retrying = await run("ui/watch-card", body)
    assert titles == [
        "Connecting…",
        "Not live yet",
        "Waiting for the first picture…",
        "Trying again…",
        "The connection failed",
    ]
    assert (ended, none) == ("The stream has ended", None)
    assert (retrying["text"], retrying["when"]) == ("Lost.", "Trying again in 2 s.")


async def test_a_second_try_keeps_saying_why_the_first_failed(run: Run) -> None:
    body = """
      const trouble = { title: 'It failed', text: 'Try another network.' };
      const base = { state: 'connecting', played: false, picture: false, waitMs: 0, arrival: 'none' };
      return [0, 4000].flatMap((sinceMs) =>
        [null, trouble].map((trouble) => m.cardFor({ ...base, trouble, sinceMs }).text));
    """  # noqa: E501
    first, again, slow, slow_again = await run("ui/watch-card", body)
    assert first == ""
    assert again == slow_again == "It failed. Try another network."
    assert "longer than usual" in slow


async def test_every_way_without_a_picture_has_a_card(run: Run) -> None:
    body = """
      const base = { state: 'playing', played: true, picture: false, trouble: null, waitMs: 0 };
      return ['none', 'unshown', 'blocked', 'unknown'].map((arrival) =>
        [0, 9000].map((sinceMs) => m.cardFor({ ...base, arrival, sinceMs })));
    """
    found = await run("ui/watch-card", body)
    assert [early["text"] == "" for early, _ in found] == [True, True, False, True]
    assert all(late["text"] and late["retry"] for _, late in found)
