"""The whole path without a browser: other publishers, other receivers, changes on the way."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from benchmarks import viewer
from benchmarks.server import RunningServer, publishing
from tests.e2e.conftest import SMALL, until_watched
from tests.e2e.publisher import Picture, publish

pytestmark = [pytest.mark.e2e]


def test_ffmpegs_whip_muxer_publishes_and_two_viewers_cost_one_encode(
    server: RunningServer,
) -> None:
    with publishing(f"{server.url}/whip/muxer", *SMALL):
        server.until_enhancing("muxer")
        enhanced = [viewer.start(f"{server.url}/whep/muxer", 60) for _ in range(2)]
        source = viewer.start(f"{server.url}/whep/muxer?rendition=source", 60)
        until_watched(server, "muxer", viewers=3)
        before = server.stream("muxer")
        time.sleep(1.5)
        after = server.stream("muxer")
        until_watched(server, "muxer", viewers=3, frames=20)
        reports = [viewer.stop(process) for process in (*enhanced, source)]
    assert before is not None
    assert after is not None
    assert after["viewers"] == 3
    # One encode per frame, whoever watches: the worker's frames grow with time, not viewers.
    frames = after["frames"]["out"] - before["frames"]["out"]
    assert frames <= 1.5 * 15 + 12
    for report in reports[:2]:
        assert report["sizes"] == [[320, 180]]
        assert report["distinct_numbers"] > 30
    assert reports[2]["sizes"] == [[160, 90]]


def test_the_first_viewer_is_served_at_once_and_nobody_costs_nothing(
    server: RunningServer,
) -> None:
    with publishing(f"{server.url}/whip/alone", *SMALL):
        server.until(
            "idle", lambda: server.until_enhancing("alone")["enhancement"]["state"] == "idle"
        )
        watching = viewer.start(f"{server.url}/whep/alone", 60)
        until_watched(server, "alone", frames=30)
        report = viewer.stop(watching)
        assert report["first_s"]["video"] < 2.0
        assert report["sizes"] == [[320, 180]]

        def is_idle() -> bool:
            view = server.stream("alone")
            return bool(view and view["enhancement"]["state"] == "idle")

        server.until("nobody watches any more", is_idle, 15.0)
        # What was under way is counted a moment later.
        time.sleep(1.0)
        before = (server.stream("alone") or {})["frames"]
        time.sleep(1.0)
        assert (server.stream("alone") or {})["frames"] == before


def test_a_viewer_joins_at_the_last_key_frame(server: RunningServer) -> None:
    with publishing(f"{server.url}/whip/joins", *SMALL):
        server.until_enhancing("joins")
        for _ in range(2):
            watching = viewer.start(f"{server.url}/whep/joins", 60)
            until_watched(server, "joins", frames=20)
            report = viewer.stop(watching)
            server.until("that it left", lambda: (server.stream("joins") or {})["viewers"] == 0)
    # In CI the viewer's own start-up shares the cores; the bench measures the 500 ms.
    assert report["first_s"]["video"] < 1.5


async def test_size_changes_mid_stream(server: RunningServer) -> None:
    def is_larger() -> bool:
        view = server.stream("resized")
        return view is not None and bool(view["renditions"][1]["width"] == 400)

    async def work(track: Picture) -> None:
        await asyncio.to_thread(server.until_enhancing, "resized")
        watching = viewer.start(f"{server.url}/whep/resized", 60)
        await asyncio.to_thread(until_watched, server, "resized", frames=30)
        number, track.size = track.number, (200, 112)
        await asyncio.to_thread(server.until, "the new size", is_larger)
        await asyncio.to_thread(until_watched, server, "resized", frames=30)
        report = await asyncio.to_thread(viewer.stop, watching)
        assert report["sizes"] == [[320, 180], [400, 224]]
        assert report["last_number"] > number + 20

    url = f"{server.url}/whip/resized"
    await publish(url, mime="video/H264", size=(160, 90), fps=15, work=work)


async def test_vp8_is_accepted_and_comes_out_as_h264(server: RunningServer) -> None:
    async def work(track: Picture) -> None:
        view = await asyncio.to_thread(server.until_enhancing, "vp8")
        assert view["source"]["codec"] == "vp8"
        process = viewer.start(f"{server.url}/whep/vp8", 60)
        await asyncio.to_thread(until_watched, server, "vp8", frames=40)
        report = await asyncio.to_thread(viewer.stop, process)
        assert report["sizes"] == [[320, 180]]
        assert report["distinct_numbers"] > 20

    await publish(f"{server.url}/whip/vp8", mime="video/VP8", size=(160, 90), fps=15, work=work)


def test_an_operator_switches_enhancement_off_and_on(server: RunningServer) -> None:
    with publishing(f"{server.url}/whip/switch", *SMALL):
        server.until_enhancing("switch")
        assert server.request("PATCH", "/api/v1/streams/switch", {"enhance": False}) == 200

        def state() -> str:
            view = server.stream("switch")
            return str(view["enhancement"]["state"]) if view else ""

        server.until("off", lambda: state() == "off")
        assert server.request("PATCH", "/api/v1/streams/switch", {"enhance": True}) == 200
        server.until("on again", lambda: state() == "idle")
        watching = viewer.start(f"{server.url}/whep/switch", 60)
        server.until("enhancing", lambda: state() == "enhancing")
        until_watched(server, "switch", frames=20)
        assert viewer.stop(watching)["sizes"] == [[320, 180]]
        assert server.request("PATCH", "/api/v1/streams/switch", {"model": "nothing"}) == 400
        assert server.request("DELETE", "/api/v1/streams/switch") == 204
        server.until("the end", lambda: server.stream("switch") is None)


def test_a_second_publisher_takes_over_and_the_first_is_told(server: RunningServer) -> None:
    address = f"{server.url}/whip/twice"
    with publishing(address, *SMALL) as first:
        server.until("the stream", lambda: server.is_live("twice"))
        with publishing(address, *SMALL) as second:
            words, _ = first.communicate(timeout=30)
            assert first.returncode == 1
            assert b"The server ended the session" in words
            server.until("the stream again", lambda: server.is_live("twice"))
            assert second.poll() is None


def test_a_publisher_that_vanishes_is_noticed_within_five_seconds(server: RunningServer) -> None:
    with publishing(f"{server.url}/whip/vanishes", *SMALL) as process:
        server.until("the stream", lambda: server.is_live("vanishes"))
        os.killpg(process.pid, signal.SIGKILL)  # neither DELETE nor goodbye is sent
        began = time.monotonic()

        def is_away() -> bool:
            view = server.stream("vanishes")
            return view is None or view["state"] == "away"

        server.until("its absence", is_away, 10.0)
        assert time.monotonic() - began < 5.3
