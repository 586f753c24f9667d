"""``sdp_answer.py``: answers are legal against their offers, and say what will be delivered."""

from __future__ import annotations

import re

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import AppError
from app.ice.credentials import Credentials
from app.webrtc.peer import Peer
from app.webrtc.sdp_answer import OwnSource, OwnTransport, SendRates, write_answer, write_restart
from app.webrtc.sdp_offer import check_play_offer, check_publish_offer
from tests.app.webrtc.answer_rules import check_legal, parts
from tests.app.webrtc.conftest import Answer, add_tracks
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


def fmtp(answer_sdp: str) -> dict[int, str]:
    return {int(n): text for n, text in re.findall(r"a=fmtp:(\d+) (.*?)\r", answer_sdp)}


def candidates(sdp: str) -> list[str]:
    return [line for line in sdp.split("\r\n") if line.startswith("a=candidate:")]


# The rules.


@pytest.mark.parametrize("name", PUBLISHERS)
async def test_answers_to_publishers_are_legal(name: str, answer: Answer) -> None:
    sdp = await answer(check_publish_offer(offer(name)))
    check_legal(offer(name), sdp, direction="recvonly")
    assert len(sdp) < 8192  # FFmpeg's limit
    for section in sdp.split("\r\nm=")[1:]:
        assert "\r\na=rtcp-mux\r\na=rtcp-mux-only\r\n" in section
        assert "127.0.0.1" in section


@pytest.mark.parametrize("name", PLAYERS)
async def test_answers_to_players_are_legal(name: str, answer: Answer) -> None:
    sdp = await answer(check_play_offer(offer(name)))
    check_legal(offer(name), sdp, direction="sendonly")
    for section in parts(sdp)[1]:
        assert section.one("msid")
        assert section.all("ssrc")


@pytest.mark.parametrize(
    "change", ["no mid", "disabled", "other profile", "sendrecv", "bundle 1 0"]
)
async def test_answers_to_odd_offers_are_legal(change: str, answer: Answer) -> None:
    sdp = offer("obs")
    if change == "no mid":
        sdp = without(without(only(sdp, "video"), "a=group:"), "a=mid:")
    elif change == "disabled":
        head, *rest = sdp.split("\r\nm=")
        off = "application 0 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:x"
        sdp = "\r\nm=".join([head, off, *rest])
    elif change == "other profile":
        sdp = sdp.replace("UDP/TLS/RTP/SAVPF", "RTP/SAVPF")
    elif change == "sendrecv":
        sdp = without(sdp, "a=sendonly")
    else:
        sdp = sdp.replace("BUNDLE 0 1", "BUNDLE 1 0")
    text = await answer(check_publish_offer(sdp))
    check_legal(sdp, text, direction="recvonly")
    ports = [section.port for section in parts(text)[1]]
    assert (0 in ports) == (change == "disabled")


async def test_payload_types_below_96_are_answered_under_their_own_number(answer: Answer) -> None:
    """Chromium's 39 is H.264, Safari's 35 too; aiortc would answer them by numbers of its own."""
    for name, number in (("chromium_publish", 39), ("safari_publish", 35)):
        sdp = await answer(check_publish_offer(offer(name)))
        assert f"a=rtpmap:{number} H264/90000\r\n" in sdp
        assert fmtp(sdp)[number].startswith(fmtp(offer(name))[number])


async def test_only_opus_is_accepted_for_sound(answer: Answer) -> None:
    sdp = await answer(check_publish_offer(offer("chromium_publish")))
    assert set(parts(sdp)[1][0].maps.values()) == {"opus/48000/2"}


async def test_the_answerer_connects_unless_the_offerer_must(answer: Answer) -> None:
    assert "a=setup:active" in await answer(check_publish_offer(offer("obs")))
    silent = without(offer("obs"), "a=setup")
    assert "a=setup:passive" in await answer(check_publish_offer(silent))
    active = offer("obs").replace("actpass", "active")
    assert "a=setup:passive" in await answer(check_publish_offer(active))


