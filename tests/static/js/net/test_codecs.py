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
