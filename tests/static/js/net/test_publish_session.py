"""A broadcast that is kept up (``net/publish-session.js``), in virtual time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

SESSION = """
  const { ApiError } = await import('/static/js/net/api.js');
  const clock = harness.clock();
  const peers = harness.peers();
  harness.put(Math, 'random', {value: () => 1});
  const accepted = [201, 'v=0', {Location: '/whip/cam/s1'}];
  let answer = accepted;
  let instance = 'run-1';
  let polls = 0;
  const askServer = async () => {
    polls += 1;
    if (instance === null) throw new ApiError('away', 0);
    return {instance};
  };
  const requests = harness.network((method) => (method === 'DELETE' ? [200] : answer));
  const track = {kind: 'video', getSettings: () => ({width: 480, height: 270})};
  const media = {getVideoTracks: () => [track], getAudioTracks: () => []};
  const options = {endpoint: '/whip/cam', token: '', iceServers: [], maxKbps: 800, maxFps: 30,
    size: {width: 480, height: 270}};
  const session = new m.PublishSession(options, media, askServer, 'run-1');
  const states = [];
  session.addEventListener('statechange', () =>
    states.at(-1) === session.state || states.push(session.state));
  const posts = () => requests.filter(({method}) => method === 'POST').length;
  const deletes = () => requests.filter(({method}) => method === 'DELETE').length;
  const connect = async () => {
    await harness.settle();
    peers.at(-1).remoteDescription = {};
    peers.at(-1).become('connected');
    await harness.settle();
  };
  const goLive = async () => { session.start(); await connect(); };
