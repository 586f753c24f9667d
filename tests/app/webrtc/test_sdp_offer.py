"""``sdp_offer.py``: which offers are refused, with which sentence, and how they are resolved."""

from __future__ import annotations

import re
import time

import pytest

from app.errors import AppError, BadOffer, BodyTooLarge
from app.webrtc.extension_map import TRANSPORT_NUMBER
from app.webrtc.payload_offer import TRANSPORT_CC
from app.webrtc.sdp_description import MAX_LINES, MAX_OFFER_BYTES
from app.webrtc.sdp_offer import check_play_offer, check_publish_offer
from app.webrtc.transport_offer import MAX_CANDIDATES
from tests.app.webrtc.offer_texts import (
    PLAYERS,
    PUBLISHERS,
    offer,
    only,
    publish_codec,
    publish_h264,
    publish_vp9,
    without,
)


def refusal(sdp: str, *, play: bool = False) -> BadOffer:
    with pytest.raises(BadOffer) as caught:
        (check_play_offer if play else check_publish_offer)(sdp)
    detail = caught.value.detail
    assert detail[0].isupper()
    assert detail.endswith(".")
    return caught.value


# What is refused.


@pytest.mark.parametrize(
    "sdp",
    [
        "",
        "\r\n",
        "hello",
        '{"type": "offer"}',
        "v=1\r\n",
        "v=0\r\nnot a line\r\n",
        "v=0\r\nm=video\r\n",
        "v=0\r\n=x\r\n",
        "\x00",
        "v=0",
    ],
)
@pytest.mark.parametrize("play", [False, True])
def test_garbage_is_a_bad_request(sdp: str, play: bool) -> None:
    assert refusal(sdp, play=play).status == 400


@pytest.mark.parametrize(
    "old,new",
    [
        ("a=mid:", "a=mid:\u00e9"),
        ("a=group:BUNDLE ", "a=group:BUNDLE \u00e9 "),
        ("a=ice-ufrag:", "a=ice-ufrag:\u00e9"),
        ("a=rtpmap:", "a=rtpmap:\u0661"),
    ],
)
@pytest.mark.parametrize("play", [False, True])
def test_what_matters_must_be_ascii(old: str, new: str, play: bool) -> None:
    sdp = offer("chromium_play" if play else "chromium_publish")
    error = refusal(sdp.replace(old, new), play=play)
    assert error.status == 400
    assert "not ASCII" in error.detail


def test_text_that_means_nothing_here_may_be_of_any_script() -> None:
    sdp = offer("chromium_publish").replace("a=rtcp-mux", "a=label:\u00e9\r\na=rtcp-mux")
    assert check_publish_offer(sdp) == check_publish_offer(offer("chromium_publish"))


@pytest.mark.parametrize(
    "prefix,word",
    [
        ("a=fingerprint:", "fingerprint"),
        ("a=ice-ufrag:", "user name"),
        ("a=ice-pwd:", "password"),
        ("a=mid:", "mid"),
        ("m=", "no audio and no video"),
    ],
)
@pytest.mark.parametrize("name", ["obs", "ffmpeg", "chromium_publish"])
def test_what_a_connection_needs_must_be_there(name: str, prefix: str, word: str) -> None:
    error = refusal(without(offer(name), prefix))
    if prefix == "m=":
        return
    assert error.status == 400
    assert word in error.detail


def test_the_transport_is_that_of_the_first_section_of_the_bundle() -> None:
    head, audio, video = offer("ffmpeg").split("\r\nm=")
    bare = without(video, "a=fingerprint:").replace("a=ice-ufrag:9b2f41c8", "a=ice-ufrag:other")
    checked = check_publish_offer("\r\nm=".join([head, audio, bare]))
    assert checked.transport.ufrag == "9b2f41c8"
    head = head.replace("BUNDLE 0 1", "BUNDLE 1 0")
    assert "no DTLS fingerprint" in refusal("\r\nm=".join([head, audio, bare])).detail


@pytest.mark.parametrize("direction", ["recvonly", "inactive"])
def test_a_publisher_must_send(direction: str) -> None:
    error = refusal(offer("obs").replace("a=sendonly", f"a={direction}"))
    assert (error.status, direction in error.detail) == (422, True)