async def test_an_answer_says_that_we_answer_checks_only(answer: Answer) -> None:
    for name in PUBLISHERS:
        sdp = await answer(check_publish_offer(offer(name)))
        session, sections = parts(sdp)
        assert {"a=ice-lite", "a=ice-options:trickle ice2"} <= set(session)
        for section in sections:
            assert len(section.all("fingerprint")) == 1
            assert section.one("fingerprint").startswith("sha-256 ")
            assert "a=end-of-candidates" in section.lines


@pytest.mark.parametrize("name", ["chromium_publish", "gstreamer_play"])
def test_a_restart_is_answered_by_a_fragment_of_the_same_transport(name: str) -> None:
    check = check_play_offer if name in PLAYERS else check_publish_offer
    checked = check(offer(name))
    candidate = "1 1 udp 1 192.0.2.1 9 typ host"
    text = write_restart(checked, Credentials("new+", "p" * 24), (candidate,))
    session, sections = parts("v=0\r\n" + text)
    assert {"a=ice-lite", "a=ice-options:trickle ice2"} <= set(session)
    [section] = sections
    assert (section.port, section.formats) == (9, ["0"])
    assert section.one("mid") == (checked.bundle or ("",))[0]
    assert (section.one("ice-ufrag"), section.one("ice-pwd")) == ("new+", "p" * 24)
    assert section.all("candidate") == [candidate]
    assert section.lines[-1] == "a=end-of-candidates"
    assert not section.all("fingerprint") + section.all("setup")


# Stereo.


@pytest.mark.parametrize(
    "offered,answered",
    [
        ("minptime=10;useinbandfec=1", "minptime=10;useinbandfec=1"),
        ("stereo=1;sprop-stereo=1", "stereo=1;sprop-stereo=1"),
        ("useinbandfec=1;stereo=1", "useinbandfec=1;stereo=1;sprop-stereo=1"),
        ("sprop-stereo=1", "sprop-stereo=1;stereo=1"),
        ("sprop-stereo=1; Stereo=1; usedtx=0", "sprop-stereo=1; Stereo=1; usedtx=0"),
        ("stereo=0;sprop-stereo=0", "stereo=0;sprop-stereo=0"),
    ],
)
@pytest.mark.parametrize("play", [False, True])
async def test_stereo_is_answered_where_it_is_offered(
    offered: str, answered: str, play: bool, answer: Answer
) -> None:
    name = "chromium_play" if play else "chromium_publish"
    sdp = re.sub(r"a=fmtp:111 .*", f"a=fmtp:111 {offered}\r", offer(name))
    checked = check_play_offer(sdp) if play else check_publish_offer(sdp)
    assert fmtp(await answer(checked))[111] == answered


async def test_stereo_of_obs_stays_stereo(answer: Answer) -> None:
    assert "stereo=1;sprop-stereo=1" in fmtp(await answer(check_publish_offer(offer("obs"))))[111]


# What clients send that is of no use, and what they send that others stumbled over.


async def test_rotation_is_left_to_the_sender(answer: Answer) -> None:
    """A browser turns pictures before coding where nobody takes the extension for it."""
    name = "urn:3gpp:video-orientation"
    assert name in offer("safari_publish")
    assert name not in await answer(check_publish_offer(offer("safari_publish")))


@pytest.mark.parametrize(
    "line",
    [
        "a=ssrc:2741008863 label:a:b:c",
        "a=ssrc:2741008863",
        "a=ssrc:x cname:y",
        "a=rtcp:9",
        "a=ssrc:99999999999 cname:y",
        "a=ssrc-group:FID x y",
        "a=msid-semantic:",
        "a=crypto:1 x",
        "a=rtcp-fb:111",
        "a=fmtp:111",
        "a=fmtp:126 ",
        "a=rtpmap:126",
        "a=extmap:1",
        "a=candidate:",
        "a=sctp-port:x",
        "a=max-message-size:x",
        "a=ptime:x",
        "a=imageattr:96 send *",
        "c=IN IP4 x",
        "b=x",
        "a=label:\u00e9",
        "i=\u65e5\u672c",
        "a=ice-options:",
        "a=rtcp:x IN IP9",
    ],
)
async def test_odd_lines_of_no_use_change_nothing(line: str, answer: Answer) -> None:
    sdp = offer("safari_publish").replace("a=mid:0\r\n", f"a=mid:0\r\n{line}\r\n")
    text = await answer(check_publish_offer(sdp))
    check_legal(sdp, text, direction="recvonly")


