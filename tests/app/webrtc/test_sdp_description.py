"""``sdp_description.py``: the syntax of SDP, and its bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadOffer, BodyTooLarge
from app.webrtc.sdp_description import (
    MAX_FORMATS,
    MAX_LINES,
    MAX_OFFER_BYTES,
    MAX_SECTIONS,
    attributes_of,
    is_token,
    only_value,
    parse_description,
)

HEAD = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_sections_have_their_own_attributes(end: str) -> None:
    text = end.join(
        [
            "v=0",
            "a=ice-lite",
            "a=x: 1 ",
            "m=audio 9/2 UDP/TLS/RTP/SAVPF 111 0",
            "a=x:2",
            "a=x:3:4",
            "b=AS:1",
            "m=video  0  RTP/AVP 96 ",
            "a=recvonly",
            "",
            "",
        ]
    )
    found = parse_description(text)
    assert found.attributes == {"ice-lite": ("",), "x": ("1",)}
    audio, video = found.sections
    assert (audio.kind, audio.port, audio.formats) == ("audio", 9, ("111", "0"))
    assert audio.values("x") == ("2", "3:4")
    assert (video.port, video.protocol, video.formats) == (0, "RTP/AVP", ("96",))
    assert "recvonly" in video.attributes
    assert video.values("x") == ()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "x",
        "=x",
        "1=x",
        "A=x",
        "a x",
        "a=\x00",
        "a=x\ry",
        "a=\x0b",
        "a=x\x7f",
        "m=audio",
        "m=audio x RTP/AVP 0",
        "m=audio 9 RTP/AVP",
        "m=audio 99999 RTP/AVP 0",
        "m=audio 9 RTP/AVP " + " ".join(map(str, range(MAX_FORMATS + 1))),
        "m=audio 9 RTP/AVP \u0663",
        "m= 9 RTP/AVP 0",
        "m=audio -1 RTP/AVP 0",
    ],
)
def test_a_malformed_line_is_refused(line: str) -> None:
    with pytest.raises(BadOffer, match="malformed") as caught:
        parse_description(HEAD + line + "\r\na=x\r\n")
    assert caught.value.status == 400


def test_bounds_are_said() -> None:
    with pytest.raises(BodyTooLarge):
        parse_description(HEAD + "a=" + "x" * MAX_OFFER_BYTES)
    with pytest.raises(BadOffer, match=str(MAX_LINES)):
        parse_description(HEAD + "a=x\r\n" * MAX_LINES)
    with pytest.raises(BadOffer, match=f"more than {MAX_SECTIONS} media"):
        parse_description(HEAD + "m=audio 9 RTP/AVP 0\r\n" * (MAX_SECTIONS + 1))


def test_one_value_is_one_value() -> None:
    assert only_value((), "x") == ""
    assert only_value(("a", "a"), "x") == "a"
    with pytest.raises(BadOffer, match="more than one mid"):
        only_value(("a", "b"), "mid")


@pytest.mark.parametrize(
    "text,taken", [("a-1", True), ("", False), ("a b", False), ("\u00e9", False)]
)
def test_tokens(text: str, taken: bool) -> None:
    assert is_token(text) is taken
    assert not is_token("x" * 65)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (parse_description, attributes_of):
        for whole in (text, HEAD + text):
            try:
                read(whole)
            except BadOffer as error:
                assert error.detail.endswith(".")
