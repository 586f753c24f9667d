"""Publishing by WHIP (``net/whip.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_pictures_are_only_made_smaller(run: Run) -> None:
    body = """
      const box = { width: 480, height: 270 };
      return [[1920, 1080], [320, 180], [1280, 800], [1080, 1920], [0, 0]]
        .map(([width, height]) => m.downscale({ width, height }, box));
    """
    factors = await run("net/whip", body)
    assert factors == pytest.approx([4, 1, 800 / 270, 4, 1])


PUBLISHER = """
  harness.clock();
  const peers = harness.peers();
  let answer = () => [201, 'v=0', {Location: '/whip/cam/s1'}];
  const requests = harness.network((method) => (method === 'DELETE' ? [200] : answer()));
  const picture = {width: 960, height: 540};
  const video = {kind: 'video', getSettings: () => picture};
  const sounds = [{kind: 'audio', id: 1}, {kind: 'audio', id: 2}];
  const media = {getVideoTracks: () => [video], getAudioTracks: () => sounds};
  const publisher = new m.WhipPublisher({endpoint: '/whip/cam', token: 'secret', iceServers: [],
    maxKbps: 800, maxFps: 30, size: {width: 480, height: 270}});
  const asked = () => requests.map(({method, path}) => `${method} ${path}`);
