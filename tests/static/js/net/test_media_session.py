"""One session by WHIP or WHEP, from its offer to its end (``net/media-session.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

SESSION = """
  const clock = harness.clock();
  const peers = harness.peers();
  const requests = harness.network(() => [200]);
  class Session extends m.MediaSession {
    begin() { this._machine.on('start'); }
    hold(url) { this._hold(url); }
  }
  const session = new Session([{urls: 'turn:relay.example'}], 'secret');
  const [peer] = peers;
  peer.addTransceiver('video');
  const states = [];
  session.addEventListener('statechange', () => states.push(session.state));
  const asked = () => requests.map(({method, path}) => `${method} ${path}`);
"""


async def test_the_servers_relays_are_given_to_the_connection(run: Run) -> None:
    body = SESSION + "return peer.configuration;"
    found = await run("net/media-session", body)
    assert found == {"iceServers": [{"urls": "turn:relay.example"}]}


async def test_a_session_that_stood_is_ended_here_and_on_the_server_once(run: Run) -> None:
    body = """
      session.begin();
      session.hold('/whep/cam/s1');
      peer.become('connected');
      session.end();
      session.end();
      await harness.settle();
      return [states, peer.signalingState, asked(), requests[0].headers];
    """
    states, signaling, asked, headers = await run("net/media-session", SESSION + body)
    assert states == ["connecting", "live", "ended"]
    assert signaling == "closed"
    assert asked == ["DELETE /whep/cam/s1"]
    assert headers == {"Authorization": "Bearer secret"}


async def test_a_session_that_never_began_has_nothing_to_end_on_the_server(run: Run) -> None:
    body = "session.end(); await harness.settle(); return [states, asked()];"
    assert await run("net/media-session", SESSION + body) == [["ended"], []]


@pytest.mark.parametrize("end", ["session.end()", "peer.become('failed')"])
async def test_an_answer_that_comes_too_late_is_ended_on_the_server(run: Run, end: str) -> None:
    body = f"""
      session.begin();
      {end};
      session.hold('/whep/cam/late');
      await harness.settle();
      return asked();
    """
    assert await run("net/media-session", SESSION + body) == ["DELETE /whep/cam/late"]


@pytest.mark.parametrize(
    ("happens", "fault"),
    [
        ("peer.become('failed')", "broken"),
        ("peer.hearGoodbye()", "closed"),
        ("peer.become('disconnected'); await clock.advance(4000)", "broken"),
    ],
)
async def test_a_loss_keeps_its_cause_and_tells_the_server(
    run: Run, happens: str, fault: str
) -> None:
    body = f"""
      session.begin();
      session.hold('/whep/cam/s1');
      peer.remoteDescription = {{}};
      peer.become('connected');
      {happens};
      await harness.settle();
      return [states, session.fault, peer.signalingState, asked()];
    """
    states, cause, signaling, asked = await run("net/media-session", SESSION + body)
    assert states == ["connecting", "live", "lost"]
    assert (cause, signaling) == (fault, "closed")
    assert asked == ["DELETE /whep/cam/s1"]


async def test_a_lost_session_stays_lost(run: Run) -> None:
    body = """
      session.begin();
      peer.become('failed');
      session.end();
      peer.become('connected');
      return states;
    """
    assert await run("net/media-session", SESSION + body) == ["connecting", "lost"]


async def test_a_connection_that_stands_after_the_end_changes_nothing(run: Run) -> None:
    body = """
      session.begin();
      session.end();
      peer.become('connected');
      await clock.advance(60000);
      return states;
    """
    assert await run("net/media-session", SESSION + body) == ["connecting", "ended"]