# Players.


async def test_gstreamer_gets_h264_without_saying_how_it_is_packed(answer: Answer) -> None:
    sdp = await answer(check_play_offer(offer("gstreamer_play")))
    assert "a=rtpmap:103 H264/90000\r\n" in sdp
    assert fmtp(sdp) == {}


async def test_firefox_is_shown_h264_of_mode_1_only(answer: Answer) -> None:
    sdp = await answer(check_play_offer(offer("firefox_play")))
    assert set(parts(sdp)[1][1].formats) == {
        *["120", "124", "126", "127", "121", "125", "99", "100"]
    }


# Simulcast.


@pytest.mark.parametrize(
    "name,layers", [("obs_simulcast", "2;1;0"), ("chromium_simulcast", "h;m;l")]
)
async def test_every_simulcast_layer_is_accepted(name: str, layers: str, answer: Answer) -> None:
    sdp = await answer(check_publish_offer(offer(name)))
    section = parts(sdp)[1][-1]
    assert section.one("simulcast") == f"recv {layers}"
    assert section.all("rid") == [f"{rid} recv" for rid in layers.split(";")]
    assert "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id" in section.extensions.values()


# Codecs.


async def test_ffmpeg_as_dtls_server_meets_a_dtls_client(answer: Answer) -> None:
    assert "a=setup:active" in await answer(check_publish_offer(offer("ffmpeg")))


async def test_a_browser_that_watches_gets_an_answer(answer: Answer) -> None:
    checked = check_play_offer(offer("chromium_play"))
    sdp = await answer(checked)
    assert [m.direction for m in SessionDescription.parse(sdp).media] == ["sendonly"] * 2
    assert "x-google-start-bitrate" not in sdp
    assert " VP8/90000" in sdp
    assert len({line for line in sdp.split("\r\n") if line.startswith("a=msid:")}) == 2
    assert len(set(re.findall(r"a=msid:(\S+) ", sdp))) == 1


async def test_a_viewer_gets_no_h264_that_we_would_not_send(answer: Answer) -> None:
    """Only packetization-mode 1 is sent (RFC 6184 section 6.3 needs the agreement of both)."""
    offered = fmtp(offer("chromium_play"))
    sdp = await answer(check_play_offer(offer("chromium_play")))
    h264 = {int(n) for n in re.findall(r"a=rtpmap:(\d+) H264/90000", sdp)}
    assert h264 == {n for n, text in offered.items() if "packetization-mode=1" in text}
    assert {n: text for n, text in fmtp(sdp).items() if n in h264} == {n: offered[n] for n in h264}


@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize(
    "profile", ["42001f", "42e01f", "42000d", "4d001f", "640032", "640c1f", "42C01E"]
)
async def test_each_h264_profile_can_be_published_and_is_repeated(
    profile: str, mode: int, answer: Answer
) -> None:
    parameters = f"profile-level-id={profile};packetization-mode={mode}"
    sdp = await answer(check_publish_offer(publish_h264(parameters)))
    assert fmtp(sdp)[96] == f"{parameters};x-google-start-bitrate=1500"


@pytest.mark.parametrize("parameters", ["", "sprop-parameter-sets=Z0IAHg==,aM4yyA=="])
async def test_h264_without_profile_and_mode_can_be_published(
    parameters: str, answer: Answer
) -> None:
    sdp = await answer(check_publish_offer(publish_h264(parameters)))
    assert "H264/90000" in sdp
    assert fmtp(sdp)[96].startswith(parameters)
    assert "profile-level-id" not in sdp


