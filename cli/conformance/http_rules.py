"""Rules of HTTP usage: methods, types, Location, CORS, tokens, errors."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from cli.conformance.endpoint import HttpEndpoint
from cli.conformance.http_exchange import HttpReply
from cli.conformance.offers import SDP
from cli.conformance.rule import Rule
from cli.conformance.verdict import Level, NotApplicable, RuleStage, Unmet, require

MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY
_ORIGIN = "https://pages.example"
_FLOOD = 1000
"""Requests in a row after which a server counts as one without limits; they take some seconds."""

_MIN_SECRET = 16
"""Characters of an address that cannot be guessed: 96 bits in base64."""


def is_client_error(reply: HttpReply) -> bool:
    """Returns True for 4xx."""
    return 400 <= reply.status < 500


def _require_empty_success(reply: HttpReply) -> str:
    require(200 <= reply.status < 300 and not reply.body, str(reply))
    return str(reply)


async def get_endpoint(site: HttpEndpoint) -> str:
    """Asks the endpoint by GET."""
    return _require_empty_success(await site.request("GET"))


async def get_session(site: HttpEndpoint) -> str:
    """Asks a session by GET."""
    made = await site.create()
    return _require_empty_success(await site.request("GET", made.url))


async def head_endpoint(site: HttpEndpoint) -> str:
    """Asks the endpoint by HEAD."""
    reply = await site.request("HEAD")
    came = f"{reply.status}, Content-Type {reply.header('content-type') or 'missing'}"
    require(reply.status == 200 and reply.media_type == SDP, came)
    return came


async def post_created(site: HttpEndpoint) -> str:
    """Checks status, type and body of the answer to an offer."""
    reply = (await site.sample()).reply
    require(reply.media_type == SDP and reply.text.startswith("v=0"), str(reply))
    return str(reply)


async def post_location(site: HttpEndpoint) -> str:
    """Checks that Location is an address of HTTP other than the endpoint's."""
    url = (await site.sample()).url
    require(urlsplit(url).scheme in ("http", "https") and url != site.url, url)
    return url


async def post_wrong_type(site: HttpEndpoint) -> str:
    """Posts an offer with another content type."""
    reply = await site.request("POST", content=(str(site.offer()), "text/plain"))
    require(is_client_error(reply), str(reply))
    return str(reply)


async def post_wrong_type_415(site: HttpEndpoint) -> str:
    """Posts an offer with another content type; 415 is the status that HTTP has for it."""
    reply = await site.request("POST", content=(str(site.offer()), "text/plain"))
    require(reply.status == 415, str(reply))
    return str(reply)


async def post_malformed(site: HttpEndpoint) -> str:
    """Posts text that is no SDP, and nothing at all."""
    came = []
    for body in ("hello", "", "v=0\r\n"):
        reply = await site.request("POST", content=(body, SDP))
        came.append(f"{body!r}: {reply}")
        require(is_client_error(reply), "; ".join(came))
    return "; ".join(came)


async def post_problem(site: HttpEndpoint) -> str:
    """Checks that an error has a body of problem details (RFC 9457)."""
    reply = await site.request("POST", content=("hello", SDP))
    require(reply.media_type == "application/problem+json", str(reply))
    return str(reply)


async def _preflight(site: HttpEndpoint, method: str, url: str = "") -> HttpReply:
    headers = {
        "Origin": _ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, content-type, if-match",
    }
    return await site.request("OPTIONS", url, headers=headers, token="")


def _words(value: str) -> set[str]:
    return {word.strip().lower() for word in value.split(",")}


async def _require_cors(site: HttpEndpoint, reply: HttpReply, method: str) -> str:
    """Raises NotApplicable where the server lets in no page of another origin at all."""
    if reply.status == 403:
        body, headers = str(site.offer()), {"Origin": _ORIGIN}
        asked = await site.request("POST", content=(body, SDP), headers=headers)
        if asked.status == 403:
            raise NotApplicable("a page of another origin gets 403")
    allowed = _words(reply.header("access-control-allow-methods"))
    named = _words(reply.header("access-control-allow-headers"))
    came = (
        f"{reply.status}, origin {reply.header('access-control-allow-origin') or 'missing'}, "
        f"methods {', '.join(sorted(allowed))}, headers {', '.join(sorted(named))}"
    )
    require(200 <= reply.status < 300, came)
    require(reply.header("access-control-allow-origin") in ("*", _ORIGIN), came)
    # POST needs no leave (Fetch); others do, and so do these headers.
    require({method.lower(), "*"} & allowed or method == "POST", came)
    require("*" in named or "content-type" in named, came)
    require("authorization" in named, came)
    return came