@pytest.mark.parametrize("direction", ["sendonly", "inactive"])
def test_a_viewer_must_receive(direction: str) -> None:
    error = refusal(offer("chromium_play").replace("a=recvonly", f"a={direction}"), play=True)
    assert (error.status, direction in error.detail) == (422, True)


def test_a_direction_of_the_whole_session_counts() -> None:
    sdp = without(offer("obs"), "a=sendonly").replace("t=0 0", "t=0 0\r\na=recvonly")
    assert refusal(sdp).status == 422


def test_sendrecv_is_taken_from_both() -> None:
    check_publish_offer(offer("obs").replace("a=sendonly", "a=sendrecv"))
    check_play_offer(without(offer("chromium_play"), "a=recvonly"))


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_one_section_of_a_kind_is_the_most(kind: str) -> None:
    sdp = offer("obs")
    extra = only(sdp, kind).split("\r\nm=", 1)[1]
    error = refusal(sdp + "m=" + re.sub("a=mid:.", "a=mid:7", extra))
    assert (error.status, f"more than one {kind}" in error.detail) == (422, True)


def test_a_data_channel_is_not_answered() -> None:
    sdp = offer("chromium_play") + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n"
    assert refusal(sdp, play=True).status == 422


def test_a_publisher_without_video_is_refused() -> None:
    assert refusal(only(offer("obs"), "audio")).status == 422


def test_a_mid_belongs_to_one_section() -> None:
    assert refusal(offer("obs").replace("a=mid:1", "a=mid:0")).status == 400


def test_two_hundred_sections_are_too_many() -> None:
    sections = "".join(f"m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:{n}\r\n" for n in range(200))
    error = refusal("v=0\r\n" + sections)
    assert (error.status, "more than 8" in error.detail) == (400, True)


@pytest.mark.parametrize(
    "group",
    ["", "a=group:BUNDLE 0", "a=group:BUNDLE 0 2", "a=group:BUNDLE", "a=group:BUNDLE 1 0 5"],
)
def test_all_sections_must_share_one_transport(group: str) -> None:
    # RFC 9725 section 4.4: max-bundle.
    sdp = without(offer("obs"), "a=group:BUNDLE").replace("t=0 0", f"t=0 0\r\n{group}".rstrip())
    assert refusal(sdp).status == 422


def test_a_single_section_needs_no_group() -> None:
    sdp = only(without(offer("obs"), "a=group:"), "video")
    assert check_publish_offer(sdp).kinds == ("video",)


@pytest.mark.parametrize(
    ("mid", "said"),
    [
        ("m" * 65, "65 characters; 64 are the most"),
        ("m" * 100, "100 characters; 64 are the most"),
        ("a,b", "'a,b' is malformed"),
    ],
)
def test_the_fault_of_a_mid_is_told(mid: str, said: str) -> None:
    for sdp in (offer("obs"), without(only(offer("obs"), "video"), "a=group:")):
        error = refusal(sdp.replace("BUNDLE 0 1", f"BUNDLE 0 {mid}").replace("mid:1", f"mid:{mid}"))
        assert (error.status, said in error.detail) == (400, True), error.detail
    fits = "m" * 64
    sdp = offer("obs").replace("BUNDLE 0 1", f"BUNDLE 0 {fits}").replace("mid:1", f"mid:{fits}")
    assert check_publish_offer(sdp).sections[1].mid == fits


def test_a_section_with_two_mids_is_refused() -> None:
    sdp = (
        offer("obs").replace("a=mid:0", "a=mid:0\r\na=mid:1").replace("a=mid:1\r\na=send", "a=send")
    )
    assert refusal(sdp).status == 400


# Candidates.


