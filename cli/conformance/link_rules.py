"""Rules of Link headers: STUN and TURN servers, extensions."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from cli.conformance.endpoint import HttpEndpoint
from cli.conformance.links import links, links_by_rel
from cli.conformance.rule import Rule
from cli.conformance.verdict import Level, NotApplicable, require

ICE_SERVER = "ice-server"
_SERVER = re.compile(r"(stun|turn)s?:[^/\s]")
"""RFC 7064 and 7065: these URIs have no slashes behind the scheme."""

_PREFLIGHT = {
    "Origin": "https://pages.example",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type",
}


async def ice_servers(site: HttpEndpoint) -> str:
    """Reads the servers in the answer to an offer."""
    found = links_by_rel((await site.sample()).reply, ICE_SERVER)
    if not found:
        raise NotApplicable("no STUN and TURN servers are configured")
    for link in found:
        require(_SERVER.match(link.url), link.url)
        if link.url.startswith("turn"):
            for name in ("username", "credential"):
                require(link.parameters.get(name), f"{link.url}: no {name}")
                require(name not in link.unquoted, f"{link.url}: {name} has no quotes")
            kind = link.parameters.get("credential-type", "password")
            require(kind in ("password", "oauth"), f"{link.url}: credential-type {kind}")
    return f"{len(found)} servers"


async def none_on_preflight(site: HttpEndpoint) -> str:
    """Reads the servers in the answer to a preflight."""
    reply = await site.request("OPTIONS", headers=_PREFLIGHT, token="")
    found = links_by_rel(reply, ICE_SERVER)
    require(not found, f"{len(found)} servers")
    return "none"


async def extensions(site: HttpEndpoint) -> str:
    """Reads the extensions in the answer to an offer."""
    prefix = f"urn:ietf:params:{site.protocol.value.lower()}:ext"
    found = [link for link in links((await site.sample()).reply) if link.rel.startswith(prefix)]
    if not found:
        raise NotApplicable("no extensions")
    names = [link.rel for link in found]
    require(len(set(names)) == len(names), f"not one Link each: {', '.join(names)}")
    for link in found:
        require(urlsplit(link.url).scheme in ("http", "https"), f"{link.rel}: {link.url}")
    return ", ".join(name.removeprefix(prefix).lstrip(":") for name in names)


RULES = (
    Rule("ice-servers", Level.MUST, ("4.6", "STUN/TURN server configuration"), "POST offer",
         "well-formed Link headers with credentials", ice_servers),
    Rule("no-ice-servers-on-preflight", Level.SHOULD, ("4.6", ""), "OPTIONS endpoint, for POST",
         "no Link: rel=ice-server", none_on_preflight),
    Rule("extension-links", Level.MUST, ("4.9", "Protocol extensions"), "POST offer",
         "one Link with an address for each extension", extensions),
)  # fmt: skip
"""Rules about Link headers."""
