"""Renditions and their logs, as the API and the metrics tell of them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.app import coding
from tests.app.http.answers import check_problem
from tests.app.http.conftest import Site
from tests.app.http.test_api import beat, get
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import publishing, until, watching
from tests.app.webrtc.offer_texts import offer
from tests.records import enhanced
from wire import keys
from wire.connection import command
from wire.heartbeat import Heartbeats, RenditionWork, WorkerBeat

UNITS = coding.h264(98, 54, 10)
PATH, ROUTE = "/api/v1/streams/cam1", "/api/v1/streams/{stream}"
VP8 = RenditionWork(
    name="enhanced-vp8",
    codec="vp8",
    watched=True,
    width=196,
    height=108,
    fps=29.97,
    kbps=801.5,
    frames=90,
    key_frames=1,
    encoded=90,
    refined=60,
    left_out=3,
    encode_ms=4.66,
)


def busy(epoch: int, *renditions: RenditionWork, reason: str = "") -> WorkerBeat:
    """A worker that makes these renditions."""
    plain = beat("cam1", epoch)
    work = msgspec.structs.replace(
        plain.streams[0],
        renditions=list(renditions),
        bad_entries=2,
        bad_messages=1,
        replayed=11,
        stale_units=3,
        reason=reason,
    )
    return msgspec.structs.replace(plain, streams=[work])


async def shown(site: Site) -> dict[str, dict[str, Any]]:
    stream = await get(site, PATH, ROUTE)
    return {rendition["name"]: rendition for rendition in stream["renditions"]}


async def test_a_viewer_who_lacks_the_codec_is_told_why_he_waits(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        async with watching(Http(site, "/whep/cam1"), "video", codec="VP8"):
            found = (await shown(site))["enhanced-vp8"]
            assert (found["codec"], found["viewers"], found["frames"]) == ("vp8", 1, 0)
            assert found["reason"] == "No worker is running."
            record = await enhanced(site.redis)
            assert set(record.watched) == {"vp8"}
            # A worker that makes no such rendition has the stream.
            await Heartbeats(site.redis).beat(beat("cam1", record.epoch))
            assert (await shown(site))["enhanced-vp8"][
                "reason"
            ] == "The worker does not make VP8 yet."
            # One that must not decode it, which it says.
            why = "2 times the worker that decoded this stream ended or failed."
            await Heartbeats(site.redis).beat(busy(record.epoch, reason=why))
            assert (await shown(site))["enhanced-vp8"]["reason"] == why
            await Heartbeats(site.redis).beat(busy(record.epoch, VP8))
            found = (await shown(site))["enhanced-vp8"]
        assert found["reason"] == ""
        assert (found["width"], found["height"], found["fps"]) == (196, 108, 29.97)
        assert (found["frames"], found["encoded"], found["left_out"]) == (90, 90, 3)
        assert found["refined"] == 60
        assert found["encode_ms"] == 4.66


async def test_renditions_that_nobody_wants_are_not_listed(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        unwatched = msgspec.structs.replace(VP8, watched=False)
        record = await enhanced(site.redis)
        await Heartbeats(site.redis).beat(busy(record.epoch, unwatched))
        assert list(await shown(site)) == ["source", "enhanced"]
        # What its log holds yet, after its viewers left, may be of another net.
        old = msgspec.structs.replace(unwatched, name="enhanced", width=294, height=162)
        await Heartbeats(site.redis).beat(busy(record.epoch, old))
        usual = (await shown(site))["enhanced"]
        assert (usual["width"], usual["height"]) == (196, 108)
        # Viewers of another app keep it alive.
        await Heartbeats(site.redis).beat(busy(record.epoch, VP8))
        found = await shown(site)
        assert list(found) == ["source", "enhanced", "enhanced-vp8"]
        assert (found["enhanced-vp8"]["viewers"], found["enhanced-vp8"]["reason"]) == (0, "")


async def test_logs_and_renditions_are_counted_in_metrics(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        async with watching(Http(site, "/whep/cam1"), "video", codec="VP8") as viewer:
            assert viewer.received["video"].packets == []
            for key in (keys.log("cam1", "enhanced-vp8"), keys.feedback("cam1")):
                await command(site.redis, "XADD", key, "*", "m", "nonsense")
            await Heartbeats(site.redis).beat(busy(5, VP8))

            async def value(name: str, **labels: str) -> float:
                text = (await site.client.get("/metrics")).text
                samples = [s for f in text_string_to_metric_families(text) for s in f.samples]
                found = [
                    s for s in samples if s.name == name and labels.items() <= s.labels.items()
                ]
                return sum(sample.value for sample in found)

            await until(lambda: [t for t in site.node.readers.all() if t.bad_entries])
            await until(
                lambda: [p for p in site.node.publishers.ingest_sessions() if p.bad_messages]
            )
            here = {"stream": "cam1", "rendition": "enhanced-vp8"}
            assert await value("sharpcast_entries_refused_total", **here) == 1
            assert await value("sharpcast_messages_refused_total", stream="cam1") == 1
            assert await value("sharpcast_rendition_frames_total", **here) == 90
            assert await value("sharpcast_rendition_encoded_total", **here) == 90
            assert await value("sharpcast_rendition_left_out_total", **here) == 3
            assert await value("sharpcast_rendition_refined_total", **here) == 60
            assert await value("sharpcast_lead_refused_total", what="entries") == 2
            assert await value("sharpcast_lead_refused_total", what="messages") == 1
            assert await value("sharpcast_lead_refused_total", what="stale units") == 3
            assert await value("sharpcast_lead_replayed_total", stream="cam1") == 11
            assert await value("sharpcast_units_repeated_total", **here) == 0
            assert await value("sharpcast_viewers", **here) == 1
            assert await value("sharpcast_viewer_stalls") == 0
            assert await value("sharpcast_units_skipped_total", **here) == 0


@pytest.mark.parametrize("codec", ["AV1", "H265"])  # the source is none of them
async def test_who_can_decode_nothing_is_refused_with_the_names_of_codecs(
    site: Site, codec: str
) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        sdp = offer("chromium_play")
        for name in ("H264", "VP8", "VP9", "AV1"):
            sdp = sdp.replace(f" {name}/90000", f" {codec if name == 'AV1' else 'unused'}/90000")
        response = await site.post_offer("/whep/cam1", sdp)
        check_problem(response, 422)
        assert "H.264" in response.json()["detail"] and "VP8" in response.json()["detail"]
        assert site.node.viewers.counts("cam1") == {} and site.node.readers.all() == []


async def test_a_viewer_of_vp9_alone_is_refused_what_has_no_vp9(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        sdp = offer("chromium_play").replace(" H264/", " unused/").replace(" VP8/", " unused/")
        response = await site.post_offer("/whep/cam1", sdp)
        check_problem(response, 422)
        expected = "The stream can be had as H.264 or VP8, and the offer has none of them."
        assert response.json()["detail"] == expected


async def test_sound_alone_needs_no_rendition_of_the_picture(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        async with watching(Http(site, "/whep/cam1"), "audio") as viewer:
            await until(lambda: viewer.received["audio"].packets)
            assert [reader.rendition for reader in site.node.readers.all()] == [keys.SOURCE]
