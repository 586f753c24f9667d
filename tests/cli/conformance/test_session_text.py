"""``session_text.py``: answers as the rules see them."""

from __future__ import annotations

import pytest

from cli.conformance.http_exchange import HttpReply
from cli.conformance.session_text import read_session

ANSWER = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:LS 0 1
a=group:BUNDLE 0 1
a=ice-lite
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=mid:0
a=recvonly
a=rtcp-mux
a=candidate:1 1 udp 1 192.0.2.1 1 typ host
a=candidate:2 1 udp 1 192.0.2.2 1 typ host
m=video 0 UDP/TLS/RTP/SAVPF 96
a=mid:1
a=ice-ufrag:abcd
"""


def reply_of(status: int, body: str = "", **headers: str) -> HttpReply:
    """An answer of a server."""
    found = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return HttpReply("http://a.example/whip/b", "POST", status, found, body.encode())


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_sections_and_attributes(end: str) -> None:
    found = read_session(ANSWER.replace("\n", end))
    assert [(part.kind, part.port) for part in found.sections] == [("audio", "9"), ("video", "0")]
    assert found.bundle == ["0", "1"]
    assert found.head.has("ice-lite")
    assert found.first("ice-ufrag") == "abcd"
    assert len(found.all("candidate")) == 2
    audio, video = found.sections
    assert audio.values("rtcp-mux") == [""]
    assert not audio.has("rtcp-mux-only")
    assert (audio.direction, video.direction) == ("recvonly", "sendrecv")


def test_port_zero_refuses_a_section_unless_it_is_bundled() -> None:
    _, video = read_session(ANSWER).sections
    assert video.is_refused
    _, video = read_session(ANSWER + "a=bundle-only\n").sections
    assert not video.is_refused


@pytest.mark.parametrize(
    "text", ["", "hello", "m=", "m=video", "a=", "\r\n\r\n", "m=a\r\na=b:\r\n"]
)
def test_any_text_is_read(text: str) -> None:
    found = read_session(text)
    assert found.first("candidate") == ""
    assert found.bundle == []
    assert len(found.sections) == text.count("m=")