"""


async def test_one_sound_and_the_picture_are_offered_and_sent_only(run: Run) -> None:
    body = """
      await publisher.start(media);
      return [peers[0].transceivers.map((one) => [one.what.kind, one.what.id, one.init.direction]),
        requests[0].headers.Authorization, publisher.answered];
    """
    transceivers, token, answered = await run("net/whip", PUBLISHER + body)
    assert transceivers == [["audio", 1, "sendonly"], ["video", None, "sendonly"]]
    assert token == "Bearer secret"
    assert answered is True


async def test_the_preferred_codec_is_offered_first(run: Run) -> None:
    body = """
      await publisher.start(media);
      const [heard, seen] = peers[0].transceivers;
      const known = RTCRtpSender.getCapabilities('video').codecs;
      return [heard.codecs === undefined, seen.codecs.length === known.length,
        seen.codecs[0].mimeType, seen.codecs[0].sdpFmtpLine];
    """
    untouched, all_there, mime, parameters = await run("net/whip", PUBLISHER + body)
    assert untouched and all_there
    assert mime == "video/H264" and "packetization-mode=1" in parameters


@pytest.mark.parametrize(
    "prefer",
    [
        "undefined",
        "() => { throw new DOMException('', 'InvalidModificationError'); }",
    ],
)
async def test_a_browser_that_cannot_order_codecs_publishes_all_the_same(
    run: Run, prefer: str
) -> None:
    body = f"""
      const add = peers[0].addTransceiver.bind(peers[0]);
      peers[0].addTransceiver = (...given) =>
        Object.assign(add(...given), {{setCodecPreferences: {prefer}}});
      await publisher.start(media);
      return publisher.answered;
    """
    assert await run("net/whip", PUBLISHER + body) is True


async def test_the_sender_gets_bitrate_rate_and_size(run: Run) -> None:
    body = """
      await publisher.start(media);
      return peers[0].transceivers[1].sender.applied;
    """
    assert await run("net/whip", PUBLISHER + body) == [
        {
            "degradationPreference": "maintain-resolution",
            "encodings": [
                {"maxBitrate": 800_000, "maxFramerate": 30, "scaleResolutionDownBy": 2},
            ],
        }
    ]


async def test_the_limit_of_the_answer_bounds_the_bitrate(run: Run) -> None:
    body = """
      const limited = ['v=0', 'm=audio 9 X 0', 'b=TIAS:9000', 'm=video 9 X 96', 'b=AS:525',
        'b=TIAS:500000', 'a=x'].join('\\r\\n');
      answer = () => [201, limited, {Location: '/whip/cam/s1'}];
      await publisher.start(media);
      return [peers[0].transceivers[1].sender.applied[0].encodings[0].maxBitrate,
        m.allowedBps(limited.replace('500000', '900000')), m.allowedBps('v=0') === Infinity];
    """
    assert await run("net/whip", PUBLISHER + body) == [500_000, 900_000, True]


async def test_the_size_is_fitted_again_only_where_the_picture_changed(run: Run) -> None:
    body = """
      await publisher.start(media);
      const {applied} = peers[0].transceivers[1].sender;
      const counts = [];
      for (const width of [960, 964, 1920]) {
        Object.assign(picture, {width, height: width * 9 / 16});
        await publisher.fit();
        counts.push(applied.length);
      }
      publisher.end();
      Object.assign(picture, {width: 4000, height: 2250});
      await publisher.fit();
      return [counts, applied.length, applied.at(-1).encodings[0].scaleResolutionDownBy];
    """
    assert await run("net/whip", PUBLISHER + body) == [[1, 1, 2], 2, 4]


async def test_a_fraction_of_the_box_is_sent_where_the_line_wants_it(run: Run) -> None:
    body = """
      const options = {endpoint: '/whip/cam', token: '', iceServers: [], maxKbps: 800, maxFps: 30,
        size: {width: 960, height: 540}, fraction: 0.5};
      const one = new m.WhipPublisher(options);
      await one.start(media);
      const {applied} = peers.at(-1).transceivers[1].sender;
      await one.fit();
      options.fraction = 1;
      await one.fit();
      return applied.map((given) => given.encodings[0].scaleResolutionDownBy);
    """
    assert await run("net/whip", PUBLISHER + body) == [2, 1]


async def test_a_refusal_of_the_server_is_thrown_and_loses_the_session(run: Run) -> None:
    body = """
      answer = () => [401, {detail: 'This needs the publish token.'}];
      const fault = await publisher.start(media).catch((error) => error);
      return [fault.status, fault.message, publisher.state, publisher.answered, asked()];
    """
    assert await run("net/whip", PUBLISHER + body) == [
        401, "This needs the publish token.", "lost", False, ["POST /whip/cam"],
    ]  # fmt: skip


async def test_a_session_ended_while_the_offer_is_under_way_leaves_nothing(run: Run) -> None:
    body = """
      const usual = answer;
      answer = () => { publisher.end(); return usual(); };
      await publisher.start(media);
      await harness.settle();
      return [publisher.state, publisher.answered, asked()];
    """
    assert await run("net/whip", PUBLISHER + body) == [
        "ended", False, ["POST /whip/cam", "DELETE /whip/cam/s1"],
    ]  # fmt: skip


async def test_a_connection_lost_while_the_offer_is_under_way_is_thrown(run: Run) -> None:
    body = """
      const usual = answer;
      answer = () => { peers[0].become('failed'); return usual(); };
      const fault = await publisher.start(media).catch((error) => error);
      await harness.settle();
      return [fault.name, fault.status, publisher.state, asked()];
    """
    assert await run("net/whip", PUBLISHER + body) == [
        "ApiError", 0, "lost", ["POST /whip/cam", "DELETE /whip/cam/s1"],
    ]  # fmt: skip


async def test_parameters_that_fail_after_the_end_are_not_a_fault(run: Run) -> None:
    body = """
      await publisher.start(media);
      const {sender} = peers[0].transceivers[1];
      const seen = [];
      sender.setParameters = async () => { throw new DOMException('', 'InvalidStateError'); };
      Object.assign(picture, {width: 1920, height: 1080});
      seen.push(await publisher.fit().catch((error) => error.name));
      Object.assign(picture, {width: 480, height: 270});
      sender.setParameters = async () => { publisher.end(); throw new DOMException('', 'X'); };
      seen.push(await publisher.fit().catch((error) => error.name) ?? 'quiet');
      return seen;
    """
    assert await run("net/whip", PUBLISHER + body) == ["InvalidStateError", "quiet"]
