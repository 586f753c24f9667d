"""``ice_patch.py``: entity tags of ICE sessions, and what PATCH does under them."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import AppError, BadOffer, TagMissing, TagOutdated
from app.webrtc.ice_patch import IcePatch, IceReply, IceTags, patch_ice
from app.webrtc.trickle import SdpFragment, parse_fragment

CANDIDATE = parse_fragment("a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n")


@dataclasses.dataclass
class Taker:
    """A peer that notes fragments, and restarts unless it cannot."""

    taken: list[SdpFragment] = dataclasses.field(default_factory=list)
    can_restart: bool = True

    def is_restart(self, fragment: SdpFragment) -> bool:
        """Compares with the offer's credentials."""
        return fragment.is_restart("abcd", "password")

    def restart(self, fragment: SdpFragment) -> str:
        """Answers with a fragment of its own."""
        if not self.can_restart:
            raise BadOffer("ICE cannot be restarted.", status=422)
        return f"a=ice-ufrag:for-{fragment.ufrag}\r\n"

    async def trickle(self, fragment: SdpFragment) -> None:
        """Notes a fragment."""
        self.taken.append(fragment)


def test_a_tag_is_strong_and_the_same_for_whoever_knows_the_secret() -> None:
    tags = IceTags("secret")
    assert re.fullmatch(r'"[0-9a-f]{16}-0"', tags.current)
    assert tags.current == IceTags("secret").current
    assert "secret" not in tags.current


def test_each_ice_session_has_another_tag() -> None:
    tags = IceTags("secret")
    seen = [tags.current, tags.renew(), tags.renew(), IceTags("other").current]
    assert len(set(seen)) == 4
    assert tags.current == seen[2]


@pytest.mark.parametrize("form", ["{}", " {} ", '"a", {}', '{},"a"', "*", " * ", '"*"'])
def test_the_present_session_is_named(form: str) -> None:
    tags = IceTags("secret")
    tags.check(form.format(tags.current))


@pytest.mark.parametrize("value", ["", " ", "\t"])
def test_a_tag_is_needed(value: str) -> None:
    with pytest.raises(TagMissing):
        IceTags("secret").check(value)


@pytest.mark.parametrize("form", ["W/{}", "{}x", '"a"', "a", ",", '"*", "*"', "**"])
def test_another_session_is_not(form: str) -> None:
    tags = IceTags("secret")
    with pytest.raises(TagOutdated):
        tags.check(form.format(tags.current))


def test_the_tag_from_before_a_restart_is_outdated() -> None:
    tags = IceTags("secret")
    before = tags.current
    tags.check(tags.renew())
    with pytest.raises(TagOutdated):
        tags.check(before)


@given(st.text(max_size=60))
def test_any_value_is_judged(value: str) -> None:
    try:
        IceTags("secret").check(value)
    except AppError as error:
        assert error.status in (412, 428)
    else:
        assert value.strip() in ("*", '"*"')


async def test_candidates_are_taken_and_answered_by_nothing() -> None:
    peer, tags = Taker(), IceTags("secret")
    assert await patch_ice(peer, tags, IcePatch(CANDIDATE, tags.current)) == IceReply()
    assert await patch_ice(peer, tags, IcePatch(CANDIDATE, "*")) == IceReply()
    assert peer.taken == [CANDIDATE, CANDIDATE]


@pytest.mark.parametrize("if_match,error", [("", TagMissing), ('"x"', TagOutdated)])
async def test_nothing_is_taken_under_another_tag(if_match: str, error: type[AppError]) -> None:
    peer = Taker()
    with pytest.raises(error):
        await patch_ice(peer, IceTags("secret"), IcePatch(CANDIDATE, if_match))
    assert peer.taken == []


RESTART = parse_fragment("a=ice-ufrag:new1\r\na=ice-pwd:newpassword\r\n")


@pytest.mark.parametrize("names_session", [True, False])
async def test_a_restart_begins_an_ice_session_with_another_tag(names_session: bool) -> None:
    """RFC 9725 section 4.3.3: other credentials are a restart, whatever If-Match says."""
    peer, tags = Taker(), IceTags("secret")
    before = tags.current
    reply = await patch_ice(peer, tags, IcePatch(RESTART, before if names_session else "*"))
    assert reply == IceReply(tags.current, "a=ice-ufrag:for-new1\r\n")
    assert tags.current != before
    with pytest.raises(TagOutdated):
        await patch_ice(peer, tags, IcePatch(CANDIDATE, before))
    assert peer.taken == []


async def test_a_restart_needs_a_tag_too() -> None:
    with pytest.raises(TagMissing):
        await patch_ice(Taker(), IceTags("secret"), IcePatch(RESTART, ""))


async def test_a_restart_that_cannot_be_leaves_the_tag() -> None:
    peer, tags = Taker(can_restart=False), IceTags("secret")
    before = tags.current
    with pytest.raises(BadOffer) as caught:
        await patch_ice(peer, tags, IcePatch(RESTART, "*"))
    assert (caught.value.status, tags.current) == (422, before)
