"""Writes to attributes of aiortc and aioice that have no public setter, all in one place.

aiortc chooses the receiver and the sender of a transceiver itself and offers no hook for others;
ours depacketize without a decoder thread and send units that are coded already. Versions are
bounded in ``pyproject.toml``, and the tests of both connections fail where a name changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.rtcrtptransceiver import RTCRtpTransceiver


def put_receiver(transceiver: RTCRtpTransceiver, receiver: RTCRtpReceiver) -> None:
    """Replaces the transceiver's receiver; before the answer only."""
    # Reports and requests of the receiver go out under the SSRC of the transceiver's sender.
    receiver._set_rtcp_ssrc(transceiver.sender._ssrc)
    transceiver._RTCRtpTransceiver__receiver = receiver  # type: ignore[attr-defined]


def put_sender(transceiver: RTCRtpTransceiver, sender: RTCRtpSender, stream_id: str) -> None:
    """Replaces the transceiver's sender; before the answer only."""
    sender._stream_id = stream_id
    transceiver.receiver._set_rtcp_ssrc(sender._ssrc)
    transceiver._RTCRtpTransceiver__sender = sender  # type: ignore[attr-defined]


def watch_media_only(transceiver: RTCRtpTransceiver, on_check: Callable[[], None]) -> None:
    """Lets what arrives stand for the peer's consent; before the answer only. ``on_check`` is
    called for each authentic connectivity check.

    FFmpeg's whip muxer does not answer consent checks (RFC 7675) once it sends, and aioice
    would close the connection after half a minute. We send such a peer nothing but feedback
    on its media, and end it ourselves seconds after that stops.
    """

    async def query_consent() -> None:
        return

    connection = transceiver.receiver.transport.transport._connection
    # An instance attribute hides the method, so other peers of the process keep theirs.
    connection.query_consent = query_consent  # type: ignore[method-assign]
    check_incoming = connection.check_incoming

    def on_authentic(*check: Any) -> None:
        # aioice calls this only for requests whose integrity it has checked with our password.
        check_incoming(*check)
        on_check()

    connection.check_incoming = on_authentic  # type: ignore[assignment, method-assign]
