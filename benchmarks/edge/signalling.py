"""Joins each server; a place to watch is a word and an address in one string."""

from __future__ import annotations

import asyncio
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from benchmarks import whep
from benchmarks.edge import janus

if TYPE_CHECKING:
    from aiortc import RTCPeerConnection

_SHA_512 = "a=fingerprint:sha-512"
_TRIES = 40
_AGAIN_S = 0.25
_BUSY = (429, 503)
"""Answers of a server that has too many joins at the moment."""


def new_viewer() -> RTCPeerConnection:
    """Makes a peer that will receive sound and H.264."""
    peer = whep.new_peer()
    for kind in ("audio", "video"):
        transceiver = peer.addTransceiver(kind, direction="recvonly")
        if kind == "video":
            whep.prefer_h264(transceiver)
    return peer


async def join(
    place: str, *, on_made: Callable[[RTCPeerConnection], None] = lambda peer: None
) -> RTCPeerConnection:
    """Joins ``whep URL`` or ``janus URL``, and returns the peer once its connection stands.
    ``on_made`` gets it before anything may arrive. Raises OSError, TimeoutError.
    """
    way, _, url = place.partition(" ")
    # Janus never listens on loopback, so its viewers have the address that it has.
    peer = new_viewer() if way == "whep" else whep.new_peer(janus.own_address())
    if way == "whep":
        await peer.setLocalDescription(await peer.createOffer())
        on_made(peer)
        for left in reversed(range(_TRIES)):
            try:
                await whep.join(peer, url)
                break
            except urllib.error.HTTPError as error:
                if error.code not in _BUSY or not left:
                    raise
                await asyncio.sleep(_AGAIN_S)
    else:
        await _join_janus(peer, url, on_made)
    async with asyncio.timeout(whep.JOIN_S):
        while peer.connectionState != "connected":  # noqa: ASYNC110 - aiortc has no event for it
            await asyncio.sleep(0.002)
    return peer


async def _join_janus(
    peer: RTCPeerConnection, url: str, on_made: Callable[[RTCPeerConnection], None]
) -> None:
    """Asks Janus' streaming plug-in for its offer, and answers it."""
    from aiortc import RTCSessionDescription

    session = (await _ask(url, {"janus": "create"}))["data"]["id"]
    at = f"{url}/{session}"
    attach = {"janus": "attach", "plugin": "janus.plugin.streaming"}
    handle = (await _ask(at, attach))["data"]["id"]
    await _ask(f"{at}/{handle}", {"janus": "message", "body": {"request": "watch", "id": 1}})
    offer = ""
    while not offer:
        offer = (await asyncio.to_thread(_call, at, None)).get("jsep", {}).get("sdp", "")
    await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
    on_made(peer)
    await peer.setLocalDescription(await peer.createAnswer())
    # Janus takes the last fingerprint of a section, and knows SHA-256 alone.
    lines = peer.localDescription.sdp.split("\r\n")
    kept = [line for line in lines if not line.startswith(("a=fingerprint:sha-384", _SHA_512))]
    answer = {"type": "answer", "sdp": "\r\n".join(kept)}
    body = {"janus": "message", "body": {"request": "start"}, "jsep": answer}
    await _ask(f"{at}/{handle}", body)


async def _ask(url: str, body: dict[str, Any]) -> Any:
    body["transaction"] = secrets.token_hex(4)
    return await asyncio.to_thread(_call, url, body)


def _call(url: str, body: dict[str, Any] | None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=10) as answer:
        return json.load(answer)


def allow_many_requests() -> None:
    """Gives the running loop enough threads for many joins at once."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(64, "http"))
