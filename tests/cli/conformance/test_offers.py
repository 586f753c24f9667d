"""``offers.py``: the texts that rules send."""

from __future__ import annotations

import dataclasses

import pytest

from app.webrtc.sdp_offer import check_play_offer, check_publish_offer
from app.webrtc.trickle import parse_fragment
from cli.conformance.offers import (
    CANDIDATE,
    LAYERS,
    ODD_CANDIDATES,
    UNKNOWN_AUDIO,
    IceLogin,
    OfferText,
    fragment,
)
from cli.conformance.session_text import read_session


def test_the_plain_offers_are_complete() -> None:
    """Our own reader is strict, and takes them."""
    offer = check_publish_offer(str(OfferText("sendonly")))
    assert offer.kinds == ("audio", "video")
    assert check_play_offer(str(OfferText("recvonly"))).kinds == ("audio", "video")


def test_layers_are_offered_as_obs_does() -> None:
    offer = check_publish_offer(str(OfferText("sendonly", extra=LAYERS)))
    assert offer.has_layers


def test_every_offer_has_a_login_of_its_own() -> None:
    first, second = OfferText("sendonly"), OfferText("sendonly")
    assert first.login != second.login
    assert read_session(str(first)).first("ice-ufrag") == first.login.ufrag
    # RFC 8839 section 5.4: at least 4 and 22 characters.
    assert len(first.login.ufrag) >= 4
    assert len(first.login.password) >= 22


@pytest.mark.parametrize(
    "change,lacks",
    [({"has_fingerprint": False}, "fingerprint"), ({"has_login": False}, "ice-ufrag")],
)
def test_parts_can_be_left_out(change: dict[str, bool], lacks: str) -> None:
    whole = OfferText("sendonly")
    assert read_session(str(whole)).first(lacks)
    assert not read_session(str(dataclasses.replace(whole, **change))).first(lacks)  # type: ignore[arg-type]


def test_codecs_can_be_replaced() -> None:
    offer = OfferText("sendonly", audio=UNKNOWN_AUDIO)
    audio, video = read_session(str(offer)).sections
    assert audio.values("rtpmap") == ["112 X-NO-SUCH-CODEC/8000"]
    assert len(video.values("rtpmap")) == 2


def test_only_a_sender_names_a_stream() -> None:
    assert "a=msid:" in str(OfferText("sendonly"))
    assert "a=msid:" not in str(OfferText("recvonly"))


def test_fragments_name_the_section_that_leads_the_bundle() -> None:
    login = IceLogin()
    text = fragment(login, (CANDIDATE, *ODD_CANDIDATES))
    found = parse_fragment(text)
    assert (found.ufrag, found.password) == (login.ufrag, login.password)
    (section,) = read_session(text).sections
    assert section.values("mid") == ["0"]
    assert len(section.values("candidate")) == 3