async def test_chromium_gets_a_start_bitrate_for_each_codec(answer: Answer) -> None:
    offered = fmtp(offer("chromium_publish"))
    answered = fmtp(await answer(check_publish_offer(offer("chromium_publish"))))
    assert answered[96] == "x-google-start-bitrate=1500"
    for number in (98, 103, 107, 109, 115, 117):
        assert answered[number] == f"{offered[number]};x-google-start-bitrate=1500"


@pytest.mark.parametrize("parameters", ["", "profile-id=0", "max-fr=30;profile-id=0"])
async def test_vp9_of_profile_0_can_be_published_and_is_repeated(
    parameters: str, answer: Answer
) -> None:
    sdp = await answer(check_publish_offer(publish_vp9(parameters)))
    assert "a=rtpmap:96 VP9/90000\r\n" in sdp
    assert fmtp(sdp)[96] == ";".join(filter(None, [parameters, "x-google-start-bitrate=1500"]))


def video_codecs(sdp: str) -> list[tuple[int, str]]:
    """Payload types and names of the video section, in its order."""
    section = sdp.split("\r\nm=video")[1]
    return [(int(n), name) for n, name in re.findall(r"a=rtpmap:(\d+) (\w+)/90000", section)]


async def test_obs_publishes_av1(answer: Answer) -> None:
    # OBS names no profile, level or tier: the Main profile is meant.
    sdp = await answer(check_publish_offer(publish_codec("AV1")))
    assert video_codecs(sdp) == [(96, "AV1")]
    assert "profile" not in fmtp(sdp).get(96, "")
    section = parts(sdp)[1][-1]
    assert section.all("rtcp-fb") == ["96 nack", "96 nack pli", "96 goog-remb"]


async def test_av1s_parameters_are_answered_as_offered(answer: Answer) -> None:
    offered = "level-idx=5;profile=0;tier=0"
    sdp = await answer(check_publish_offer(publish_codec("AV1") + f"a=fmtp:96 {offered}\r\n"))
    assert fmtp(sdp)[96].startswith(offered)


async def test_vp9_comes_behind_h264_and_vp8_with_its_retransmission(answer: Answer) -> None:
    # Chromium, with VP9 in front as ``setCodecPreferences`` puts it there.
    session, video = offer("chromium_publish").split("a=rtpmap:96 ")
    vp9 = re.findall(r"a=(?:rtpmap|fmtp):(?:98|99) .*\r\n", video)
    assert len(vp9) == 4
    for line in vp9:
        video = video.replace(line, "")
    sdp = session + "".join(vp9) + "a=rtpmap:96 " + video
    assert video_codecs(sdp)[:3] == [(98, "VP9"), (99, "rtx"), (96, "VP8")]
    found = video_codecs(await answer(check_publish_offer(sdp)))
    assert found[0] == (96, "VP8")
    assert found[-4:] == [(98, "VP9"), (99, "rtx"), (45, "AV1"), (46, "rtx")]
    assert 100 not in dict(found)  # profile 2


async def test_a_viewer_gets_vp9_where_it_takes_profile_0(answer: Answer) -> None:
    checked = check_play_offer(offer("chromium_play"))
    assert {"h264", "vp8", "vp9", "opus"} <= checked.codecs
    sdp = await answer(checked)
    assert fmtp(sdp)[98] == "profile-id=0"
    assert 100 not in fmtp(sdp)


async def test_a_publisher_of_vp8_alone_is_taken(answer: Answer) -> None:
    assert "VP8/90000" in await answer(check_publish_offer(publish_codec("VP8")))


async def test_an_offer_without_candidates_is_answered(answer: Answer) -> None:
    sdp = without(offer("chromium_play"), "a=candidate:")
    assert candidates(await answer(check_play_offer(sdp)))


# Nothing an offer holds may raise anything else, or make an answer that is not legal.

ALL = (*PUBLISHERS, *PLAYERS)
LINES = sorted({line for name in ALL for line in offer(name).split("\r\n") if line})
WORDS = [
    "",
    "0",
    "-1",
    "99999999999",
    "x",
    "\u0663",
    "\x85",
    "96",
    "111",
    "~",
    ";",
    "1/2",
    "a" * 300,
]


