"""Offer, answer, session address and loss (``net/sdp-session.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_a_location_keeps_its_path_and_gets_our_origin(run: Run) -> None:
    body = """
      const at = 'https://live.example/whip/a';
      const urls = ['http://inner:8080/whip/a/s1?x=1', '/whip/a/s2', 's3']
        .map((location) => m.sessionUrl(location, at));
      let fault = '';
      try { m.sessionUrl(null, at); } catch (error) { fault = error.message; }
      const below = 'https://live.example/some/where/whip/a/';
      urls.push(m.sessionUrl('http://inner:8080/whip/a/s4', below));
      urls.push(m.sessionUrl('https://live.example/some/where/whip/a/s5', below));
      return [urls, fault];
    """
    urls, fault = await run("net/sdp-session", body)
    assert urls == [
        "https://live.example/whip/a/s1?x=1",
        "https://live.example/whip/a/s2",
        "https://live.example/whip/s3",
        "https://live.example/some/where/whip/a/s4",
        "https://live.example/some/where/whip/a/s5",
    ]
    assert "Location" in fault


@pytest.mark.parametrize(
    "lines,changed",
    [
        (
            "a=rtpmap:111 opus/48000/2|a=fmtp:111 minptime=10;useinbandfec=1",
            "a=rtpmap:111 opus/48000/2"
            "|a=fmtp:111 minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1",
        ),
        (
            "a=rtpmap:109 opus/48000/2|a=fmtp:109 maxplaybackrate=48000;stereo=1",
            "a=rtpmap:109 opus/48000/2|a=fmtp:109 maxplaybackrate=48000;stereo=1;sprop-stereo=1",
        ),
        (
            "a=rtpmap:96 OPUS/48000/2|a=rtpmap:9 G722/8000",
            "a=rtpmap:96 OPUS/48000/2|a=fmtp:96 stereo=1;sprop-stereo=1|a=rtpmap:9 G722/8000",
        ),
        ("a=rtpmap:111 VP8/90000|a=fmtp:111 x=1", "a=rtpmap:111 VP8/90000|a=fmtp:111 x=1"),
    ],
)
async def test_offers_ask_for_both_channels_of_opus(lines: str, changed: str, run: Run) -> None:
    text = lines.replace("|", "\\r\\n") + "\\r\\n"
    found = await run("net/sdp-session", f"return m.withStereo('{text}');")
    assert found == changed.replace("|", "\r\n") + "\r\n"


async def test_the_cause_of_a_loss_is_read_from_the_transports(run: Run) -> None:
    body = """
      const peer = (ice, ...keys) => ({ iceConnectionState: ice,
        getTransceivers: () => keys.map((state) => ({ sender: { transport: { state } } })) });
      return [m.faultOf(peer('failed', 'new'), false), m.faultOf(peer('checking'), false),
        m.faultOf(peer('connected', 'connecting'), false), m.faultOf(peer('failed', 'failed'), false),
        m.faultOf(peer('connected', 'closed'), true), m.faultOf(peer('disconnected', 'connected'), true)];
    """  # noqa: E501
    found = await run("net/sdp-session", body)
    assert found == ["ice", "ice", "dtls", "dtls", "closed", "broken"]


async def test_asking_for_both_channels_twice_changes_nothing_more(run: Run) -> None:
    body = """
      const lines = ['a=rtpmap:111 opus/48000/2', 'a=fmtp:111 minptime=10', 'a=rtpmap:96 opus/48000/2',
        'a=rtpmap:63 red/48000/2', 'm=video 9 X 97', 'a=rtpmap:97 VP8/90000', ''].join('\\r\\n');
      const once = m.withStereo(lines);
      return [once === m.withStereo(once), once.split('stereo=1').length - 1, m.withStereo('')];
    """  # noqa: E501
    # Two payload types, each with stereo and sprop-stereo.
    assert await run("net/sdp-session", body) == [True, 4, ""]


async def test_gathering_ends_with_the_last_candidate_or_after_a_second(run: Run) -> None:
    body = """
      const clock = harness.clock();
      const peer = new harness.FakePeer();
      const ends = [];
      await m.gathered(peer);
      peer.iceGatheringState = 'gathering';
      m.gathered(peer).then(() => ends.push(clock.now));
      await clock.advance(999);
      await clock.advance(1);
      m.gathered(peer).then(() => ends.push(clock.now));
      await clock.advance(300);
      peer.dispatchEvent(new Event('icegatheringstatechange'));
      await clock.advance(100);
      peer.iceGatheringState = 'complete';
      peer.dispatchEvent(new Event('icegatheringstatechange'));
      await harness.settle();
      return [ends, clock.due];
    """
    assert await run("net/sdp-session", body) == [[2000, 2400], []]


NEGOTIATION = """
  harness.clock();
  const peer = new harness.FakePeer();
  let place = '/whip/cam/s1';
  const requests = harness.network((method) =>
    method === 'DELETE' ? [200] : [201, 'v=0 answer', place === '' ? {} : {Location: place}]);
