"""``simulcast_offer.py``: layers in offers and answers (RFC 8853, RFC 8851)."""

from __future__ import annotations

import pytest

from app.errors import BadOffer
from app.webrtc.sdp_description import parse_description
from app.webrtc.simulcast_offer import MAX_LAYERS, SimulcastOffer, read_simulcast


def read(*lines: str, accepted: tuple[int, ...] = (96, 97)) -> SimulcastOffer:
    text = "v=0\r\nm=video 9 RTP/AVP 96 97\r\n" + "".join(f"a={line}\r\n" for line in lines)
    return read_simulcast(parse_description(text).sections[0], set(accepted))


def test_all_layers_are_taken_in_their_order() -> None:
    found = read("rid:2 send", "rid:1 send", "simulcast:send 2;1")
    assert found.lines() == ["a=rid:2 recv", "a=rid:1 recv", "a=simulcast:recv 2;1"]


def test_of_alternatives_the_first_that_can_be_used_is_taken() -> None:
    found = read(
        "rid:1 send pt=98",
        "rid:2 send pt=97,98;max-width=640",
        "rid:3 send",
        "rid:4 send",
        "simulcast:send 1,2;~3",
    )
    assert found.lines() == ["a=rid:2 recv pt=97", "a=rid:3 recv", "a=simulcast:recv 2;3"]


def test_what_an_offerer_would_receive_is_not_sent() -> None:
    both = ("rid:1 send", "rid:9 recv", "simulcast:recv 9 send 1")
    assert read(*both).lines() == ["a=rid:1 recv", "a=simulcast:recv 1"]
    assert read("rid:9 recv", "simulcast:recv 9").lines() == []


def test_one_layer_may_stand_without_simulcast() -> None:
    assert read("rid:a send").lines() == ["a=rid:a recv"]


@pytest.mark.parametrize(
    "line",
    [
        "rid:",
        "rid:a",
        "rid:a b send",
        "rid:a sends",
        "rid:" + "a" * 33 + " send",
    ],
)
def test_malformed_identifiers_are_discarded(line: str) -> None:
    assert read(line, "rid:b send", "simulcast:send a;b").lines() == [
        "a=rid:b recv",
        "a=simulcast:recv b",
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ("simulcast:",),
        ("simulcast:both a",),
        ("simulcast:send",),
        ("simulcast:send a send b",),
        ("simulcast:send a", "simulcast:send b"),
        ("simulcast:send a;b recv",),
    ],
)
def test_a_malformed_line_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(BadOffer, match="simulcast") as caught:
        read("rid:a send", "rid:b send", *lines)
    assert caught.value.status == 400


def test_layers_are_few() -> None:
    names = [f"r{number}" for number in range(50)]
    found = read(*(f"rid:{name} send" for name in names), "simulcast:send " + ";".join(names))
    assert len(found.layers) == MAX_LAYERS


def test_an_identifier_that_is_not_ascii_is_refused() -> None:
    with pytest.raises(BadOffer, match="attribute rid with characters that are not ASCII"):
        read("rid:\u00e4 send", "rid:b send", "simulcast:send b")
