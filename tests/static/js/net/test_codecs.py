"""The order in which codecs are offered (``net/codecs.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_codecs_are_offered_in_the_order_of_the_table(run: Run) -> None:
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
    assert await run("net/codecs", body) == [6, 5, 3, 2, 0, 1, 4]


async def test_codecs_that_are_not_named_keep_the_browsers_order(run: Run) -> None:
    body = """
      const names = ['video/rtx', 'video/AV1', 'video/red', 'video/H265', 'video/ulpfec'];
      const order = (list) => m.preferredCodecs(list.map((mimeType) => ({mimeType})))
        .map((codec) => codec.mimeType);
      return [order(names).join() === names.join(), order([...names, 'VIDEO/vp8'])[0], order([])];
    """
    assert await run("net/codecs", body) == [True, "VIDEO/vp8", []]


async def test_ordering_loses_and_adds_no_codec_and_leaves_the_list_alone(run: Run) -> None:
    body = """
      const known = RTCRtpSender.getCapabilities('video').codecs;
      const before = [...known];
      const ordered = m.preferredCodecs(known);
      return [ordered.length === known.length, known.every((codec) => ordered.includes(codec)),
        known.every((codec, index) => codec === before[index])];
    """
    assert await run("net/codecs", body) == [True, True, True]


async def test_the_codecs_of_renditions_are_those_that_can_be_encoded(run: Run) -> None:
    from media.codec_table import ENCODED

    encoded = [one.name for one in ENCODED]
    assert await run("net/codecs", "return Object.keys(m.ENCODED_CODECS);") == encoded


async def test_only_sound_of_one_or_two_channels_is_found(run: Run) -> None:
    body = """
      const lines = ['a=rtpmap:111 opus/48000/2', 'a=rtpmap:63 red/48000/2', 'a=rtpmap:9 G722/8000',
        'a=rtpmap:99 OPUS/48000/2', 'a=rtpmap:98 multiopus/48000/6', ' a=rtpmap:1 opus/48000/2'];
      return [...lines.join('\\r\\n').matchAll(m.STEREO_RTPMAP)].map((match) => match[1]);
    """
    assert await run("net/codecs", body) == ["111", "99"]
