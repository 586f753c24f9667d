"""Rules of ICE over HTTP: candidates, entity tags, trickle, restarts."""

from __future__ import annotations

from cli.conformance.endpoint import HttpEndpoint, MadeSession
from cli.conformance.http_exchange import HttpReply
from cli.conformance.http_rules import is_client_error
from cli.conformance.offers import CANDIDATE, FRAGMENT, ODD_CANDIDATES, IceLogin, fragment
from cli.conformance.rule import Rule
from cli.conformance.session_text import read_session
from cli.conformance.verdict import Level, NotApplicable, require

MUST, SHOULD = Level.MUST, Level.SHOULD
NO_RESTART = (422, 501)
"""Statuses by which a server says that it restarts no ICE."""


async def patch(
    site: HttpEndpoint,
    made: MadeSession,
    body: str,
    *,
    if_match: str | None = None,
    kind: str = FRAGMENT,
) -> HttpReply:
    """Sends a fragment with the session's own entity tag, if no other one is given."""
    tag = made.etag if if_match is None else if_match
    return await site.request("PATCH", made.url, content=(body, kind), if_match=tag)


async def trickle_session(site: HttpEndpoint) -> MadeSession:
    """Makes a session of a server that takes candidates. Raises NotApplicable."""
    made = await site.create()
    reply = await patch(site, made, fragment(made.login, (CANDIDATE,)))
    if reply.status in (405, 422, 501):
        raise NotApplicable(f"trickle ICE is not supported: {reply}")
    return made


async def restart(site: HttpEndpoint, made: MadeSession) -> tuple[HttpReply, IceLogin]:
    """Asks for an ICE restart, with a new user name and password."""
    login = IceLogin()
    reply = await patch(site, made, fragment(login, (CANDIDATE,)), if_match="*")
    return reply, login


async def _restarted(site: HttpEndpoint) -> tuple[MadeSession, HttpReply, IceLogin]:
    made = await site.create()
    reply, login = await restart(site, made)
    if reply.status != 200:
        raise NotApplicable(f"ICE restarts are not supported: {reply}")
    return made, reply, login


async def candidates(site: HttpEndpoint) -> str:
    """Counts the candidates of the answer."""
    found = (await site.sample()).answer.all("candidate")
    require(found, "no candidate")
    return f"{len(found)} candidates"


async def etag_is_strong(site: HttpEndpoint) -> str:
    """Checks the entity tags of two sessions."""
    first = await site.create()
    await site.end_all()
    second = await site.create()
    if not first.etag:
        reply, _ = await restart(site, second)
        require(reply.status in NO_RESTART, f"no ETag, and a restart gets {reply}")
        raise NotApplicable("no ETag, which only restarts need")
    came = f"{first.etag}, {second.etag}"
    for tag in (first.etag, second.etag):
        require(len(tag) > 2 and tag[0] == tag[-1] == '"', f"not strong: {came}")
    require(first.etag != second.etag, f"not unique: {came}")
    return came


async def patch_wrong_type(site: HttpEndpoint) -> str:
    """Sends a fragment as another type."""
    made = await site.create()
    reply = await patch(site, made, fragment(made.login, (CANDIDATE,)), kind="text/plain")
    require(is_client_error(reply), str(reply))
    return str(reply)


async def patch_malformed(site: HttpEndpoint) -> str:
    """Sends text that is no fragment."""
    reply = await patch(site, await site.create(), "hello")
    require(is_client_error(reply), str(reply))
    return str(reply)


async def patch_without_tag(site: HttpEndpoint) -> str:
    """Sends candidates without If-Match."""
    made = await trickle_session(site)
    reply = await patch(site, made, fragment(made.login, (CANDIDATE,)), if_match="")
    require(reply.status == 428, str(reply))
    return str(reply)


async def patch_other_tag(site: HttpEndpoint) -> str:
    """Sends candidates with the tag of no session."""
    made = await trickle_session(site)
    reply = await patch(site, made, fragment(made.login, (CANDIDATE,)), if_match='"no-such-tag"')
    require(reply.status == 412, str(reply))
    return str(reply)


def _require_trickled(reply: HttpReply) -> str:
    came = f"{reply}{', ETag' if reply.header('etag') else ''}"
    require(reply.status == 204 and not reply.body and not reply.header("etag"), came)
    return came


async def trickle(site: HttpEndpoint) -> str:
    """Sends a candidate."""
    made = await trickle_session(site)
    return _require_trickled(await patch(site, made, fragment(made.login, (CANDIDATE,))))


async def trickle_odd(site: HttpEndpoint) -> str:
    """Sends candidates that nobody can use."""
    made = await trickle_session(site)
    return _require_trickled(await patch(site, made, fragment(made.login, ODD_CANDIDATES)))