def test_names_tcp_and_broken_candidates_are_not_looked_at() -> None:
    bad = [
        "a=candidate:1 1 udp 1 f81d4fae.local 9 typ host",
        "a=candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype active",
        "a=candidate:",
        "a=candidate:1 1 udp",
        "a=candidate:1 x udp 1 192.0.2.1 9 typ host",
        f"a=candidate:{'f' * 99} 1 udp 1 192.0.2.1 9 typ host",
        "a=candidate:1 1 udp 1 internal.example 9 typ host",
        "a=candidate:1 1 udp 1 192.0.2.1 99999 typ host",
        "a=candidate:1 1 udp 1 192.0.2.1 0 typ host",
    ]
    good = "1 1 udp 1 192.0.2.1 9 typ host"
    lines = "".join(line + "\r\n" for line in [*bad, f"a=candidate:{good} generation 0"])
    sdp = without(only(offer("obs"), "video"), "a=candidate:") + lines
    assert check_publish_offer(sdp.replace("BUNDLE 0 1", "BUNDLE 1")).transport.candidates == (
        good,
    )


def test_thousands_of_candidates_are_cut() -> None:
    line = "a=candidate:1 1 udp 1 192.0.2.1 {} typ host\r\n"
    sdp = only(offer("ffmpeg"), "video").replace("BUNDLE 0 1", "BUNDLE 1")
    sdp += "".join(line.format(n + 1) for n in range(2500))
    assert len(check_publish_offer(sdp).transport.candidates) == MAX_CANDIDATES


def test_the_end_of_candidates_is_not_the_end() -> None:
    """Whoever offers mDNS names only has said that no other candidates will come."""
    checked = check_play_offer(offer("firefox_play"))
    assert checked.transport.candidates == ()


# What is resolved.


@pytest.mark.parametrize("name", PUBLISHERS)
def test_offers_in_the_shape_of_real_publishers_are_taken(name: str) -> None:
    assert "video" in check_publish_offer(offer(name)).kinds


@pytest.mark.parametrize("name", PLAYERS)
def test_offers_in_the_shape_of_real_players_are_taken(name: str) -> None:
    assert set(check_play_offer(offer(name)).kinds) == {"audio", "video"}


@pytest.mark.parametrize("name", PUBLISHERS)
@pytest.mark.parametrize("place", ["nowhere", "session"])
def test_a_direction_may_stand_in_the_session_part_or_nowhere(name: str, place: str) -> None:
    sdp = without(without(offer(name), "a=sendonly"), "a=sendrecv")
    if place == "session":
        sdp = sdp.replace("t=0 0", "t=0 0\r\na=sendonly")
    assert check_publish_offer(sdp) == check_publish_offer(offer(name))


def test_the_direction_of_a_section_counts_before_that_of_the_session() -> None:
    sdp = offer("obs").replace("t=0 0", "t=0 0\r\na=inactive")
    assert check_publish_offer(sdp).publishes


def test_two_directions_are_refused() -> None:
    assert "direction" in refusal(offer("obs").replace("a=mid:1", "a=mid:1\r\na=recvonly")).detail


def test_sections_without_attributes_of_their_own_take_those_of_the_bundle() -> None:
    head, audio, video = offer("ffmpeg").split("\r\nm=")
    for prefix in ("a=ice-", "a=fingerprint", "a=setup", "a=rtcp-mux"):
        video = without(video, prefix)
    video = video.replace("video 9", "video 0").replace("a=mid:1", "a=mid:1\r\na=bundle-only")
    checked = check_publish_offer("\r\nm=".join([head, audio, video]))
    whole = check_publish_offer(offer("ffmpeg"))
    assert (checked.transport, checked.kinds) == (whole.transport, ("audio", "video"))


@pytest.mark.parametrize("name", ["ffmpeg", "chromium_publish", "firefox_publish"])
def test_transport_attributes_may_stand_in_the_session_part(name: str) -> None:
    lines = offer(name).split("\r\n")
    prefixes = ("a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup")
    moved = dict.fromkeys(line for line in lines if line.startswith(prefixes))
    kept = [line for line in lines if not line.startswith(prefixes)]
    at = kept.index("t=0 0") + 1
    sdp = "\r\n".join([*kept[:at], *moved, *kept[at:]])
    assert check_publish_offer(sdp).transport == check_publish_offer(offer(name)).transport