async def preflight_post(site: HttpEndpoint) -> str:
    """Sends the preflight of a POST, without the token."""
    return await _require_cors(site, await _preflight(site, "POST"), "POST")


async def preflight_session(site: HttpEndpoint) -> str:
    """Sends the preflights of PATCH and DELETE of a session, without the token."""
    made = await site.create()
    came = [
        await _require_cors(site, await _preflight(site, method, made.url), method)
        for method in ("PATCH", "DELETE")
    ]
    return came[0]


async def options_accept_post(site: HttpEndpoint) -> str:
    """Checks Accept-Post in the answer to OPTIONS."""
    reply = await site.request("OPTIONS", token="")
    came = f"{reply.status}, Accept-Post {reply.header('accept-post') or 'missing'}"
    require(reply.status == 200 and SDP in reply.header("accept-post").lower(), came)
    return came


async def cors_exposed(site: HttpEndpoint) -> str:
    """Checks that scripts of other pages may read Location, Link and ETag."""
    offer = str(site.offer())
    reply = await site.request("POST", content=(offer, SDP), headers={"Origin": _ORIGIN})
    if reply.status != 201:
        raise NotApplicable(f"a page of another origin gets {reply}")
    exposed = _words(reply.header("access-control-expose-headers"))
    came = f"exposed: {', '.join(sorted(exposed))}"
    needed = {"location"} | {name for name in ("link", "etag") if reply.header(name)}
    require(reply.header("access-control-allow-origin") in ("*", _ORIGIN), str(reply.headers))
    require(needed <= exposed, came)
    return came


async def delete_ends(site: HttpEndpoint) -> str:
    """Deletes a session, and asks for it again."""
    made = await site.create()
    reply = await site.request("DELETE", made.url)
    require(200 <= reply.status < 300, str(reply))
    again = await site.request("DELETE", made.url)
    came = f"{reply.status}, then {again.status}"
    require(is_client_error(again), came)
    return came


async def delete_200(site: HttpEndpoint) -> str:
    """Deletes a session; the figures of the standards show 200, and OBS warns on another status."""
    reply = await site.request("DELETE", (await site.create()).url)
    require(reply.status == 200, str(reply))
    return str(reply)


async def delete_ignores_etag(site: HttpEndpoint) -> str:
    """Deletes a session with an entity tag that is not its own."""
    made = await site.create()
    reply = await site.request("DELETE", made.url, if_match='"no-such-session"')
    require(200 <= reply.status < 300, str(reply))
    return str(reply)


async def needs_token(site: HttpEndpoint) -> str:
    """Posts an offer with no token, and with a wrong one."""
    if not site.token:
        raise NotApplicable("no token was given")
    came = []
    for token in ("", "not-" + site.token):
        reply = await site.request("POST", content=(str(site.offer()), SDP), token=token)
        if reply.status == 201 and site.protocol.name == "WHEP":
            raise NotApplicable("watching needs no token here")
        came.append(str(reply))
        require(reply.status in (401, 403), "; ".join(came))
    return "; ".join(came)


async def token_challenge(site: HttpEndpoint) -> str:
    """Checks that 401 says which scheme is wanted (RFC 9110 section 15.5.2)."""
    if not site.token:
        raise NotApplicable("no token was given")
    reply = await site.request("POST", content=(str(site.offer()), SDP), token="")
    if reply.status != 401:
        raise NotApplicable(f"without a token: {reply}")
    challenge = reply.header("www-authenticate")
    require(challenge.lower().startswith("bearer"), f"WWW-Authenticate {challenge or 'missing'}")
    return f"WWW-Authenticate {challenge}"


async def no_old_redirect(site: HttpEndpoint) -> str:
    """Looks through all answers so far for 301 and 302."""
    found = [f"{r.method} {r.url}: {r.status}" for r in site.replies if r.status in (301, 302)]
    require(not found, "; ".join(found[:3]))
    return f"none in {len(site.replies)} answers"


async def busy_says_when(site: HttpEndpoint) -> str:
    """Looks through all answers so far for 503 without Retry-After."""
    busy = [reply for reply in site.replies if reply.status == 503]
    if not busy:
        raise NotApplicable("no answer was 503")
    require(all(reply.header("retry-after") for reply in busy), "503 without Retry-After")
    return f"{len(busy)} answers of 503, all with Retry-After"


async def uses_https(site: HttpEndpoint) -> str:
    """Checks the scheme of the address."""
    scheme = urlsplit(site.url).scheme
    if scheme == "http" and site.is_loopback:
        raise NotApplicable("a loopback address")
    require(scheme == "https", scheme)
    return scheme


