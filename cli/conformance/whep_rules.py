"""Rules of WHEP alone: nobody publishes, counter-offers, events, layers."""

from __future__ import annotations

import json

from cli.conformance.endpoint import HttpEndpoint, MadeSession
from cli.conformance.http_exchange import HttpReply
from cli.conformance.http_rules import is_client_error
from cli.conformance.links import WebLink, links_by_rel
from cli.conformance.offers import SDP
from cli.conformance.rule import Rule
from cli.conformance.verdict import Level, NotApplicable, RuleStage, Unmet, require

MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY
EVENTS = "urn:ietf:params:whep:ext:core:server-sent-events"
LAYER = "urn:ietf:params:whep:ext:core:layer"
JSON = "application/json"
_READ_S = 2.5
"""Seconds for which an event stream is read; the first events come at once."""


async def nobody_publishes(site: HttpEndpoint) -> str:
    """Posts an offer while nobody publishes."""
    reply = await site.request("POST", content=(str(site.offer()), SDP))
    if reply.status == 201:
        raise NotApplicable("players may come before the publisher")
    came = f"{reply}, Retry-After {reply.header('retry-after') or 'missing'}"
    require(reply.status == 409 and reply.header("retry-after").isdecimal(), came)
    return came


async def only_counter_offers(site: HttpEndpoint) -> str:
    """Looks through all answers so far for 406 without a counter-offer."""
    found = [reply for reply in site.replies if reply.status == 406]
    if not found:
        raise NotApplicable("no answer was 406")
    for reply in found:
        is_offer = reply.media_type == SDP and reply.text.startswith("v=0") and reply.location
        require(is_offer, f"{reply}, Location {reply.location or 'missing'}")
    return f"{len(found)} counter-offers"


async def _linked(site: HttpEndpoint, rel: str) -> tuple[MadeSession, WebLink]:
    made = await site.create()
    found = links_by_rel(made.reply, rel)
    if not found:
        raise NotApplicable("the extension is not offered")
    return made, found[0]


async def _event_stream(site: HttpEndpoint, names: list[str] | None = None) -> HttpReply:
    _, link = await _linked(site, EVENTS)
    announced = link.parameters.get("events", "active,inactive,layers,viewercount").split(",")
    wanted = announced if names is None else names
    reply = await site.request("POST", link.url, content=(json.dumps(wanted), JSON))
    require(reply.status == 201 and reply.location, f"{reply}, Location {reply.location}")
    return reply


async def events_created(site: HttpEndpoint) -> str:
    """Asks for an event stream."""
    reply = await _event_stream(site)
    return f"{reply}, Location {reply.location}"


async def events_of_any_name(site: HttpEndpoint) -> str:
    """Asks for an event that no standard has, beside one of them."""
    return str(await _event_stream(site, ["active", "x-no-such-event"]))


async def _read_events(site: HttpEndpoint) -> tuple[HttpReply, list[tuple[str, str]]]:
    made = await _event_stream(site)
    headers = {"Accept": "text/event-stream"}
    # A browser's EventSource sends no Authorization header.
    reply = await site.request("GET", made.location, headers=headers, token="", read_s=_READ_S)
    require(reply.status == 200 and reply.media_type == "text/event-stream", str(reply))
    return reply, parse_events(reply.text)


def parse_events(text: str) -> list[tuple[str, str]]:
    """Returns (name, data) of the whole events in a text. Raises Unmet for two lines of data."""
    found = []
    for block in text.replace("\r\n", "\n").split("\n\n")[:-1]:
        fields = [line.partition(":") for line in block.split("\n") if line[:1] not in ("", ":")]
        names = [value.strip() for key, _, value in fields if key == "event"]
        data = [value.strip() for key, _, value in fields if key == "data"]
        if len(data) > 1:
            raise Unmet(f"{len(data)} lines of data in one event")
        if names and data:
            found.append((names[-1], data[0]))
    return found


async def events_flow(site: HttpEndpoint) -> str:
    """Reads an event stream of a live stream."""
    _, events = await _read_events(site)
    names = [name for name, _ in events]
    require("active" in names, f"events: {', '.join(names) or 'none'}")
    require("inactive" not in names, "inactive, while somebody publishes")
    for name, data in events:
        require(_is_json(data), f"{name}: {data[:80]!r} is no JSON")
    return f"events: {', '.join(names)}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