def mangled(data: st.DataObject, name: str) -> str:
    """An offer with some lines dropped, copied, cut, swapped or garbled."""
    lines = offer(name).strip().split("\r\n")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        what = data.draw(st.sampled_from(["drop", "copy", "cut", "swap", "garble"]))
        if what == "drop" and len(lines) > 1:
            del lines[at]
        elif what == "copy":
            lines.insert(at, data.draw(st.sampled_from(LINES)))
        elif what == "cut":
            lines[at] = lines[at][: data.draw(st.integers(0, len(lines[at])))]
        elif what == "garble":
            words = re.split("([ :;=])", lines[at])
            words[data.draw(st.integers(0, len(words) - 1))] = data.draw(st.sampled_from(WORDS))
            lines[at] = "".join(words)
        else:
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
    return "\r\n".join(lines) + "\r\n"


SOURCES = {kind: OwnSource(1, 2, "cname", "stream", f"{kind}-track") for kind in ("audio", "video")}


def own(setup: str) -> OwnTransport:
    """Our end of the transport."""
    candidate = "1 1 udp 1 127.0.0.1 50000 typ host"
    credentials = Credentials("abcd", "0123456789012345678901")
    return OwnTransport(credentials, "sha-256 00", setup, (candidate,))


@given(data=st.data(), name=st.sampled_from(ALL), play=st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_mangled_offer_is_answered_legally_or_refused(
    data: st.DataObject, name: str, play: bool
) -> None:
    sdp = mangled(data, name)
    try:
        checked = check_play_offer(sdp) if play else check_publish_offer(sdp)
    except AppError as error:
        assert error.status in (400, 413, 422)
        assert error.detail.endswith(".")
        return
    role = {"active": "passive", "passive": "active"}.get(checked.transport.setup, "active")
    text = write_answer(checked, own(role), SOURCES if play else {}, rates=SendRates(9))
    check_legal(sdp, text, direction="sendonly" if play else "recvonly")


@given(data=st.data(), name=st.sampled_from(ALL), play=st.booleans())
@settings(max_examples=60, deadline=None)
async def test_a_mangled_offer_that_passes_gets_a_connection(
    data: st.DataObject, name: str, play: bool
) -> None:
    sdp = mangled(data, name)
    try:
        checked = check_play_offer(sdp) if play else check_publish_offer(sdp)
    except AppError:
        return
    peer = Peer(lambda state: None)
    try:
        add_tracks(peer, checked)
        text = await peer.answer(checked, rates=SendRates(1500))
        check_legal(sdp, text, direction="sendonly" if play else "recvonly")
    finally:
        await peer.close()


async def test_junk_among_the_offers_parameters_is_not_repeated(answer: Answer) -> None:
    text = offer("hardware_publish")
    assert "stereo=1" in text
    sdp = await answer(check_publish_offer(text.replace("stereo=1", "stereo=prs1", 1)))
    assert "prs1" not in sdp
    SessionDescription.parse(sdp)


async def test_a_limit_is_told_for_video_alone_and_bounds_the_start() -> None:
    checked = check_publish_offer(offer("chromium_publish"))
    text = write_answer(checked, own("active"), {}, rates=SendRates(1500, 1000))
    check_legal(offer("chromium_publish"), text, direction="recvonly")
    audio, video = (f"m={each}" for each in text.split("\r\nm=")[1:])
    if not video.startswith("m=video"):
        audio, video = video, audio
    lines = video.split("\r\n")
    # RFC 8866 section 5: between the connection and the attributes.
    assert lines[1].startswith("c=")
    assert lines[2:4] == ["b=AS:1050", "b=TIAS:1000000"]
    assert "b=" not in audio
    assert "x-google-start-bitrate=1000" in video


def test_without_a_limit_nothing_is_told() -> None:
    assert SendRates(1500).lines() == []
    assert (SendRates(1500).first_kbps, SendRates().first_kbps) == (1500, None)
    assert (SendRates(300, 1000).first_kbps, SendRates(None, 9).first_kbps) == (300, None)
