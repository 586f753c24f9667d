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


@pytest.mark.parametrize(
    ("state", "played", "words", "tone"),
    [
        ("stopped", False, "Stopped", "quiet"),
        ("connecting", False, "Connecting", "warn"),
        ("connecting", True, "Connecting", "warn"),
        ("playing", True, "Live", "live"),
        ("waiting", False, "Not live", "quiet"),
        ("waiting", True, "Ended", "quiet"),
        ("retrying", True, "No connection", "bad"),
    ],
)
async def test_the_badge_says_the_state_in_two_words(
    run: Run, state: str, played: bool, words: str, tone: str
) -> None:
    body = "return m.badgeFor(given);"
    assert await run("ui/watch-card", body, {"state": state, "played": played}) == [words, tone]


@pytest.mark.parametrize(
    ("wait", "when"),
    [
        (9000, "Trying again in 9 s."),
        (8001, "Trying again in 9 s."),
        (1, "Trying again in 1 s."),
        (0, "Trying again…"),
        (-500, "Trying again…"),
    ],
)
async def test_the_countdown_never_says_zero(run: Run, wait: int, when: str) -> None:
    body = """
      const base = {state: 'retrying', played: true, picture: false, sinceMs: 0, arrival: 'none'};
      const card = m.cardFor({...base, waitMs: given, trouble: null});
      return [card.when, card.title, card.tone, card.retry];
    """
    found = await run("ui/watch-card", body, wait)
    assert found == [when, "The connection failed", "bad", True]


async def test_every_situation_of_every_state_has_a_card_or_a_picture(run: Run) -> None:
    from docs.draw_states import ROOT, page_table

    _, moves = page_table((ROOT / "static/js/net/watch-session.js").read_text())
    body = """
      const faults = [];
      const trouble = {title: 'T', text: 'X'};
      for (const state of given) for (const played of [true, false]) for (const picture of [true, false])
        for (const arrival of ['none', 'unshown', 'blocked', 'unknown'])
          for (const sinceMs of [0, 2999, 3000, 1e6]) for (const said of [null, trouble]) {
            const situation = {state, played, picture, arrival, sinceMs, waitMs: 5, trouble: said};
            const card = m.cardFor(situation);
            const isShown = state === 'playing' && picture;
            if ((card === null) !== isShown) faults.push(JSON.stringify(situation));
            if (card !== null && (!card.title || !['calm', 'bad'].includes(card.tone)
              || typeof card.text !== 'string' || typeof card.retry !== 'boolean'))
              faults.push(JSON.stringify(card));
            if (m.badgeFor(situation).length !== 2) faults.push(state);
          }
      return faults;
    """  # noqa: E501
    assert await run("ui/watch-card", body, list(moves)) == []


async def test_a_field_for_the_token_stays_while_it_tries_again(run: Run) -> None:
    body = """
      const trouble = {title: 'This needs a token', text: 'Enter it.', asksToken: true};
      const base = {played: false, picture: false, waitMs: 9000, sinceMs: 0, arrival: 'none'};
      return ['retrying', 'connecting', 'playing'].map((state) => {
        const {title, when, retry, asksToken} = m.cardFor({...base, state, trouble});
        return [title, when ?? '', retry, asksToken ?? false];
      });
    """
    asked = ["This needs a token", "", False, True]
    found = await run("ui/watch-card", body)
    assert found[:2] == [asked, asked]
    assert found[2][3] is False
