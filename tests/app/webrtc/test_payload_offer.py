"""``payload_offer.py``: which payload types are taken, and in which order."""

from __future__ import annotations

import pytest

from app.errors import BadOffer
from app.webrtc.payload_offer import TRANSPORT_CC, Payload, choose_payloads, without_feedback
from app.webrtc.sdp_description import Section, parse_description


def section(formats: str, *lines: str, kind: str = "video") -> Section:
    text = f"v=0\r\nm={kind} 9 UDP/TLS/RTP/SAVPF {formats}\r\n"
    return parse_description(text + "".join(f"a={line}\r\n" for line in lines)).sections[0]


def taken(formats: str, *lines: str, publishes: bool = True, kind: str = "video") -> list[Payload]:
    return list(choose_payloads(section(formats, *lines, kind=kind), publishes=publishes))


def numbers(formats: str, *lines: str, publishes: bool = True) -> list[int]:
    return [payload.number for payload in taken(formats, *lines, publishes=publishes)]


def test_the_media_line_says_what_is_offered_and_preferred() -> None:
    lines = ("rtpmap:96 VP8/90000", "rtpmap:97 H264/90000", "rtpmap:98 VP8/90000")
    assert numbers("97 96", *lines) == [97, 96]


def test_vp9_and_its_retransmission_go_behind_the_others() -> None:
    lines = (
        "rtpmap:98 vp9/90000",
        "rtpmap:99 RTX/90000",
        "fmtp:99 apt=98;rtx-time=200",
        "rtpmap:96 vp8/90000",
        "rtpmap:97 rtx/90000",
        "fmtp:97 apt=96",
    )
    assert numbers("98 99 96 97", *lines) == [96, 97, 98, 99]


@pytest.mark.parametrize("number", [64, 72, 76, 95, 128, 200])
def test_numbers_that_look_like_rtcp_are_left(number: int) -> None:
    with pytest.raises(BadOffer):
        taken(str(number), f"rtpmap:{number} VP8/90000")


@pytest.mark.parametrize("number", [35, 63, 96, 127])
def test_dynamic_numbers_are_taken(number: int) -> None:
    assert numbers(str(number), f"rtpmap:{number} VP8/90000") == [number]


@pytest.mark.parametrize(
    "apt", ["fmtp:97 apt=98", "fmtp:97 apt=", "fmtp:97 x=1", "fmtp:97 apt=9999999999", "x"]
)
def test_a_retransmission_of_nothing_is_left(apt: str) -> None:
    assert numbers("96 97", "rtpmap:96 VP8/90000", "rtpmap:97 rtx/90000", apt) == [96]


@pytest.mark.parametrize(
    "modes,published,played",
    [
        (("packetization-mode=1",), [96], [96]),
        (("packetization-mode=0",), [96], None),
        (("packetization-mode=2",), None, None),
        (("profile-level-id=42e01f",), [96], [96]),
        (("packetization-mode=0", "packetization-mode=1"), [96, 97], [97]),
        (("profile-level-id=42e01f", "packetization-mode=1"), [96, 97], [97]),
        ((" Packetization-Mode = 1 ",), [96], [96]),
    ],
)
def test_h264_is_taken_as_it_can_be_unpacked_and_is_sent(
    modes: tuple[str, ...], published: list[int] | None, played: list[int] | None
) -> None:
    lines = [
        x for n, m in enumerate(modes, 96) for x in (f"rtpmap:{n} H264/90000", f"fmtp:{n} {m}")
    ]
    formats = " ".join(str(96 + n) for n in range(len(modes)))
    for publishes, expected in ((True, published), (False, played)):
        if expected is None:
            with pytest.raises(BadOffer) as caught:
                taken(formats, *lines, publishes=publishes)
            assert caught.value.status == 422
        else:
            assert numbers(formats, *lines, publishes=publishes) == expected


def test_the_payload_types_of_a_codec_stand_in_its_own_order_in_their_places() -> None:
    lines = ["rtpmap:97 VP8/90000", "rtpmap:100 rtx/90000", "fmtp:100 apt=99"]
    for number, profile in ((96, "42e01f"), (98, "4d001f"), (99, "f4001f")):
        lines.append(f"rtpmap:{number} H264/90000")
        lines.append(f"fmtp:{number} packetization-mode=1;profile-level-id={profile}")
    # What is sent as H.264 goes under the first of its numbers: one that allows the High profile.
    assert numbers("96 97 98 99 100", *lines, publishes=False) == [99, 97, 96, 98, 100]
    assert numbers("96 97 98 99 100", *lines) == [96, 97, 98, 99, 100]


def test_feedback_for_all_payload_types_holds_for_each() -> None:
    found = taken(
        "96 98",
        "rtpmap:96 VP8/90000",
        "rtpmap:98 VP9/90000",
        "rtcp-fb:* nack",
        "rtcp-fb:96  nack  pli",
        "rtcp-fb:98 ccm fir",
        "rtcp-fb:x goog-remb",
    )
    assert [payload.feedback for payload in found] == [("nack", "nack pli"), ("nack",)]


@pytest.mark.parametrize("name", ["rtpmap", "fmtp"])
def test_two_meanings_of_one_number_are_refused(name: str) -> None:
    lines = ["rtpmap:96 VP8/90000", "rtpmap:96 H264/90000", "fmtp:96 a=1", "fmtp:96 a=2"]
    kept = [line for line in lines if line != ("fmtp:96 a=2" if name == "rtpmap" else lines[1])]
    with pytest.raises(BadOffer, match=f"a={name} for payload type 96"):
        taken("96", *kept)
    assert numbers("96", lines[0], lines[0]) == [96]


@pytest.mark.parametrize("line", ["opus/48000/2", "OPUS/48000/2", "opus/48000"])
def test_opus_is_answered_with_two_channels(line: str) -> None:
    (payload,) = taken("111 0", f"rtpmap:111 {line}", kind="audio")
    assert payload.rtpmap() == "111 opus/48000/2"


@pytest.mark.parametrize("line", ["G722/8000", "multiopus/48000/6", "opus/16000", "red/48000/2"])
def test_other_sound_is_refused(line: str) -> None:
    with pytest.raises(BadOffer, match="Opus") as caught:
        taken("111", f"rtpmap:111 {line}", kind="audio")
    assert caught.value.status == 422


def test_transport_wide_feedback_is_for_both_directions() -> None:
    lines = ("rtpmap:96 VP8/90000", "rtcp-fb:* transport-cc", "rtcp-fb:* nack")
    (published,) = taken("96", *lines)
    assert published.feedback == ("nack", "transport-cc")
    (played,) = taken("96", *lines, publishes=False)
    assert played.feedback == ("nack", "transport-cc")
    (sound,) = taken("111", "rtpmap:111 opus/48000/2", "rtcp-fb:111 transport-cc", kind="audio")
    assert sound.feedback == ("transport-cc",)


def test_one_kind_of_feedback_can_be_taken_away() -> None:
    found = taken("96", "rtpmap:96 VP8/90000", "rtcp-fb:* transport-cc", "rtcp-fb:* nack")
    (left,) = without_feedback(found, TRANSPORT_CC)
    assert left.feedback == ("nack",)
    assert left.number == 96