"""


async def test_an_offer_is_posted_and_its_answer_applied(run: Run) -> None:
    body = """
      const session = await m.negotiate(peer, '/whip/cam', 'secret');
      const [{method, path, headers, body}] = requests;
      return [session.replace(location.origin, ''), method, path, headers, body,
        peer.localDescription.type, peer.remoteDescription];
    """
    session, method, path, headers, offer, local, remote = await run(
        "net/sdp-session", NEGOTIATION + body
    )
    assert session == "/whip/cam/s1"
    assert (method, path, local) == ("POST", "/whip/cam", "offer")
    assert headers == {"Content-Type": "application/sdp", "Authorization": "Bearer secret"}
    assert "a=fmtp:111 stereo=1;sprop-stereo=1" in offer
    assert remote == {"type": "answer", "sdp": "v=0 answer"}


@pytest.mark.parametrize(
    ("happens", "name", "deletes"),
    [
        ("place = '';", "ApiError", 0),
        ("peer.refusal = new Error('no codec');", "ApiError", 1),
        ("peer.refusal = new Error('closed'); peer.close();", "AbortError", 1),
    ],
)
async def test_an_answer_that_cannot_be_used_leaves_no_session(
    run: Run, happens: str, name: str, deletes: int
) -> None:
    body = f"""
      {happens}
      const fault = await m.negotiate(peer, '/whip/cam').catch((error) => error);
      await harness.settle();
      return [fault.name, requests.filter(({{method}}) => method === 'DELETE').length];
    """
    assert await run("net/sdp-session", NEGOTIATION + body) == [name, deletes]


async def test_ending_a_session_of_a_server_that_is_gone_is_quiet(run: Run) -> None:
    body = """
      const requests = harness.network(() => null);
      await m.endSession('/whip/cam/s1', 'secret');
      await m.endSession('/whip/cam/s2');
      return requests.map(({method, headers}) => [method, headers.Authorization ?? '']);
    """
    assert await run("net/sdp-session", body) == [["DELETE", "Bearer secret"], ["DELETE", ""]]


FOLLOWED = """
  const clock = harness.clock();
  const peer = new harness.FakePeer();
  peer.addTransceiver('video');
  const told = [];
  m.followConnection(peer, {
    connected: () => told.push('connected'),
    lost: (fault) => told.push(`${fault} at ${clock.now - 1000}`),
  });
  const answered = () => (peer.remoteDescription = {});
"""


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        pytest.param("await clock.advance(60000)", ["late at 8000"], id="no answer"),
        pytest.param("answered(); await clock.advance(60000)", ["ice at 8000"], id="no media"),
        pytest.param(
            "answered(); peer.iceConnectionState = 'connected'; await clock.advance(60000)",
            ["dtls at 8000"],
            id="no key",
        ),
        pytest.param(
            "answered(); peer.transport.state = 'failed'; peer.become('failed')",
            ["dtls at 0"],
            id="key refused",
        ),
        pytest.param(
            "answered(); peer.become('connecting'); peer.become('connected');"
            "await clock.advance(60000)",
            ["connected"],
            id="stands",
        ),
        pytest.param(
            "answered(); peer.become('connected'); peer.become('disconnected');"
            "await clock.advance(3999); peer.become('connected'); await clock.advance(60000)",
            ["connected"],
            id="recovers",
        ),
        pytest.param(
            "answered(); peer.become('connected'); peer.become('disconnected');"
            "await clock.advance(60000)",
            ["connected", "broken at 4000"],
            id="does not recover",
        ),
        pytest.param(
            "answered(); peer.become('connected'); await clock.advance(500); peer.hearGoodbye();"
            "peer.become('failed')",
            ["connected", "closed at 500"],
            id="goodbye, said once",
        ),
        pytest.param(
            "answered(); peer.become('connected'); peer.close(); peer.become('closed')",
            ["connected"],
            id="closed by ourselves",
        ),
        pytest.param("peer.close(); await clock.advance(60000)", [], id="closed before"),
    ],
)
async def test_a_connection_is_told_once_when_it_stands_and_once_when_it_is_lost(
    run: Run, happens: str, told: list[str]
) -> None:
    body = FOLLOWED + happens + "; return told;"
    assert await run("net/sdp-session", body) == told
