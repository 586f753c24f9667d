"""A rendition that is kept playing (``net/watch-session.js``), in virtual time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

SESSION = """
  const clock = harness.clock();
  const peers = harness.peers();
  let chance = 1;
  harness.put(Math, 'random', {value: () => chance});
  let answer = [201, 'v=0', {Location: '/whep/cam/s1'}];
  const requests = harness.network((method) => (method === 'DELETE' ? [200] : answer));
  const session = new m.WatchSession({endpoint: '/whep/cam', iceServers: [], audio: true});
  const states = [];
  session.addEventListener('statechange', () => states.push(session.state));
  const posts = () => requests.filter(({method}) => method === 'POST').map(({path}) => path);
  const deletes = () => requests.filter(({method}) => method === 'DELETE').length;
  const wait = () => session.retryAt - clock.now;
  const play = async () => {
    session.start();
    await harness.settle();
    peers.at(-1).become('connected');
  };
  // Waits before the next tries, each of which begins when the wait is over.
  const waits = async (count) => {
    const found = [];
    for (let tries = 0; tries < count; tries += 1) {
      await harness.settle();
      found.push(wait());
      await clock.advance(wait());
    }
    return found;
  };
"""


async def play(run: Run, body: str) -> Any:
    """The value of ``body`` beside a session that has not begun."""
    return await run("net/watch-session", SESSION + body)


async def test_a_session_plays_until_it_is_stopped(run: Run) -> None:
    body = """
      const before = [session.state, session.peer, session.media, session.played];
      await play();
      session.start();
      const during = [session.state, session.peer === peers[0], session.media !== null,
        session.played, session.since === clock.now];
      session.stop();
      session.stop();
      await harness.settle();
      return [before, during, states, [session.peer, session.media], peers.length, deletes(),
        clock.due];
    """
    assert await play(run, body) == [
        ["stopped", None, None, False],
        ["playing", True, True, True, True],
        ["connecting", "playing", "stopped"],
        [None, None],
        1,
        1,
        [],
    ]


async def test_a_new_connection_is_told_as_new_media(run: Run) -> None:
    body = """
      const heard = [];
      session.addEventListener('media', () => heard.push(session.media !== null));
      await play();
      session.stop();
      return heard;
    """
    assert await play(run, body) == [True, False]


@pytest.mark.parametrize(
    ("headers", "chance", "expected"),
    [
        ("{}", 0, 2000),
        ("{}", 1, 3000),
        ("{'Retry-After': '5'}", 0, 5000),
        ("{'Retry-After': '5'}", 0.5, 6250),
    ],
)
async def test_where_nobody_publishes_the_server_says_when_to_ask_again(
    run: Run, headers: str, chance: float, expected: float
) -> None:
    body = f"""
      chance = {chance};
      answer = [409, {{detail: 'Nobody publishes.'}}, {headers}];
      session.start();
      await harness.settle();
      const first = wait();
      await clock.advance(first - 1);
      const early = posts().length;
      await clock.advance(1);
      return [first, early, posts().length, states.slice(0, 4), session.trouble];
    """
    assert await play(run, body) == [
        expected, 1, 2, ["connecting", "waiting", "connecting", "waiting"], None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        # Over soon: doubled from half a second up to two seconds.
        ("null", [500, 1000, 2000, 2000, 2000]),
        ("[503]", [500, 1000, 2000, 2000, 2000]),
        # Likely the same again: four seconds at least, so that the reason can be read.
        ("[500]", [4000, 4000, 4000, 4000, 8000, 15000, 15000]),
        # The same again for sure: ten seconds at least.
        ("[422]", [10000, 10000, 10000, 10000, 10000, 15000]),
        # What the server asks for counts where it is more.
        ("[429, '', {'Retry-After': '7'}]", [7000, 7000, 7000, 7000, 8000]),
        ("[503, '', {'Retry-After': '1'}]", [1000, 1000, 2000]),
    ],
)
async def test_waits_grow_by_what_failed(run: Run, answer: str, expected: list[int]) -> None:
    body = f"answer = {answer}; session.start(); return await waits({len(expected)});"
    assert await play(run, body) == expected


async def test_waits_are_spread_over_half_of_their_length(run: Run) -> None:
    body = "chance = 0; answer = [503]; session.start(); return await waits(4);"
    assert await play(run, body) == [250, 500, 1000, 1000]


@pytest.mark.parametrize(
    ("happens", "title"),
    [
        ("peers[0].become('failed')", "The connection was lost"),
        ("peers[0].hearGoodbye()", "The connection was closed"),
        ("peers[0].become('disconnected'); await clock.advance(4000)", "The connection was lost"),
    ],
)
async def test_a_lost_connection_is_made_again_and_said(run: Run, happens: str, title: str) -> None:
    body = f"""
      await play();
      peers[0].remoteDescription = {{}};
      {happens};
      const said = session.trouble.title;
      const first = wait();
      await clock.advance(first);
      peers[1].become('connected');
      return [said, first, states.slice(1), session.trouble, deletes(), peers.length];
    """
    assert await play(run, body) == [
        title, 500, ["playing", "retrying", "connecting", "playing"], None, 1, 2,
    ]  # fmt: skip


async def test_waits_begin_anew_once_it_has_played(run: Run) -> None:
    body = """
      answer = [503];
      session.start();
      const before = await waits(3);
      answer = [201, 'v=0', {Location: '/whep/cam/s1'}];
      await waits(1);
      peers.at(-1).become('connected');
      peers.at(-1).become('failed');
      return [before, wait()];
    """
    assert await play(run, body) == [[500, 1000, 2000], 500]


async def test_a_server_that_never_answers_is_given_up_after_eight_seconds(run: Run) -> None:
    body = """
      let release;
      answer = new Promise((resolve) => (release = resolve));
      session.start();
      await clock.advance(7999);
      const early = session.state;
      await clock.advance(1);
      const late = [session.state, session.trouble.text.split('.')[0]];
      release([201, 'v=0', {Location: '/whep/cam/late'}]);
      await harness.settle();
      return [early, late, session.state, requests.at(-1).method, requests.at(-1).path];
    """
    assert await play(run, body) == [
        "connecting",
        ["retrying", "Nothing was heard in time"],
        "retrying",
        "DELETE",
        "/whep/cam/late",
    ]


async def test_a_connection_lost_before_the_answer_was_applied_is_said_once(run: Run) -> None:
    body = """
      const apply = harness.FakePeer.prototype.setRemoteDescription;
      harness.put(harness.FakePeer.prototype, 'setRemoteDescription', {
        writable: true,
        value(description) { this.remoteDescription = description; this.become('failed'); } });
      session.start();
      await harness.settle();
      return [states, session.trouble.text.includes('may block UDP'), wait(), deletes()];
    """
    assert await play(run, body) == [["connecting", "retrying"], True, 4000, 1]


async def test_no_webrtc_is_a_final_trouble(run: Run) -> None:
    body = """
      harness.put(window, 'RTCPeerConnection', {value: class {
        constructor() { throw new DOMException('', 'NotAllowedError'); } }});
      session.start();
      await harness.settle();
      return [session.state, session.trouble.isFinal, wait()];
    """
    assert await play(run, body) == ["retrying", True, 10000]


@pytest.mark.parametrize("state", ["waiting", "retrying"])
async def test_a_try_can_be_hurried(run: Run, state: str) -> None:
    body = f"""
      answer = [{409 if state == "waiting" else 500}];
      session.start();
      await harness.settle();
      const before = session.state;
      answer = [201, 'v=0', {{Location: '/whep/cam/s1'}}];
      session.retry();
      await harness.settle();
      peers.at(-1).become('connected');
      await clock.advance(60000);
      return [before, session.state, posts().length];
    """
    assert await play(run, body) == [state, "playing", 2]


@pytest.mark.parametrize("prepare", ["", "session.start();", "await play();"])
async def test_there_is_nothing_to_hurry_while_it_goes_on(run: Run, prepare: str) -> None:
    body = f"""
      {prepare}
      const before = session.state;
      session.retry();
      await harness.settle();
      return [session.state === before, posts().length <= 1];
    """
    assert await play(run, body) == [True, True]


async def test_a_publisher_that_left_is_waited_for(run: Run) -> None:
    body = """
      session.absent();
      await play();
      session.absent();
      const found = [session.state, wait(), session.played];
      session.absent();
      await clock.advance(2000);
      return [found, states, posts().length, deletes()];
    """
    assert await play(run, body) == [
        ["waiting", 2000, True],
        ["connecting", "playing", "waiting", "connecting"],
        2,
        1,
    ]


async def test_a_death_that_others_know_of_counts_only_while_playing(run: Run) -> None:
    body = """
      const trouble = {title: 'Away', text: '', isPassing: true, isFinal: false};
      session.lose(trouble);
      session.start();
      session.lose(trouble);
      const before = session.state;
      await harness.settle();
      peers[0].become('connected');
      session.lose(trouble);
      return [before, session.state, session.trouble.title];
    """
    assert await play(run, body) == ["connecting", "retrying", "Away"]


async def test_another_address_is_played_at_once_where_it_plays(run: Run) -> None:
    body = """
      session.moveTo('/whep/cam?rendition=a');
      const before = [session.state, posts()];
      await play();
      session.moveTo('/whep/cam?rendition=a');
      const same = posts().length;
      session.moveTo('/whep/cam?rendition=b');
      await harness.settle();
      return [before, same, posts(), session.state, deletes()];
    """
    assert await play(run, body) == [
        ["stopped", []],
        1,
        ["/whep/cam?rendition=a", "/whep/cam?rendition=b"],
        "connecting",
        1,
    ]


async def test_what_an_old_connection_does_later_is_nothing_to_the_new_one(run: Run) -> None:
    body = """
      await play();
      session.moveTo('/whep/cam?rendition=b');
      await harness.settle();
      peers[1].become('connected');
      peers[0].become('failed');
      peers[0].hearGoodbye();
      await clock.advance(60000);
      return [session.state, peers.length];
    """
    assert await play(run, body) == ["playing", 2]


async def test_a_stop_while_the_offer_is_under_way_ends_what_comes_of_it(run: Run) -> None:
    body = """
      let release;
      answer = new Promise((resolve) => (release = resolve));
      session.start();
      await harness.settle();
      session.stop();
      release([201, 'v=0', {Location: '/whep/cam/late'}]);
      await clock.advance(60000);
      return [states, deletes(), posts().length];
    """
    assert await play(run, body) == [["connecting", "stopped"], 1, 1]


async def test_who_is_asked_for_a_token_has_a_minute_and_a_new_one_counts_at_once(
    run: Run,
) -> None:
    body = """
      answer = [401, {detail: 'Only with a token.'}];
      session.start();
      await harness.settle();
      const found = [session.state, wait(), session.trouble.asksToken];
      answer = [201, 'v=0', {Location: '/whep/cam/s1'}];
      session.authorize('vt_a.b');
      found.push(session.state, session.trouble);
      await harness.settle();
      const shown = requests.map((one) => one.headers.Authorization ?? '');
      session.stop();
      return [...found, shown];
    """
    assert await play(run, body) == [
        "retrying", 60000, True, "connecting", None, ["", "Bearer vt_a.b"],
    ]  # fmt: skip


async def test_a_token_that_comes_while_it_plays_is_for_the_next_session(run: Run) -> None:
    body = """
      await play();
      session.authorize('vt_a.b');
      const before = posts().length;
      session.moveTo('/whep/cam?rendition=small');
      await harness.settle();
      const shown = requests.at(-1).headers.Authorization;
      session.stop();
      return [before, shown];
    """
    assert await play(run, body) == [1, "Bearer vt_a.b"]