async def restart_or_422(site: HttpEndpoint) -> str:
    """Asks for a restart; a server does it, or says 422 where it supports trickle ICE alone."""
    made = await trickle_session(site)
    reply, _ = await restart(site, made)
    require(reply.status in (200, 422), str(reply))
    return str(reply)


async def restart_answer(site: HttpEndpoint) -> str:
    """Reads the answer to a restart."""
    made, reply, login = await _restarted(site)
    answer, before = read_session(reply.text), made.answer
    require(reply.media_type == FRAGMENT, str(reply))
    for name in ("ice-ufrag", "ice-pwd"):
        value = answer.first(name)
        require(value, f"no {name}")
        require(value != before.first(name), f"{name} is the old one")
        require(value not in (login.ufrag, login.password), f"{name} is the client's")
    # Candidates are in one sentence of the standard and left to the server in the next.
    return f"{reply}, {len(answer.all('candidate'))} candidates"


async def restart_etag(site: HttpEndpoint) -> str:
    """Checks the tag of the new ICE session, and that the old one is not taken any more."""
    made, reply, login = await _restarted(site)
    tag = reply.header("etag")
    came = f"{made.etag or 'no ETag'}, then {tag or 'no ETag'}"
    require(tag and tag != made.etag and not tag.startswith("W/"), came)
    stale = await patch(site, made, fragment(login, (CANDIDATE,)))
    require(stale.status == 412, f"{came}; with the old one: {stale}")
    fresh = await patch(site, made, fragment(login, (CANDIDATE,)), if_match=tag)
    require(fresh.status == 204, f"{came}; with the new one: {fresh}")
    return came


async def restart_options(site: HttpEndpoint) -> str:
    """Compares the ICE attributes of both answers."""
    made, reply, _ = await _restarted(site)
    answer, before = read_session(reply.text), made.answer
    for name in ("ice-options", "ice-pacing", "ice-lite"):
        came = f"{name}: {before.all(name)[:1]}, then {answer.all(name)[:1]}"
        require(before.all(name)[:1] == answer.all(name)[:1], came)
    return "the same"


async def restart_refused(site: HttpEndpoint) -> str:
    """Asks for a restart that cannot be, and then sends candidates to the old ICE session."""
    made = await trickle_session(site)
    reply = await patch(site, made, "a=ice-ufrag:new\r\n", if_match="*")
    require(is_client_error(reply), str(reply))
    after = await patch(site, made, fragment(made.login, (CANDIDATE,)))
    came = f"{reply}, then candidates: {after}"
    require(after.status == 204, came)
    return came


_PATCH = ("4.3.1", "HTTP PATCH request usage")
_TRICKLE = ("4.3.2", "Trickle ICE")
_RESTARTS = ("4.3.3", "ICE Restarts")

RULES = (
    Rule("all-candidates", MUST, _TRICKLE, "POST offer", "candidates in the answer", candidates),
    Rule("strong-etag", MUST, _PATCH, "POST offer, twice", "two strong ETags", etag_is_strong),
    Rule("patch-wrong-type", MUST, _PATCH, "PATCH fragment as text/plain", "4xx",
         patch_wrong_type),
    Rule("patch-malformed", MUST, _PATCH, "PATCH hello", "4xx", patch_malformed),
    Rule("patch-without-tag", MUST, _PATCH, "PATCH candidate without If-Match", "428",
         patch_without_tag),
    Rule("patch-other-tag", MUST, _PATCH, "PATCH candidate, another If-Match", "412",
         patch_other_tag),
    Rule("trickle", MUST, _TRICKLE, "PATCH candidate", "204, no body, no ETag", trickle),
    Rule("trickle-odd-candidates", MUST, _TRICKLE,
         "PATCH candidates of an unknown transport and name", "204, no body, no ETag",
         trickle_odd),
    Rule("restart-or-422", MUST, _PATCH, "PATCH new user name and password", "200 or 422",
         restart_or_422),
    Rule("restart-answer", MUST, _RESTARTS, "PATCH new user name and password",
         "200, a fragment with another user name and password", restart_answer),
    Rule("restart-etag", MUST, _RESTARTS, "PATCH new user name and password",
         "another strong ETag, the old one 412", restart_etag),
    Rule("restart-options", MUST, _RESTARTS, "PATCH new user name and password",
         "ice-lite, ice-options, ice-pacing as before", restart_options),
    Rule("restart-refused", MUST, _RESTARTS, "PATCH a restart that cannot be",
         "4xx, the ICE session stays", restart_refused),
)  # fmt: skip
"""Rules about sessions of plain offers."""
