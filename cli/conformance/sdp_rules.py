"""Rules of SDP: what an answer must hold, and which offers are refused."""

from __future__ import annotations

import dataclasses

from cli.conformance.endpoint import HttpEndpoint, Protocol
from cli.conformance.http_rules import is_client_error
from cli.conformance.offers import LAYERS, UNKNOWN_AUDIO, OfferText
from cli.conformance.rule import Rule
from cli.conformance.session_text import MediaText, read_session
from cli.conformance.verdict import Level, NotApplicable, RuleStage, require

MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY


async def _sections(site: HttpEndpoint) -> tuple[MediaText, ...]:
    sections = (await site.sample()).answer.sections
    require(len(sections) == 2, f"{len(sections)} media sections for two")
    return sections


def _used(text: str, kind: str) -> int:
    """Returns the number of sections of a kind that an answer does not refuse."""
    found = [part for part in read_session(text).sections if part.kind == kind]
    return sum(not part.is_refused and part.direction != "inactive" for part in found)


async def direction(site: HttpEndpoint) -> str:
    """Reads the direction of each section."""
    found = [part.direction for part in await _sections(site)]
    require(set(found) == {site.protocol.answered}, ", ".join(found))
    return ", ".join(found)


async def rtcp_mux_only(site: HttpEndpoint) -> str:
    """Looks for the attribute in each bundled section."""
    lacking = [part.kind for part in await _sections(site) if not part.has("rtcp-mux-only")]
    require(not lacking, f"missing: {', '.join(lacking)}")
    return "in each section"


async def rtcp_mux(site: HttpEndpoint) -> str:
    """Looks for RTP and RTCP on one port in each section."""
    lacking = [part.kind for part in await _sections(site) if not part.has("rtcp-mux")]
    require(not lacking, f"missing: {', '.join(lacking)}")
    return "in each section"


async def bundle(site: HttpEndpoint) -> str:
    """Compares the BUNDLE group with the sections."""
    answer = (await site.sample()).answer
    mids = [mid for part in answer.sections for mid in part.values("mid")]
    require(answer.bundle == mids, f"group {answer.bundle}, sections {mids}")
    return f"group {' '.join(answer.bundle)}"


async def one_transport(site: HttpEndpoint) -> str:
    """Counts the ICE user names of the answer."""
    names = set((await site.sample()).answer.all("ice-ufrag"))
    require(len(names) == 1, f"{len(names)} user names")
    return "one"


async def msid(site: HttpEndpoint) -> str:
    """Compares the MediaStream of all sections."""
    found = {part.kind: part.values("msid") for part in await _sections(site)}
    streams = {value.split()[0] for values in found.values() for value in values if value.split()}
    require(all(found.values()) and len(streams) == 1, str(found))
    return f"MediaStream {streams.pop()}"


async def refuses_direction(site: HttpEndpoint) -> str:
    """Offers the directions that clients must not use."""
    came = []
    for wrong in ("inactive", site.protocol.answered):
        reply = await site.post(dataclasses.replace(site.offer(), direction=wrong))
        came.append(f"{wrong}: {reply}")
        require(is_client_error(reply), "; ".join(came))
    return "; ".join(came)


async def takes_sendrecv(site: HttpEndpoint) -> str:
    """Offers sendrecv, which clients may use."""
    made = await site.create(dataclasses.replace(site.offer(), direction="sendrecv"))
    found = [part.direction for part in made.answer.sections]
    require(set(found) == {site.protocol.answered}, ", ".join(found))
    return ", ".join(found)


async def refuses_two_tracks(site: HttpEndpoint) -> str:
    """Offers two tracks of video."""
    offer = dataclasses.replace(site.offer(), kinds=("audio", "video", "video"))
    reply = await site.post(offer)
    if reply.status == 201 and site.protocol is Protocol.WHIP:
        taken = _used(reply.text, "video")
        require(taken > 1, f"201, and {taken} of two tracks taken")
        return "201, both taken"
    require(is_client_error(reply), str(reply))
    return str(reply)


async def no_partial_answer(site: HttpEndpoint) -> str:
    """Offers sound that nobody knows beside a picture that can be taken."""
    reply = await site.post(dataclasses.replace(site.offer(), audio=UNKNOWN_AUDIO))
    if reply.status == 201:
        used = _used(reply.text, "audio")
        require(used, "201, with the sound refused")
    else:
        require(is_client_error(reply), str(reply))
    return str(reply)