"""


async def publish(run: Run, body: str) -> Any:
    """The value of ``body`` beside a session that has not begun."""
    return await run("net/publish-session", SESSION + body)


async def test_a_broadcast_is_live_until_it_is_ended(run: Run) -> None:
    body = """
      await goLive();
      await clock.advance(2500);
      const during = [session.state, session.peer === peers[0], polls];
      session.end();
      session.end();
      await harness.settle();
      return [during, states, session.peer, deletes(), clock.due];
    """
    assert await publish(run, body) == [
        ["live", True, 3],
        ["connecting", "live", "ended"],
        None,
        1,
        [],
    ]


@pytest.mark.parametrize(
    ("answer", "title", "asks_token"),
    [
        ("[409, {detail: 'Taken.'}]", "The name is taken", False),
        ("[401]", "The token was not accepted", True),
        ("[413]", "The offer is too large", False),
        ("[503]", "Not possible at the moment", False),
        ("null", "The server does not answer", None),
    ],
)
async def test_the_first_connection_is_not_tried_again(
    run: Run, answer: str, title: str, asks_token: bool | None
) -> None:
    body = f"""
      answer = {answer};
      session.start();
      await clock.advance(60000);
      return [states, session.trouble.title, session.trouble.asksToken, posts(), session.error];
    """
    assert await publish(run, body) == [
        ["connecting", "failed"], title, asks_token, 1, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("happens", "text"),
    [
        ("await clock.advance(8000)", "may block UDP"),
        ("peers[0].become('failed')", "may block UDP"),
    ],
)
async def test_media_that_never_comes_through_fails_the_first_connection(
    run: Run, happens: str, text: str
) -> None:
    body = f"""
      session.start();
      await harness.settle();
      {happens};
      return [states, session.trouble.text];
    """
    states, said = await publish(run, body)
    assert states == ["connecting", "failed"]
    assert text in said


async def test_a_fault_of_the_page_is_kept_to_be_thrown(run: Run) -> None:
    body = """
      media.getVideoTracks = () => { throw new TypeError('ours'); };
      session.start();
      await harness.settle();
      return [states, session.error.message];
    """
    assert await publish(run, body) == [["connecting", "failed"], "ours"]


async def test_another_run_of_the_server_gets_the_broadcast_again(run: Run) -> None:
    body = """
      await goLive();
      await clock.advance(1000);
      instance = 'run-2';
      await clock.advance(1000);
      const down = [session.state, session.trouble.title, clock.due];
      await clock.advance(300);
      await connect();
      await clock.advance(5000);
      return [down, states, session.trouble, posts(), deletes()];
    """
    assert await publish(run, body) == [
        ["resuming", "The server is away", [300]],
        ["connecting", "live", "resuming", "live"],
        None,
        2,
        1,
    ]


async def test_tries_come_often_because_a_server_is_back_within_seconds(run: Run) -> None:
    body = """
      await goLive();
      answer = [503];
      peers[0].become('failed');
      const found = [];
      for (let tries = 0; tries < 4; tries += 1) {
        found.push(clock.due[0]);
        await clock.advance(clock.due[0]);
      }
      answer = accepted;
      await clock.advance(clock.due[0]);
      await connect();
      peers.at(-1).become('failed');
      return [found, clock.due[0]];
    """
    assert await publish(run, body) == [[300, 600, 1200, 2000], 300]


async def test_a_name_that_our_own_session_holds_is_asked_for_again(run: Run) -> None:
    body = """
      await goLive();
      answer = [409, {detail: 'The stream already has a publisher.'}];
      peers[0].become('failed');
      await clock.advance(10000);
      const during = [session.state, session.trouble.title, posts() > 3];
      answer = accepted;
      await clock.advance(2000);
      await connect();
      return [during, session.state];
    """
    assert await publish(run, body) == [["resuming", "The name is taken", True], "live"]


@pytest.mark.parametrize("status", [400, 401, 403, 422])
async def test_a_refusal_that_stays_ends_the_tries(run: Run, status: int) -> None:
    body = f"""
      await goLive();
      answer = [{status}];
      peers[0].become('failed');
      await clock.advance(60000);
      return [states, posts(), clock.due];
    """
    assert await publish(run, body) == [
        ["connecting", "live", "resuming", "failed"], 2, [],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("afterwards", "end", "title"),
    [
        # The same run still answers: it ended the session on purpose.
        ("instance = 'run-1'", "failed", "The server ended the broadcast"),
        # It was stopped and another one runs, or none does yet: on with it.
        ("instance = 'run-2'", "resuming", "The connection was closed"),
        ("instance = null", "resuming", "The connection was closed"),
    ],
)
async def test_a_goodbye_means_the_end_only_from_a_server_that_stays(
    run: Run, afterwards: str, end: str, title: str
) -> None:
    body = f"""
      await goLive();
      await clock.advance(100);
      {afterwards};
      peers[0].hearGoodbye();
      const at_once = session.state;
      await clock.advance(1499);
      const early = posts();
      await clock.advance(1);
      return [at_once, early, session.state, session.trouble.title, posts()];
    """
    tries = 1 if end == "failed" else 2
    assert await publish(run, body) == ["resuming", 1, end, title, tries]


@pytest.mark.parametrize(
    ("answer", "age", "state"),
    [
        ("null", "3100", "resuming"),
        ("null", "2000", "live"),
        ("null", "null", "live"),
        ("'run-1'", "6100", "resuming"),
        ("'run-1'", "5000", "live"),
    ],
)
async def test_a_server_that_is_silent_is_gone_sooner_where_it_does_not_answer_either(
    run: Run, answer: str, age: str, state: str
) -> None:
    body = f"""
      await goLive();
      instance = {answer};
      const age = {age};
      if (age !== null) {{
        const timestamp = performance.timeOrigin + clock.now + 1000 - age;
        peers[0].report = new Map([['r', {{type: 'remote-inbound-rtp', timestamp}}],
          ['o', {{type: 'outbound-rtp', timestamp: 0}}]]);
      }}
      await clock.advance(1000);
      return session.state;
    """
    assert await publish(run, body) == state


async def test_the_run_is_learnt_once_the_server_answers_again(run: Run) -> None:
    body = """
      instance = null;
      await goLive();
      await clock.advance(3000);
      instance = 'run-9';
      await clock.advance(3000);
      return [session.state, polls];
    """
    assert await publish(run, body) == ["live", 7]


async def test_what_waits_can_be_hurried_and_nothing_else(run: Run) -> None:
    body = """
      session.hurry();
      await goLive();
      session.hurry();
      const before = posts();
      answer = [503];
      peers[0].become('failed');
      await clock.advance(900);
      const tries = posts();
      answer = accepted;
      session.hurry();
      session.hurry();
      await connect();
      return [before, posts() - tries, session.state];
    """
    assert await publish(run, body) == [1, 1, "live"]


async def test_an_end_while_it_resumes_stops_the_tries(run: Run) -> None:
    body = """
      await goLive();
      answer = [503];
      peers[0].become('failed');
      await clock.advance(400);
      const before = posts();
      session.end();
      await clock.advance(60000);
      return [states.at(-1), posts() - before, clock.due];
    """
    assert await publish(run, body) == ["ended", 0, []]


async def test_an_end_after_a_goodbye_is_not_overtaken_by_the_question(run: Run) -> None:
    body = """
      await goLive();
      peers[0].hearGoodbye();
      session.end();
      await clock.advance(60000);
      return [states, posts()];
    """
    assert await publish(run, body) == [["connecting", "live", "resuming", "ended"], 1]


async def test_fitting_reaches_the_connection_that_is_in_use(run: Run) -> None:
    body = """
      await session.fit();
      await goLive();
      track.getSettings = () => ({width: 960, height: 540});
      peers[0].transceivers[0].sender.track = track;
      await session.fit();
      await session.fit(0.5);
      return peers[0].transceivers[0].sender.applied
        .slice(-2).map((given) => given.encodings[0].scaleResolutionDownBy);
    """
    assert await publish(run, body) == [2, 4]