def test_without_a_dtls_role_the_offerer_connects() -> None:
    # RFC 4145 section 4.
    assert check_publish_offer(without(offer("obs"), "a=setup")).transport.setup == "active"


@pytest.mark.parametrize("role,status", [("holdconn", 422), ("", 400), ("server", 400)])
def test_an_odd_dtls_role_is_refused(role: str, status: int) -> None:
    sdp = offer("obs").replace("a=setup:actpass", f"a=setup:{role}" if role else "a=setup:x y")
    assert refusal(sdp).status == status


def test_a_disabled_section_is_kept_apart() -> None:
    # RFC 3264 section 5.1: port 0 outside the bundle, as for a recycled section.
    extra = "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n"
    checked = check_publish_offer(offer("obs") + extra)
    assert checked.kinds == ("audio", "video")
    assert [section.is_used for section in checked.sections] == [True, True, False]
    first = offer("chromium_play").replace("m=audio 9", "m=audio 0")
    first = first.replace("BUNDLE 0 1", "BUNDLE 1")
    assert check_play_offer(first).kinds == ("video",)


def test_what_has_no_shared_rtcp_port_is_refused() -> None:
    error = refusal(without(offer("obs"), "a=rtcp-mux"))
    assert (error.status, "rtcp-mux" in error.detail) == (422, True)


@pytest.mark.parametrize(
    "protocol,taken",
    [
        ("UDP/TLS/RTP/SAVP", True),
        ("TCP/TLS/RTP/SAVPF", True),
        ("RTP/SAVPF", True),
        ("UDP/DTLS/SCTP", False),
        ("RTP/XVP", False),
        ("udptl", False),
    ],
)
def test_profiles_are_those_of_jsep(protocol: str, taken: bool) -> None:
    sdp = offer("obs").replace("UDP/TLS/RTP/SAVPF", protocol)
    if taken:
        assert check_publish_offer(sdp).sections[0].protocol == protocol
    else:
        assert (refusal(sdp).status, protocol in refusal(sdp).detail) == (422, True)


def test_a_single_section_needs_no_mid() -> None:
    sdp = without(without(only(offer("obs"), "video"), "a=group:"), "a=mid:")
    checked = check_publish_offer(sdp)
    assert (checked.bundle, checked.sections[0].mid) == ((), "")


def test_a_payload_type_of_two_sections_is_refused() -> None:
    sdp = re.sub(r"\b111\b", "96", offer("obs"))
    assert "Payload type 96" in refusal(sdp).detail


@pytest.mark.parametrize("codec", ["H265", "VVC"])
def test_a_publisher_of_other_codecs_alone_is_refused(codec: str) -> None:
    error = refusal(publish_codec(codec))
    assert (error.status, "VP8" in error.detail) == (422, True)


def test_av1_of_another_profile_is_refused() -> None:
    error = refusal(publish_codec("AV1") + "a=fmtp:96 level-idx=5;profile=1;tier=0\r\n")
    assert (error.status, "AV1 of the Main profile" in error.detail) == (422, True)


@pytest.mark.parametrize("profile", ["1", "2", "3", "00", "x", ""])
def test_vp9_of_another_profile_is_refused(profile: str) -> None:
    error = refusal(publish_vp9(f"profile-id={profile}"))
    assert (error.status, "VP9 of profile 0" in error.detail) == (422, True)


@pytest.mark.parametrize(
    ("player", "has_high"),
    [("chromium_play", True), ("firefox_play", False), ("gstreamer_play", True)],
)
def test_an_offer_says_who_decodes_the_high_profile(player: str, has_high: bool) -> None:
    found = check_play_offer(offer(player))
    assert "h264" in found.codecs and ("h264" in found.whole_codecs) is has_high
    assert found.codecs - {"h264"} <= found.whole_codecs <= found.codecs


def test_interleaved_h264_is_refused() -> None:
    # RFC 6184 section 6.4: mode 2 has other packets, which are not read here.
    assert refusal(publish_h264("packetization-mode=2")).status == 422