async def no_fingerprint(site: HttpEndpoint) -> str:
    """Offers no certificate fingerprint, without which no DTLS can be trusted (RFC 8122)."""
    reply = await site.post(dataclasses.replace(site.offer(), has_fingerprint=False))
    require(is_client_error(reply), str(reply))
    return str(reply)


async def no_login(site: HttpEndpoint) -> str:
    """Offers no ICE user name and password (RFC 8839 section 5.4)."""
    reply = await site.post(dataclasses.replace(site.offer(), has_login=False))
    require(is_client_error(reply), str(reply))
    return str(reply)


async def _role(site: HttpEndpoint, setup: str) -> str:
    made = await site.create(dataclasses.replace(site.offer(), setup=setup))
    return made.answer.first("setup")


async def answers_actpass(site: HttpEndpoint) -> str:
    """Offers both DTLS roles."""
    role = await _role(site, "actpass")
    require(role in ("active", "passive"), role or "no setup")
    return role


async def answers_active(site: HttpEndpoint) -> str:
    """Offers the DTLS client's role alone."""
    reply = await site.post(dataclasses.replace(site.offer(), setup="active"))
    if reply.status != 201:
        require(reply.status in (400, 422), str(reply))
        return str(reply)
    role = read_session(reply.text).first("setup")
    require(role == "passive", role or "no setup")
    return f"201, {role}"


async def simulcast(site: HttpEndpoint) -> str:
    """Offers three layers."""
    offer = OfferText("sendonly", extra=LAYERS)
    made = await site.create(offer)
    video = [part for part in made.answer.sections if part.kind == "video"]
    found = [value for part in video for value in part.values("simulcast")]
    if not found:
        raise NotApplicable("the layers are not taken")
    layers = found[0].removeprefix("recv ").replace(",", ";").split(";")
    rids = [value.split()[0] for part in video for value in part.values("rid")]
    require(found[0].startswith("recv ") and set(layers) <= {"0", "1", "2"}, found[0])
    require(set(layers) <= set(rids), f"simulcast {layers}, rid {rids}")
    return found[0]


_BUNDLE = ("4.4.1", "SDP Bundle")
_STREAM = ("4.4.2", "Single MediaStream")
_SETUP = ("4.4.4", "")

RULES = (
    Rule("answer-direction", MUST, ("4.2", "Media Direction Attributes"), "POST offer",
         "recvonly from WHIP, sendonly from WHEP", direction),
    Rule("takes-sendrecv", MUST, ("4.2", "Media Direction Attributes"), "POST sendrecv",
         "201, recvonly from WHIP, sendonly from WHEP", takes_sendrecv),
    Rule("refuses-direction", SHOULD, ("4.2", "Media Direction Attributes"),
         "POST inactive, and the server's own direction", "4xx", refuses_direction,
         RuleStage.ROUGH),
    Rule("bundle", MUST, _BUNDLE, "POST offer", "all sections in the BUNDLE group", bundle),
    Rule("one-transport", MUST, _BUNDLE, "POST offer", "one ICE user name", one_transport),
    Rule("rtcp-mux", MUST, _BUNDLE, "POST offer", "a=rtcp-mux in each section", rtcp_mux),
    Rule("rtcp-mux-only", MUST, _BUNDLE, "POST offer", "a=rtcp-mux-only in each section",
         rtcp_mux_only),
    Rule("one-stream", MUST, ("", "Single MediaStream"), "POST offer",
         "a=msid of one MediaStream in each section", msid),
    Rule("one-track-a-kind", MUST, _STREAM, "POST two video tracks",
         "4xx, or both taken by WHIP", refuses_two_tracks, RuleStage.ROUGH),
    Rule("no-partial-answer", SHOULD, ("4.4.3", ""), "POST sound of an unknown codec", "4xx",
         no_partial_answer, RuleStage.ROUGH),
    Rule("setup-actpass", MUST, _SETUP, "POST setup:actpass", "active or passive",
         answers_actpass),
    Rule("setup-active", SHOULD, _SETUP, "POST setup:active", "passive, or 422", answers_active),
    Rule("needs-fingerprint", SHOULD, ("4.2", "Error Conditions"), "POST without a fingerprint",
         "4xx", no_fingerprint, RuleStage.ROUGH),
    Rule("needs-ice-login", SHOULD, ("4.2", "Error Conditions"), "POST without ICE credentials",
         "4xx", no_login, RuleStage.ROUGH),
    Rule("simulcast", MAY, ("4.8", ""), "POST three layers",
         "a=simulcast:recv with their identifiers", simulcast),
)  # fmt: skip
"""Rules about offers and answers."""
