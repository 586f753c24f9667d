"""``viewer_session.py``: what a session keeps of the offer that made it."""

from __future__ import annotations

import pytest

from app.delivery.playback_session import PlaybackSession
from app.delivery.rendition_choice import PlayRequest
from app.delivery.rtp_fanout import RtpFanout
from app.delivery.viewer_session import ViewerSession
from app.ice.refusals import Refusals
from app.streams.rendition_reader import RenditionReader
from app.webrtc.ice_patch import IceTags
from app.webrtc.sdp_offer import check_play_offer
from app.webrtc.shared_timer import SharedTimer
from app.webrtc.viewer_connection import ViewerConnection, ViewerEvents
from tests.app.delivery.test_viewers import SOUND_ALONE
from tests.app.webrtc.offer_texts import offer
from wire import keys
from wire.connection import Redis


def session(client: Redis, sdp: str, *, adapts: bool = False) -> ViewerSession:
    """A session of this offer, whose playback and connection are never started."""
    checked = check_play_offer(sdp)
    request = None
    if "video" in checked.kinds:
        of = (keys.ENHANCED, True, checked.codecs, checked.whole_codecs, adapts)
        request = PlayRequest(*of)
    reader = RenditionReader(client, "cam1", keys.SOURCE)
    fanout = RtpFanout(reader, on_end=lambda _: None)
    playback = PlaybackSession(fanout, fanout, fallback=True, has_audio=True)
    events = ViewerEvents(
        on_connected=lambda: None, on_key_frame_needed=lambda: None, on_end=lambda _: None
    )
    peer = ViewerConnection(events, rtp_offset=0, refusals=Refusals(), timer=SharedTimer())
    return ViewerSession("cam1", 7, playback, peer, request, "192.0.2.7", IceTags("s"), checked)


@pytest.mark.parametrize("adapts", [False, True])
async def test_who_leaves_the_choice_to_the_connection_is_adapted(
    redis_client: Redis, adapts: bool
) -> None:
    made = session(redis_client, offer("chromium_play"), adapts=adapts)
    assert (made.adapted is not None) == adapts
    assert made.asked == keys.ENHANCED
    await made.peer.close()


async def test_events_and_layers_are_of_the_video(redis_client: Redis) -> None:
    made = session(redis_client, offer("chromium_play"))
    assert made.layers.place == "1"
    assert made.events.open(()).media == "1"
    await made.peer.close()


async def test_a_viewer_of_sound_asked_for_no_rendition(redis_client: Redis) -> None:
    made = session(redis_client, SOUND_ALONE)
    assert (made.asked, made.adapted, made.layers.place) == ("", None, "")
    assert made.events.open(()).media == ""
    await made.peer.close()
