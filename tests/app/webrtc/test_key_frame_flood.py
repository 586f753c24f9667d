"""A viewer that asks for key frames without end, from its packets to the publisher."""

from __future__ import annotations

import asyncio
import time

from app.rtp.key_frame_pace import INTERVAL_S
from tests.app.peers import until
from tests.app.webrtc.relay import UNITS, Relay

PER_S = 1000
SECONDS = 1.2


async def test_a_thousand_requests_a_second_make_two_key_frames_a_second() -> None:
    relay = Relay()
    await relay.publisher.start(relay.publish)
    await relay.viewer.start(relay.play)
    feeding = asyncio.get_running_loop().create_task(relay.publisher.run(UNITS), name="feed")
    try:
        await until(lambda: relay.got)
        receiver = relay.viewer.receiver("video")
        ssrc = relay.viewer.received["video"].packets[0].ssrc
        asked, began, sent = relay.publisher.key_frames_asked, time.monotonic(), 0
        while (passed := time.monotonic() - began) < SECONDS:
            while sent < passed * PER_S:
                await receiver._send_rtcp_pli(ssrc)
                sent += 1
            await asyncio.sleep(0.005)
        # What came to the server may be answered a moment later.
        await asyncio.sleep(0.05)
        passed = time.monotonic() - began
        assert sent >= PER_S
        assert 1 <= relay.publisher.key_frames_asked - asked <= 1 + passed / INTERVAL_S
        assert relay.ends == []
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        await relay.close()