async def limits_rate(site: HttpEndpoint) -> str:
    """Posts what is no offer, again and again, until the server has had enough."""
    for number in range(1, _FLOOD + 1):
        reply = await site.request("POST", content=("hello", SDP))
        if reply.status in (429, 503):
            return f"{reply.status} after {number} requests"
    raise Unmet(f"{_FLOOD} requests, the last one: {reply}")


async def location_is_secret(site: HttpEndpoint) -> str:
    """Compares the addresses of two sessions."""
    first = await site.create()
    await site.end_all()
    second = await site.create()
    require(first.url != second.url, "two sessions have one address")
    secret = re.split(r"[/.=]", first.url)[-1]
    came = f"{len(secret)} characters"
    require(len(secret) >= _MIN_SECRET, f"{came}: {secret}")
    return came


RULES = (
    Rule("get-endpoint", MUST, ("4.1", "HTTP usage"), "GET endpoint", "2xx, no content",
         get_endpoint),
    Rule("get-session", MUST, ("4.1", "HTTP usage"), "GET session", "2xx, no content",
         get_session),
    Rule("head-endpoint", SHOULD, ("", "WHEP Endpoint URL Discoverability"), "HEAD endpoint",
         "200, Content-Type: application/sdp", head_endpoint),
    Rule("post-created", MUST, ("4.2", "Server Accepts Client Offer"), "POST offer",
         "201, application/sdp, an answer", post_created),
    Rule("post-location", MUST, ("4.2", "Server Accepts Client Offer"), "POST offer",
         "Location of a session", post_location),
    Rule("post-wrong-type", MUST, ("4.2", "Error Conditions"), "POST offer as text/plain", "4xx",
         post_wrong_type),
    Rule("post-wrong-type-415", SHOULD, ("4.2", "Error Conditions"), "POST offer as text/plain",
         "415", post_wrong_type_415),
    Rule("post-malformed", MUST, ("4.2", "Error Conditions"), "POST hello, nothing, half an offer",
         "4xx", post_malformed, RuleStage.ROUGH),
    Rule("problem-details", MAY, ("4.1", "HTTP usage"), "POST hello", "application/problem+json",
         post_problem, RuleStage.ROUGH),
    Rule("preflight-endpoint", MUST, ("4.2", "Playback session termination"),
         "OPTIONS endpoint, for POST, no token", "2xx with CORS headers", preflight_post),
    Rule("preflight-session", MUST, ("4.2", "Playback session termination"),
         "OPTIONS session, for PATCH and DELETE, no token", "2xx with CORS headers",
         preflight_session),
    Rule("accept-post", SHOULD, ("4.2", "Playback session termination"), "OPTIONS endpoint",
         "200, Accept-Post: application/sdp", options_accept_post),
    Rule("cors-exposed", SHOULD, ("4.2", "Playback session termination"),
         "POST offer from another origin", "Access-Control-Expose-Headers: Location, Link, ETag",
         cors_exposed),
    Rule("delete-ends", MUST, ("4.2", "Playback session termination"), "DELETE session, twice",
         "2xx, then 4xx", delete_ends),
    Rule("delete-200", SHOULD, ("4.2", "Playback session termination"), "DELETE session", "200",
         delete_200),
    Rule("delete-ignores-etag", MUST, ("4.3.1", "HTTP PATCH request usage"),
         "DELETE session with a strange If-Match", "2xx", delete_ignores_etag),
    Rule("bearer-token", MUST, ("4.7.1", "Bearer token authentication"),
         "POST offer without the token, with a wrong one", "401 or 403", needs_token),
    Rule("bearer-challenge", MUST, ("4.7", "Authentication and authorization"),
         "POST offer without the token", "WWW-Authenticate: Bearer with 401", token_challenge),
    Rule("secret-location", SHOULD, ("5", "Security Considerations"), "POST offer, twice",
         "two addresses that cannot be guessed", location_is_secret),
    Rule("https", MUST, ("5", "Security Considerations"), "-", "an https address", uses_https),
)  # fmt: skip
"""Rules about single requests, in the order of the standard."""

LAST_RULES = (
    Rule("no-301-302", MUST, ("4.5", "Load balancing and redirections"), "all requests so far",
         "neither 301 nor 302", no_old_redirect,
         RuleStage.END),
    Rule("busy-retry-after", SHOULD, ("4.5", "Load balancing and redirections"),
         "all requests so far", "Retry-After with every 503", busy_says_when,
         RuleStage.END),
    Rule("rate-limit", SHOULD, ("5", "Security Considerations"), "POST hello, 1000 times",
         "429 or 503", limits_rate, RuleStage.END, is_slow=True),
)  # fmt: skip
"""Rules about all answers that came, and one behind which the server may answer none."""
