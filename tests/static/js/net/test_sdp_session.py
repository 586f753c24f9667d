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
