from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import BadOffer
from app.rtc import ice
from app.rtc.offer import (
    MAX_CANDIDATES,
    Offer,
    check_play_offer,
    check_publish_offer,
    finish_answer,
)
from app.rtc.peer import Peer
from tests.app.rtc.offer_texts import (
    PUBLISHERS,
    offer,
    only,
    publish_codec,
    publish_h264,
    publish_vp9,
    without,
)

Answer = Callable[..., Awaitable[str]]


@pytest.fixture(autouse=True, scope="module")
def loopback() -> None:
    ice.install(ice.IceAddresses(("127.0.0.1",), ()))


@pytest.fixture
async def answer() -> AsyncIterator[Answer]:
    """Answers a checked offer with a real connection; they are closed at the end."""
    peers = []

    async def made(
        checked: Offer, direction: str = "recvonly", mapped: tuple[str, ...] = ()
    ) -> str:
        peer = Peer(lambda state: None)
        peers.append(peer)
        for kind in checked.kinds:
            peer.add_track(kind, direction)
        start_kbps = 1500 if direction == "recvonly" else None
        return await peer.answer(checked, start_kbps=start_kbps, mapped=mapped)

    yield made
    for peer in peers:
        await peer.close()


def refusal(sdp: str, *, play: bool = False) -> BadOffer:
    with pytest.raises(BadOffer) as caught:
        (check_play_offer if play else check_publish_offer)(sdp)
    detail = caught.value.detail
    assert detail[0].isupper()
    assert detail.endswith(".")
    return caught.value


def fmtp(answer_sdp: str) -> dict[int, str]:
    return {int(n): text for n, text in re.findall(r"a=fmtp:(\d+) (.*?)\r", answer_sdp)}


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


def test_a_fingerprint_in_one_section_only_is_not_enough() -> None:
    head, audio, video = offer("ffmpeg").split("\r\nm=")
    broken = "\r\nm=".join([head, audio, without(video, "a=fingerprint:")])
    assert refusal(broken).status == 400


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


# What is taken.


@pytest.mark.parametrize("name", PUBLISHERS)
async def test_real_publishers_get_an_answer(name: str, answer: Answer) -> None:
    checked = check_publish_offer(offer(name))
    assert checked.kinds == ("audio", "video")
    sdp = await answer(checked)
    assert len(sdp) < 8192  # FFmpeg's limit
    parsed = SessionDescription.parse(sdp)
    assert [m.kind for m in parsed.media] == ["audio", "video"]
    assert [m.direction for m in parsed.media] == ["recvonly", "recvonly"]
    assert [m.rtp.muxId for m in parsed.media] == ["0", "1"]
    for section in sdp.split("\r\nm=")[1:]:
        assert "\r\na=rtcp-mux\r\na=rtcp-mux-only\r\n" in section
        assert "127.0.0.1" in section
        assert "a=setup:" in section


async def test_ffmpeg_as_dtls_server_meets_a_dtls_client(answer: Answer) -> None:
    assert "a=setup:active" in await answer(check_publish_offer(offer("ffmpeg")))


async def test_a_browser_that_watches_gets_an_answer(answer: Answer) -> None:
    checked = check_play_offer(offer("chromium_play"))
    sdp = await answer(checked, "sendonly")
    assert [m.direction for m in SessionDescription.parse(sdp).media] == ["sendonly"] * 2
    assert "x-google-start-bitrate" not in sdp
    assert " VP8/90000" in sdp
    assert len({line for line in sdp.split("\r\n") if line.startswith("a=msid:")}) == 2
    assert len(set(re.findall(r"a=msid:(\S+) ", sdp))) == 1


async def test_a_viewer_gets_no_h264_that_we_would_not_send(answer: Answer) -> None:
    """Only packetization-mode 1 is sent (RFC 6184 section 6.3 needs the agreement of both)."""
    offered = fmtp(offer("chromium_play"))
    sdp = await answer(check_play_offer(offer("chromium_play")), "sendonly")
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


@pytest.mark.parametrize("codec", ["AV1", "H265"])
async def test_a_publisher_of_other_codecs_alone_is_refused(codec: str, answer: Answer) -> None:
    checked = check_publish_offer(publish_codec(codec))
    with pytest.raises(BadOffer) as caught:
        await answer(checked)
    assert caught.value.status == 422
    assert "VP8" in caught.value.detail


@pytest.mark.parametrize("parameters", ["", "profile-id=0", "max-fr=30;profile-id=0"])
async def test_vp9_of_profile_0_can_be_published_and_is_repeated(
    parameters: str, answer: Answer
) -> None:
    sdp = await answer(check_publish_offer(publish_vp9(parameters)))
    assert "a=rtpmap:96 VP9/90000\r\n" in sdp
    assert fmtp(sdp)[96] == ";".join(filter(None, [parameters, "x-google-start-bitrate=1500"]))


