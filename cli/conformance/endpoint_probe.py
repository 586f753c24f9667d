"""Tells whether addresses speak WHIP or WHEP at all, before rules are tried there."""

from __future__ import annotations

from collections.abc import Sequence

from cli.conformance.endpoint import HttpEndpoint
from cli.conformance.http_exchange import HttpReply
from cli.conformance.offers import SDP

_UNKNOWN = (404, 405, 501)
"""Statuses by which servers answer a POST for which they have nothing."""


class NoEndpoint(Exception):
    """Raised where no address answers as WHIP or WHEP does; the message is one sentence."""


async def require_endpoint(sites: Sequence[HttpEndpoint]) -> None:
    """Raises NoEndpoint unless one of the addresses answers as an endpoint would, and NoAnswer
    where one cannot be reached.
    """
    preflights = [await site.request("OPTIONS", token="") for site in sites]
    if any(_takes_offers(reply) for reply in preflights):
        return
    told = []
    for site, preflight in zip(sites, preflights, strict=True):
        reply = await site.request("POST", content=(str(site.offer()), SDP))
        await site.end_all()
        if _answers_offers(reply):
            return
        told.append(
            f"{site.url} answers OPTIONS by {preflight.status} and an offer by {reply.status}"
        )
    raise NoEndpoint(f"This is no WHIP or WHEP server: {', '.join(told)}.")


def _takes_offers(preflight: HttpReply) -> bool:
    """Returns True if the answer to OPTIONS says that offers are taken."""
    return preflight.status < 300 and SDP in preflight.header("accept-post").lower()


def _answers_offers(reply: HttpReply) -> bool:
    """Returns True for a session, a refusal or a redirect; a broken server's are for the rules."""
    if reply.media_type == SDP or reply.status == 201:
        return True
    return reply.status >= 300 and reply.status not in _UNKNOWN