@pytest.mark.parametrize("name,play", [("obs", False), ("chromium_play", True)])
def test_sound_that_is_not_opus_is_refused(name: str, play: bool) -> None:
    """What an answer accepts is delivered, and only Opus is."""
    error = refusal(re.sub(r"opus/48000/2", "G722/8000", offer(name)), play=play)
    assert (error.status, "Opus" in error.detail) == (422, True)


def test_a_player_of_mode_0_alone_is_told_so() -> None:
    sdp = offer("gstreamer_play") + "\r\n"
    sdp = sdp.replace("a=rtpmap:103", "a=fmtp:103 packetization-mode=0\r\na=rtpmap:103")
    error = refusal(sdp.strip() + "\r\n", play=True)
    assert (error.status, "packetization mode 1" in error.detail) == (422, True)


# Bounds.


def biggest(line: str) -> str:
    head = only(offer("ffmpeg"), "video").replace("BUNDLE 0 1", "BUNDLE 1")
    count = min((MAX_OFFER_BYTES - len(head)) // len(line + "\r\n"), MAX_LINES - 40)
    return head + (line + "\r\n") * count


HEAVY = [
    "a=candidate:1 1 udp 1 192.0.2.1 9 typ host",
    "a=candidate:1 1 udp 1 f81d4fae.local 9 typ host",
    "a=rtpmap:96 H264/90000",
    "a=fmtp:96 " + "a=b;" * 30,
    "a=fmtp:96 " + ";" * 4000,
    "a=rtcp-fb:* nack",
    "a=extmap:1 urn:x",
    "a=ssrc:1 cname:x",
    "a=rid:1 send pt=" + "1," * 200,
    "a=fingerprint:sha-256 " + ":".join(["00"] * 32),
    "a=x",
    "b=AS:1",
]


@pytest.mark.parametrize("line", HEAVY)
def test_the_largest_offer_is_read_within_20_ms(line: str) -> None:
    sdp = biggest(line)
    took = []
    for _ in range(5):
        began = time.thread_time()
        try:
            check_publish_offer(sdp)
        except AppError as error:
            assert error.status in (400, 413, 422)
        took.append(time.thread_time() - began)
    assert min(took) < 0.02, took


def test_an_offer_may_not_be_larger_than_its_limits() -> None:
    with pytest.raises(BodyTooLarge):
        check_publish_offer(offer("obs") + "a=x" * MAX_OFFER_BYTES)
    error = refusal(offer("obs") + "a=x\r\n" * MAX_LINES)
    assert (error.status, str(MAX_LINES) in error.detail) == (400, True)


# Transport-wide congestion control.


def numbered(sdp: str, *, play: bool = False) -> dict[str, tuple[bool, bool]]:
    """(has the extension, has the feedback) by kind of section."""
    found = check_play_offer(sdp, measures_path=True) if play else check_publish_offer(sdp)
    return {
        section.kind: (
            TRANSPORT_NUMBER in {extension.uri for extension in section.extensions},
            any(TRANSPORT_CC in payload.feedback for payload in section.payloads),
        )
        for section in found.used
    }


def test_a_browser_that_publishes_numbers_all_its_packets() -> None:
    both = (True, True)
    assert numbered(offer("chromium_publish")) == {"audio": both, "video": both}
    assert numbered(offer("chromium_simulcast"))["video"] == both


def test_one_that_watches_takes_them_too_unless_nobody_makes_use_of_its_feedback() -> None:
    text = offer("chromium_play")
    assert numbered(text, play=True)["video"] == (True, True)
    without = check_play_offer(text)
    for section in without.used:
        assert TRANSPORT_NUMBER not in {extension.uri for extension in section.extensions}
        assert not any(TRANSPORT_CC in payload.feedback for payload in section.payloads)
        assert any("nack" in payload.feedback for payload in section.payloads) or (
            section.kind == "audio"
        )


@pytest.mark.parametrize("lacking", ["a=extmap:3 ", "a=rtcp-fb:"])
def test_numbers_and_feedback_go_together(lacking: str) -> None:
    found = numbered(without(offer("chromium_publish"), lacking))
    assert set(found.values()) == {(False, False)}


def test_obs_knows_neither() -> None:
    assert set(numbered(offer("obs")).values()) == {(False, False)}