@pytest.mark.parametrize("profile", ["1", "2", "3", "00", "x", ""])
async def test_vp9_of_another_profile_is_refused(profile: str, answer: Answer) -> None:
    checked = check_publish_offer(publish_vp9(f"profile-id={profile}"))
    assert "vp9" not in checked.codecs
    with pytest.raises(BadOffer, match="VP9 of profile 0") as caught:
        await answer(checked)
    assert caught.value.status == 422


def video_codecs(sdp: str) -> list[tuple[int, str]]:
    """Payload types and names of the video section, in its order."""
    section = sdp.split("\r\nm=video")[1]
    return [(int(n), name) for n, name in re.findall(r"a=rtpmap:(\d+) (\w+)/90000", section)]


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
    assert found[-2:] == [(98, "VP9"), (99, "rtx")]
    assert 100 not in dict(found)  # profile 2


async def test_a_viewer_gets_vp9_where_it_takes_profile_0(answer: Answer) -> None:
    checked = check_play_offer(offer("chromium_play"))
    assert {"h264", "vp8", "vp9", "opus"} <= checked.codecs
    sdp = await answer(checked, "sendonly")
    assert fmtp(sdp)[98] == "profile-id=0"
    assert 100 not in fmtp(sdp)


async def test_a_publisher_of_vp8_alone_is_taken(answer: Answer) -> None:
    assert "VP8/90000" in await answer(check_publish_offer(publish_codec("VP8")))


# Candidates.


def candidates(sdp: str) -> list[str]:
    return [line for line in sdp.split("\r\n") if line.startswith("a=candidate:")]


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
    good = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host"
    lines = "".join(line + "\r\n" for line in [*bad, good])
    sdp = without(offer("obs"), "a=candidate:") + lines
    assert candidates(check_publish_offer(sdp).sdp) == [good]


def test_ten_thousand_candidates_are_cut() -> None:
    line = "a=candidate:1 1 udp 1 192.0.2.1 {} typ host\r\n"
    sdp = offer("ffmpeg") + "".join(line.format(n + 1) for n in range(10_000))
    assert len(candidates(check_publish_offer(sdp).sdp)) == MAX_CANDIDATES


async def test_an_offer_without_candidates_is_answered(answer: Answer) -> None:
    sdp = without(offer("chromium_play"), "a=candidate:")
    assert candidates(await answer(check_play_offer(sdp), "sendonly"))


async def test_mapped_addresses_take_the_place_of_local_ones(answer: Answer) -> None:
    checked = check_publish_offer(offer("obs"))
    sdp = await answer(checked, mapped=("203.0.113.5", "203.0.113.6", "2001:db8::1"))
    found = {line.split(" ")[4] for line in candidates(sdp)}
    assert found == {"203.0.113.5", "203.0.113.6"}


def test_an_answer_of_bare_newlines_is_sent_with_crlf() -> None:
    checked = Offer("", {96: "profile-level-id=42e01f"}, ("video",))
    text = "v=0\nm=video 9 X 96\na=fmtp:96 changed\na=rtcp-mux\n"
    assert finish_answer(text, checked, start_kbps=None, mapped=()) == (
        "v=0\r\nm=video 9 X 96\r\na=fmtp:96 profile-level-id=42e01f\r\n"
        "a=rtcp-mux\r\na=rtcp-mux-only\r\n"
    )


# Nothing an offer holds may raise anything else.

LINES = offer("chromium_publish").split("\r\n")


@given(data=st.data())
@settings(max_examples=50, deadline=None)
async def test_a_mangled_offer_is_answered_or_refused(data: st.DataObject) -> None:
    lines = list(offer(data.draw(st.sampled_from(PUBLISHERS))).split("\r\n"))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        what = data.draw(st.sampled_from(["drop", "copy", "cut", "swap", "garble"]))
        if what == "drop":
            del lines[at]
        elif what == "copy":
            lines.insert(at, data.draw(st.sampled_from(LINES)))
        elif what == "cut":
            lines[at] = lines[at][: data.draw(st.integers(0, len(lines[at])))]
        elif what == "garble":
            words = lines[at].split(" ")
            word = data.draw(st.integers(0, len(words) - 1))
            words[word] = data.draw(st.sampled_from(["", "0", "-1", "99999999999", "x", "\u0663"]))
            lines[at] = " ".join(words)
        else:
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
    try:
        checked = check_publish_offer("\r\n".join(lines))
        peer = Peer(lambda state: None)
        try:
            for kind in checked.kinds:
                peer.add_track(kind, "recvonly")
            await peer.answer(checked, start_kbps=1500, mapped=())
        finally:
            await peer.close()
    except BadOffer as error:
        assert 400 <= error.status < 500


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


def test_a_section_with_two_mids_is_refused() -> None:
    sdp = (
        offer("obs").replace("a=mid:0", "a=mid:0\r\na=mid:1").replace("a=mid:1\r\na=send", "a=send")
    )
    assert refusal(sdp).status == 400