async def events_deleted(site: HttpEndpoint) -> str:
    """Deletes an event stream, and reads it again."""
    made = await _event_stream(site)
    reply = await site.request("DELETE", made.location)
    require(200 <= reply.status < 300, str(reply))
    after = await site.request("GET", made.location, read_s=0.5)
    require(after.status == 404, f"{reply}, then {after}")
    return f"{reply}, then {after}"


async def layers_need_events(site: HttpEndpoint) -> str:
    """Checks that whoever selects layers tells of them."""
    made, _ = await _linked(site, LAYER)
    found = links_by_rel(made.reply, EVENTS)
    require(found, "no event stream")
    named = found[0].parameters.get("events", "")
    require("layers" in named.split(","), f"events: {named}")
    return f"events: {named}"


async def layer_default(site: HttpEndpoint) -> str:
    """Asks for the server's own choice."""
    _, link = await _linked(site, LAYER)
    reply = await site.request("POST", link.url, content=('{"mediaId":"1"}', JSON))
    require(reply.status == 200, str(reply))
    return str(reply)


async def layer_selected(site: HttpEndpoint) -> str:
    """Asks for each layer that an event named."""
    made, link = await _linked(site, LAYER)
    named = links_by_rel(made.reply, EVENTS)
    require(named, "no event stream")
    stream = await site.request("POST", named[0].url, content=('["layers"]', JSON))
    require(stream.location, str(stream))
    events = await site.request("GET", stream.location, token="", read_s=_READ_S)
    layers = [json.loads(data) for name, data in parse_events(events.text) if name == "layers"]
    if not layers:
        raise NotApplicable("no layers event came")
    asked = []
    for media, found in layers[-1].items():
        for layer in found:
            keys = {k: v for k, v in layer.items() if k in ("rid", "encodingId", "spatialLayerId")}
            body = json.dumps({"mediaId": media, **keys})
            reply = await site.request("POST", link.url, content=(body, JSON))
            require(reply.status == 200, f"{body}: {reply}")
            asked.append(next(iter(keys.values()), ""))
    require(asked, "a layers event without layers")
    return f"layers: {', '.join(str(each) for each in asked)}"


async def layer_malformed(site: HttpEndpoint) -> str:
    """Asks for a layer by text that is no JSON."""
    _, link = await _linked(site, LAYER)
    reply = await site.request("POST", link.url, content=("{", JSON))
    require(is_client_error(reply), str(reply))
    return str(reply)


_SSE = ("", "Server Sent Events extension")
_LAYER = ("", "Video Layer Selection extension")

RULES = (
    Rule("nobody-publishes", MUST, ("", "Session Management"), "POST offer, nobody publishes",
         "409 with Retry-After, or 201", nobody_publishes, RuleStage.IDLE),
    Rule("events-created", MUST, _SSE, "POST list of events", "201 with Location",
         events_created),
    Rule("events-unknown", SHOULD, _SSE, "POST list with an unknown event", "201",
         events_of_any_name),
    Rule("events-flow", MUST, _SSE, "GET event stream", "text/event-stream, active, one data line",
         events_flow),
    Rule("events-deleted", MUST, _SSE, "DELETE event stream, GET", "2xx, then 404",
         events_deleted),
    Rule("layers-need-events", MUST, _LAYER, "POST offer", "events=layers beside the extension",
         layers_need_events),
    Rule("layer-default", MUST, _LAYER, "POST no layer", "200", layer_default),
    Rule("layer-selected", MUST, _LAYER, "POST each layer of a layers event", "200",
         layer_selected),
    Rule("layer-malformed", SHOULD, _LAYER, "POST no JSON", "4xx", layer_malformed),
)  # fmt: skip
"""Rules of WHEP alone."""

LAST_RULES = (
    Rule("only-counter-offers-are-406", MUST, ("", "Server Sends Counter-offer"),
         "all requests so far", "406 only with an offer and Location", only_counter_offers,
         RuleStage.END),
)  # fmt: skip
"""Rules about all answers of WHEP that came."""
