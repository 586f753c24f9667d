"""Credentials are random and of the letters that SDP allows: ``credentials.py``."""

from __future__ import annotations

import re

from app.ice.credentials import Credentials, SessionCredentials


def test_credentials_are_long_enough_and_of_the_letters_of_ice() -> None:
    for _ in range(200):
        made = Credentials.make()
        # RFC 8839 section 5.4: letters, digits, + and /; at least 4 and 22 of them.
        assert re.fullmatch(r"[A-Za-z0-9+/]{8}", made.ufrag)
        assert re.fullmatch(r"[A-Za-z0-9+/]{24}", made.password)


def test_no_two_are_alike() -> None:
    made = [Credentials.make() for _ in range(1000)]
    assert len({each.ufrag for each in made}) == len({each.password for each in made}) == 1000


def test_a_session_is_found_by_our_fragment() -> None:
    session = SessionCredentials(Credentials("ours", "p"), Credentials("theirs", "q"))
    assert session.name == b"ours"


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(Credentials("ours", "secret"))
