"""``transport_offer.py``: credentials, fingerprints, roles, candidates."""

from __future__ import annotations

import pytest

from app.errors import BadOffer
from app.webrtc.sdp_description import parse_description
from app.webrtc.transport_offer import TransportOffer, read_transport, usable_candidates

SHA256 = "sha-256 " + ":".join(["aB"] * 32)
LINES = {
    "ice-ufrag": "abcd",
    "ice-pwd": "0123456789012345678901",
    "fingerprint": SHA256,
    "setup": "actpass",
}


def read(session: str = "", **changes: str) -> TransportOffer:
    """The transport of a section with these attributes in the place of good ones."""
    lines = LINES | {name.replace("_", "-"): value for name, value in changes.items()}
    own = "".join(f"a={name}:{value}\r\n" for name, value in lines.items() if value)
    text = f"v=0\r\n{session}m=audio 9 RTP/AVP 0\r\n{own}"
    description = parse_description(text)
    return read_transport(description, description.sections[0])


def refused(**changes: str) -> BadOffer:
    with pytest.raises(BadOffer) as caught:
        read(**changes)
    return caught.value


def test_what_is_there_is_read() -> None:
    found = read("a=ice-ufrag:session\r\n")
    assert (found.ufrag, found.password) == ("abcd", LINES["ice-pwd"])
    assert found.fingerprints == (("sha-256", ":".join(["AB"] * 32)),)
    assert found.setup == "actpass"


def test_an_offerer_that_answers_checks_only_meets_nobody_who_makes_some() -> None:
    with pytest.raises(BadOffer, match="ICE lite") as caught:
        read("a=ice-lite\r\n")
    assert caught.value.status == 422


@pytest.mark.parametrize(
    "changes,status,word",
    [
        ({"ice_ufrag": ""}, 400, "user name"),
        ({"ice_pwd": ""}, 400, "password"),
        ({"fingerprint": ""}, 400, "fingerprint"),
        ({"ice_ufrag": "a:b"}, 400, "malformed"),
        ({"ice_ufrag": "a b"}, 400, "malformed"),
        ({"ice_pwd": "x" * 257}, 400, "malformed"),
        ({"fingerprint": "sha-256 zz"}, 400, "malformed"),
        ({"fingerprint": "sha-256 AA:BB"}, 400, "too short"),
        ({"fingerprint": "sha-1 " + ":".join(["AA"] * 20)}, 422, "SHA-256"),
        ({"setup": "holdconn"}, 422, "holdconn"),
        ({"setup": "both"}, 400, "actpass"),
    ],
)
def test_what_is_missing_or_odd_is_said(changes: dict[str, str], status: int, word: str) -> None:
    error = refused(**changes)
    assert (error.status, word in error.detail) == (status, True)


def test_weak_fingerprints_beside_a_strong_one_are_passed_over() -> None:
    text = f"sha-1 {':'.join(['AA'] * 20)}\r\na=fingerprint:SHA-512 {':'.join(['01'] * 64)}"
    assert [name for name, _ in read(fingerprint=text).fingerprints] == ["sha-512"]


def test_without_a_role_the_offerer_is_active() -> None:
    assert read(setup="").setup == "active"
    assert read("a=setup:passive\r\n", setup="").setup == "passive"


@pytest.mark.parametrize("kind", ["host", "srflx", "prflx", "relay"])
def test_candidates_of_udp_are_taken_without_their_extensions(kind: str) -> None:
    value = f"1 1 UDP 5 2001:db8::1 9000 typ {kind}"
    found = usable_candidates((f"{value} raddr 0.0.0.0 rport 0 generation 0", value))
    assert found == (value,)


def test_candidates_of_other_kinds_are_left() -> None:
    assert (
        usable_candidates(("1 1 udp 5 192.0.2.1 9 typ hostile", "1 3 udp 5 192.0.2.1 9 typ host"))
        == ()
    )
