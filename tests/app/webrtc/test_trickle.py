"""``trickle.py``: SDP fragments, and candidates that come after the offer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadOffer
from app.webrtc.transport_offer import MAX_CANDIDATES
from app.webrtc.trickle import parse_fragment
from tests.app import coding
from tests.app.peers import Publisher, until
from tests.app.rtp.ingest import Ingest

LINES = [
    "a=ice-ufrag:EsAw",
    "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
    "a=end-of-candidates",
    "a=mid:0",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "a=group:BUNDLE 0 1",
    "",
    "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw",
    "a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active",
]


def test_the_example_of_the_standard_is_read() -> None:
    fragment = parse_fragment("\r\n".join(line for line in LINES if line) + "\r\n")
    assert (fragment.ufrag, fragment.password) == ("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1")
    assert fragment.candidates == ("1387637174 1 udp 2122260223 192.0.2.1 61764 typ host",)
    assert not fragment.is_restart("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1")
    assert fragment.is_restart("EsAw", "other")


def test_ten_thousand_candidates_are_cut_or_refused() -> None:
    line = "a=candidate:1 1 udp 1 192.0.2.1 {} typ host\n"
    fragment = parse_fragment("".join(line.format(n + 1) for n in range(2000)))
    assert len(fragment.candidates) == MAX_CANDIDATES
    with pytest.raises(BadOffer):
        parse_fragment("a=x\n" * 10_000)


@given(st.lists(st.one_of(st.sampled_from(LINES), st.text(max_size=40)), max_size=12))
def test_any_text_is_read_or_refused(lines: list[str]) -> None:
    try:
        fragment = parse_fragment("\r\n".join(lines))
    except BadOffer as error:
        assert error.status == 400
    else:
        assert all(candidate.isascii() for candidate in fragment.candidates)


async def test_a_publisher_that_trickles_connects() -> None:
    ingest, publisher = Ingest(), Publisher()
    held: list[str] = []

    async def signal(sdp: str) -> str:
        lines = sdp.split("\r\n")
        held.extend(line for line in lines if line.startswith("a=candidate"))
        kept = [x for x in lines if not x.startswith(("a=candidate", "a=end-of"))]
        answer = await ingest.signal("\r\n".join(kept))
        await ingest.peer.trickle(parse_fragment("\r\n".join(held)))
        return answer

    await publisher.start(signal)
    publisher.video.put(coding.h264(160, 90)[0], ticks=0)
    await until(lambda: ingest.video)
    assert held
    await ingest.peer.trickle(parse_fragment("\r\n".join(held)))  # too late, and harmless
    with pytest.raises(BadOffer, match="restart"):
        await ingest.peer.trickle(parse_fragment("a=ice-ufrag:x"))
    await publisher.close()
    await ingest.peer.close()
