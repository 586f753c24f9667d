"""Joining a stream and leaving it, for viewers that are no browsers."""

from __future__ import annotations

import asyncio
import contextlib
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiortc import RTCPeerConnection, RTCRtpTransceiver

JOIN_S = 10.0

_BASELINE, _HIGH = "profile-level-id=42e01f", "profile-level-id=640c1f"


def new_peer(address: str = "127.0.0.1") -> RTCPeerConnection:
    """Makes a peer connection that gathers one address alone and asks no STUN server."""
    import aioice.ice
    from aiortc import RTCConfiguration, RTCPeerConnection
    from aiortc.rtcconfiguration import RTCBundlePolicy

    # aioice would offer every address of the machine and try each pair of them; viewer and server
    # are on the same one.
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [address]
    return RTCPeerConnection(
        RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
    )


def prefer_h264(transceiver: RTCRtpTransceiver) -> None:
    """Offers H.264 alone, which aiortc would name behind VP8."""
    from aiortc import RTCRtpSender

    codecs = RTCRtpSender.getCapabilities("video").codecs
    rank = [codec for codec in codecs if codec.name in ("H264", "rtx")]
    transceiver.setCodecPreferences(rank)


async def join(peer: RTCPeerConnection, url: str, timeout_s: float = JOIN_S) -> str:
    """Sends the peer's offer to the server and gives the answer to the peer. Returns the address of
    the session. Raises OSError.
    """
    from aiortc import RTCSessionDescription

    # aiortc names constrained baseline alone, though FFmpeg decodes any profile for it.
    offer = peer.localDescription.sdp.replace(_BASELINE, _HIGH)
    # urllib blocks, and the loop has to answer connectivity checks meanwhile.
    answer, location = await asyncio.to_thread(_post, url, offer, timeout_s)
    answer = answer.replace(_HIGH, _BASELINE)
    await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    return location


async def leave(location: str) -> None:
    """Ends the session; it may have ended before, with its stream."""
    await asyncio.to_thread(_delete, location)


def _post(url: str, sdp: str, timeout_s: float) -> tuple[str, str]:
    request = urllib.request.Request(url, sdp.encode(), {"Content-Type": "application/sdp"})
    with urllib.request.urlopen(request, timeout=timeout_s) as answer:
        return answer.read().decode(), answer.headers["Location"]


def _delete(location: str) -> None:
    request = urllib.request.Request(location, method="DELETE")
    with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5):
        pass
