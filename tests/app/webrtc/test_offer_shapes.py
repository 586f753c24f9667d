"""The offers of real clients, each with what its answer must hold.

``offers/`` has their shapes, made from the standards and from what clients' authors publish.
"""

from __future__ import annotations

import dataclasses

import pytest

from app.errors import BadOffer
from app.webrtc.sdp_offer import check_play_offer, check_publish_offer
from tests.app.webrtc.answer_rules import bundle, check_legal, parts
from tests.app.webrtc.conftest import Answer
from tests.app.webrtc.offer_texts import PLAYERS, PUBLISHERS, offer

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"


@dataclasses.dataclass(frozen=True)
class Held:
    """What an answer must hold."""

    bundle: str
    video: str
    "Codecs of the video section in their order, without repetitions and retransmissions."
    setup: str = "active"
    "A client that leaves the DTLS role to us waits for our hello."
    layers: str = ""
    extensions: tuple[str, ...] = ()
    "Extensions of the video section that must be there."
    start_rate: bool = True


SHAPES = {
    # OBS 30: one transport at session level, no header extensions.
    "obs": Held("0 1", "h264"),
    # OBS 31: extensions are offered with one layer too; AV1 by name.
    "obs_av1": Held("0 1", "av1", extensions=(MID,)),
    # OBS 32.1 counts the layers in the answer, and fails unless all are taken.
    "obs_simulcast": Held("0 1", "h264", layers="2;1;0", extensions=(MID, RID)),
    "obs_simulcast_four": Held("0 1", "h264", layers="0;1;2;3", extensions=(MID, RID)),
    # FFmpeg waits for our hello, or sends its own with the flag dtls_active.
    "ffmpeg": Held("0 1", "h264"),
    "ffmpeg_active": Held("0 1", "h264", setup="passive"),
    # An encoder in a box: High, parameter sets in the description, DTLS client alone, video first.
    "hardware_publish": Held("v a", "h264", setup="passive"),
    "larix_publish": Held("video audio", "h264"),
    "gstreamer_publish": Held("video0 audio1", "h264"),
    "chromium_publish": Held("0 1", "vp8 h264 vp9 av1", extensions=(MID, SEND_TIME)),
    "chromium_simulcast": Held(
        "0", "vp8 h264 vp9 av1", layers="h;m;l", extensions=(MID, RID, SEND_TIME)
    ),
    "firefox_publish": Held("0 1", "vp8 h264 vp9 av1", extensions=(MID, SEND_TIME)),
    "safari_publish": Held("0 1", "h264 vp8", extensions=(MID, SEND_TIME)),
    "max_bundle_publish": Held("0 1", "vp8", extensions=(MID,)),
    "chromium_play": Held("0 1", "vp8 h264 vp9 av1", extensions=(MID, SEND_TIME), start_rate=False),
    "firefox_play": Held("0 1", "vp8 h264 vp9 av1", extensions=(MID,), start_rate=False),
    "gstreamer_play": Held("video0 audio1", "h264", start_rate=False),
    "safari_play": Held("0 1", "h264 vp8", extensions=(MID,), start_rate=False),
}

REFUSED = {"obs_hevc": (422, "H.264")}
"""Offers that cannot be answered: the status, and a word of the sentence that says what can."""


def test_every_shape_is_described() -> None:
    assert set(SHAPES) == {*PUBLISHERS, *PLAYERS}


@pytest.mark.parametrize("name", SHAPES)
async def test_the_answer_holds_what_the_client_needs(name: str, answer: Answer) -> None:
    held, is_player = SHAPES[name], name in PLAYERS
    check = check_play_offer if is_player else check_publish_offer
    text = await answer(check(offer(name)))
    check_legal(offer(name), text, direction="sendonly" if is_player else "recvonly")
    session, sections = parts(text)
    assert bundle(session) == held.bundle.split()
    (video,) = (section for section in sections if section.kind == "video")
    codecs = [encoding.split("/")[0] for encoding in video.maps.values()]
    assert list(dict.fromkeys(c for c in codecs if c != "rtx")) == held.video.split()
    assert video.one("setup") == held.setup
    assert video.one("simulcast") == (f"recv {held.layers}" if held.layers else "")
    assert set(held.extensions) <= set(video.extensions.values())
    assert ("x-google-start-bitrate" in text) is held.start_rate
    for section in sections:
        assert section.port
        # FFmpeg takes the first candidate of the answer alone, and it must be of UDP.
        assert section.all("candidate")[0].split()[2].lower() == "udp"
        if section.kind == "audio":
            assert [e.split("/")[0] for e in section.maps.values()] == ["opus"]


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_taken_is_refused_with_what_can(name: str) -> None:
    status, word = REFUSED[name]
    with pytest.raises(BadOffer) as caught:
        check_publish_offer(offer(name))
    assert caught.value.status == status
    assert word in caught.value.detail
