"""Modules without a document, run in the page."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page

from tests.static.fakes import FakeServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

Json = Any


async def run(page: Page, server: FakeServer, module: str, body: str) -> Json:
    """The value of `body`, in which `m` is the module."""
    await page.goto(server.url + "/static/favicon.svg")
    return await page.evaluate(
        f"async () => {{ const m = await import('/static/js/{module}.js'); {body} }}"
    )


MATCHER = """
  const closed = [];
  const matcher = new m.FrameMatcher(3, (frame) => closed.push(frame));
  const offer = (side, rtp) => matcher.offer(side, rtp, side[0] + rtp);
"""


async def test_frames_with_the_same_stamp_make_a_pair(page: Page, server: FakeServer) -> None:
    body = """
      offer('source', 10); offer('source', 20); offer('source', 30);
      const pair = offer('enhanced', 20);
      return [pair, closed, matcher.matched, matcher.dropped, matcher.held, matcher.lastRtp];
    """
    pair, closed, matched, dropped, held, last = await run(
        page, server, "media/frame-matcher", MATCHER + body
    )
    assert pair == {"rtp": 20, "source": "s20", "enhanced": "e20"}
    assert closed == ["s10"]
    assert (matched, dropped, held, last) == (1, {"source": 1, "enhanced": 0}, 1, 20)


async def test_the_ring_is_bounded_and_every_frame_is_closed_once(
    page: Page, server: FakeServer
) -> None:
    body = """
      for (const rtp of [1, 2, 3, 4, 5]) offer('source', rtp);
      const held = matcher.held;
      offer('enhanced', 5);
      offer('enhanced', 4); offer('source', 5);
      offer('source', 6); offer('source', 6);
      matcher.reset();
      return [held, closed, matcher.held];
    """
    held, closed, after = await run(page, server, "media/frame-matcher", MATCHER + body)
    assert held == 3
    assert closed == ["s1", "s2", "s3", "s4", "e4", "s5", "s6", "s6"]
    assert after == 0


async def test_stamps_wrap_around_and_a_new_time_line_starts_over(
    page: Page, server: FakeServer
) -> None:
    body = """
      const top = 2 ** 32 - 1000;
      offer('source', top); offer('enhanced', top);
      offer('source', 2000);
      const wrapped = offer('enhanced', 2000) !== null;
      offer('source', 900000000);
      const jumped = offer('enhanced', 900000000) !== null;
      return [m.rtpDistance(2000, top), wrapped, jumped, closed];
    """
    answer = await run(page, server, "media/frame-matcher", MATCHER + body)
    assert answer == [3000, True, True, []]


async def test_rates_come_from_two_reports(page: Page, server: FakeServer) -> None:
    body = """
      const report = (at, bytes, frames, delay, emitted) => [
        { id: 'a', type: 'inbound-rtp', kind: 'audio', timestamp: at, bytesReceived: 1 },
        { id: 'c', mimeType: 'video/H264' },
        { type: 'candidate-pair', nominated: false, currentRoundTripTime: 9 },
        { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.012 },
        { type: 'inbound-rtp', kind: 'video', codecId: 'c', timestamp: at, bytesReceived: bytes,
          framesDecoded: frames, jitterBufferDelay: delay, jitterBufferEmittedCount: emitted,
          frameWidth: 960, frameHeight: 540, packetsLost: 2 },
      ];
      const meter = new m.StatsMeter('inbound-rtp');
      const first = meter.read(report(1000, 5000, 10, 1, 10));
      return [first, meter.read(report(2000, 105000, 40, 1.6, 40)), meter.read([])];
    """
    first, second, none = await run(page, server, "media/stats", body)
    assert (first["fps"], first["kbps"], first["delayMs"]) == (None, None, None)
    assert (second["fps"], second["kbps"], second["rttMs"]) == (30, 800, 12)
    assert second["delayMs"] == pytest.approx(20)
    assert (second["codec"], second["width"], second["lost"]) == ("H264", 960, 2)
    assert none is None


async def test_a_location_keeps_its_path_and_gets_our_origin(
    page: Page, server: FakeServer
) -> None:
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
    urls, fault = await run(page, server, "net/sdp-session", body)
    assert urls == [
        "https://live.example/whip/a/s1?x=1",
        "https://live.example/whip/a/s2",
        "https://live.example/whip/s3",
        "https://live.example/some/where/whip/a/s4",
        "https://live.example/some/where/whip/a/s5",
    ]
    assert "Location" in fault


async def test_codecs_are_offered_in_the_order_of_the_table(page: Page, server: FakeServer) -> None:
    body = """
      const codecs = [
        { mimeType: 'video/AV1' }, { mimeType: 'video/VP9', sdpFmtpLine: 'profile-id=2' },
        { mimeType: 'video/VP9', sdpFmtpLine: 'profile-id=0' }, { mimeType: 'video/VP8' },
        { mimeType: 'video/H264', sdpFmtpLine: 'packetization-mode=0;profile-level-id=42e01f' },
        { mimeType: 'video/H264', sdpFmtpLine: 'packetization-mode=1;profile-level-id=42001f' },
        { mimeType: 'video/H264', sdpFmtpLine: 'packetization-mode=1;profile-level-id=42e01f' },
      ];
      return m.preferredCodecs(codecs).map((c) => codecs.indexOf(c));
    """
    assert await run(page, server, "net/codecs", body) == [6, 5, 3, 2, 0, 1, 4]


async def test_pictures_are_only_made_smaller(page: Page, server: FakeServer) -> None:
    body = """
      const box = { width: 480, height: 270 };
      return [[1920, 1080], [320, 180], [1280, 800], [1080, 1920], [0, 0]]
        .map(([width, height]) => m.downscale({ width, height }, box));
    """
    factors = await run(page, server, "net/whip", body)
    assert factors == pytest.approx([4, 1, 800 / 270, 4, 1])


async def test_retry_after_takes_seconds_and_dates(page: Page, server: FakeServer) -> None:
    body = """
      const now = Date.parse('Thu, 01 Jan 2026 00:00:00 GMT');
      return ['3', 'Thu, 01 Jan 2026 00:00:05 GMT', 'soon', '', null]
        .map((value) => m.parseRetryAfter(value, now));
    """
    assert await run(page, server, "net/api", body) == [3000, 5000, None, None, None]


async def test_an_event_out_of_place_throws_and_waits_grow(page: Page, server: FakeServer) -> None:
    body = """
      const machine = new m.StateMachine({ a: { go: 'b' }, b: {} }, 'a');
      machine.on('go');
      let fault = '';
      try { machine.on('go'); } catch (error) { fault = error.message; }
      const backoff = new m.Backoff(500, 3000);
      const waits = [1, 1, 1, 0, 1].map((chance) => backoff.next(9000, chance));
      return [fault, waits, backoff.next(800, 1)];
    """
    fault, waits, short = await run(page, server, "net/state-machine", body)
    assert fault == '"go" means nothing in state "b"'
    assert waits == [500, 1000, 2000, 1500, 3000]
    assert short == 800


async def test_the_card_says_what_the_situation_is(page: Page, server: FakeServer) -> None:
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
    titles, ended, none, retrying = await run(page, server, "ui/watch-card", body)
    assert titles == [
        "Connecting…",
        "Not live yet",
        "Waiting for the first picture…",
        "Trying again…",
        "The connection failed",
    ]
    assert (ended, none) == ("The stream has ended", None)
    assert (retrying["text"], retrying["when"]) == ("Lost.", "Trying again in 2 s.")


async def test_a_style_is_said_in_words(page: Page, server: FakeServer) -> None:
    words = await run(
        page, server, "ui/format", "return [0, 0.004, 0.35, 0.55, 1].map(m.styleWords);"
    )
    assert words == ["faithful", "faithful", "35 % crisp", "55 % crisp", "crisp"]


async def test_a_reason_becomes_a_sentence(page: Page, server: FakeServer) -> None:
    body = "return ['the file is gone', 'It is gone.', ''].map(m.sentence);"
    assert await run(page, server, "ui/format", body) == ["The file is gone.", "It is gone.", ""]


async def test_a_moved_value_is_sent_when_the_hand_rests_or_lets_go(
    page: Page, server: FakeServer
) -> None:
    body = """
      const held = new m.OptimisticValue(0);
      held.move(0.1, 1000); held.move(0.2, 1200);
      const early = held.take(1300);
      const rested = held.take(1450);
      held.move(0.3, 1500);
      const busy = [held.dueAt, held.take(2000)];
      held.answered(true, 2000);
      held.settle();
      return [early, rested, busy, held.take(2000), held.take(2000), held.shown];
    """
    answer = await run(page, server, "ui/optimistic-value", body)
    assert answer == [None, 0.2, [None, None], 0.3, None, 0.3]


async def test_what_others_set_is_shown_but_not_under_the_hand(
    page: Page, server: FakeServer
) -> None:
    body = """
      const held = new m.OptimisticValue(0);
      const shown = [];
      const hear = (value, at) => { held.hear(value, at); shown.push(held.shown); };
      hear(0.5, 0);
      held.grab(); hear(0.6, 100); held.drop(); hear(0.6, 200);
      held.move(0.9, 1000); hear(0.6, 1100);
      held.take(2000); hear(0.6, 2100);
      held.answered(true, 2200); hear(0.6, 2300); hear(0.7, 4000);
      return shown;
    """
    shown = await run(page, server, "ui/optimistic-value", body)
    assert shown == [0.5, 0.5, 0.6, 0.9, 0.9, 0.9, 0.7]


async def test_a_refused_value_gives_way_to_the_server_s(page: Page, server: FakeServer) -> None:
    body = """
      const held = new m.OptimisticValue(0.4);
      held.move(0.9, 0); held.take(300); held.answered(false, 400);
      const refused = held.shown;
      held.move(0.8, 500); held.take(800); held.move(0.7, 900); held.answered(false, 1000);
      return [refused, held.shown, held.take(1200)];
    """
    assert await run(page, server, "ui/optimistic-value", body) == [0.4, 0.7, 0.7]


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
async def test_offers_ask_for_both_channels_of_opus(
    lines: str, changed: str, page: Page, server: FakeServer
) -> None:
    text = lines.replace("|", "\\r\\n") + "\\r\\n"
    found = await run(page, server, "net/sdp-session", f"return m.withStereo('{text}');")
    assert found == changed.replace("|", "\r\n") + "\r\n"
