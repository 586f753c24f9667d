"""Input of ``sharpcast publish``: a camera, another server's stream, HLS or a file."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import av
import av.error

from cli.errors import NotPublished
from cli.publisher.address import SourceAddress, SourceKind
from cli.publisher.copy_rule import SourceVideo
from cli.publisher.demux import packets_of
from cli.publisher.srt_relay import SrtRelay

OPEN_S, READ_S = 10.0, 6.0
"""Time limits of opening and of each read. A camera that hangs sends nothing, and says nothing."""

_ANALYSIS_US = "3000000"
"""Stream time that FFmpeg reads at most to know codecs and sizes; a key frame may take 2 s."""

_OPTIONS = {
    # A list of segments must name no file of this machine.
    SourceKind.HTTP: {"protocol_whitelist": "http,https,tcp,tls,crypto,data"},
    SourceKind.FILE: {"protocol_whitelist": "file,crypto,data"},
    # Cameras also offer streams of events, which nobody takes here.
    SourceKind.RTSP: {"allowed_media_types": "video+audio"},
}


@dataclasses.dataclass(frozen=True, slots=True)
class SourceInput:
    """An open input; ``close`` it."""

    address: SourceAddress
    container: Any
    video: Any
    audio: Any
    "The sound that belongs to the video; None without."
    is_live: bool
    "True if it has no end that is known."
    relay: SrtRelay | None = None

    @property
    def facts(self) -> SourceVideo:
        """Properties of the video."""
        context = self.video.codec_context
        return SourceVideo(
            codec=context.codec.canonical_name,
            width=context.width,
            height=context.height,
            pixel_format=context.pix_fmt or "",
            has_b_frames=bool(context.has_b_frames),
        )

    def packets(self) -> Iterator[Any]:
        """Yields packets up to the end; at the end an empty one of each stream.

        Raises NotPublished where the source is lost.
        """
        streams = [each for each in (self.video, self.audio) if each is not None]
        try:
            yield from packets_of(self.container, *streams)
        except av.error.EOFError:
            return
        except (av.error.FFmpegError, OSError) as error:
            raise NotPublished(_lost(self.address, error), is_passing=True) from error

    def close(self) -> None:
        """Closes it; errors of a connection that is lost mean nothing."""
        with contextlib.suppress(av.error.FFmpegError, OSError):
            self.container.close()
        if self.relay is not None:
            self.relay.close()


def open_input(
    address: SourceAddress, *, transport: str = "auto", listen_s: float | None = None
) -> SourceInput:
    """Opens a source and finds its streams. Raises NotPublished.

    ``listen_s`` limits the time that a listener waits for its encoder; None: it has no limit.
    """
    relay = SrtRelay(address.text, read_s=READ_S) if address.kind is SourceKind.SRT else None
    began = time.monotonic()
    try:
        if relay is not None:
            relay.await_first(listen_s if address.is_listener else OPEN_S)
            began = time.monotonic()
        container = _open(address, transport, relay)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        words = relay.failure() if relay is not None else ""
        if relay is not None:
            relay.close()
        if words:
            raise NotPublished(f"{address.shown} {words}.", is_passing=True) from error
        # FFmpeg may call it invalid data that an answer never came.
        if not address.is_file and time.monotonic() - began >= OPEN_S:
            error = TimeoutError()
        # A file of this machine that is gone does not come back by itself.
        words = refusal(address, error)
        raise NotPublished(words, is_passing=not address.is_file) from error
    try:
        video, audio = _streams(address, container)
    except NotPublished:
        SourceInput(address, container, None, None, True, relay).close()
        raise
    is_live = address.is_real_time or not container.duration
    return SourceInput(address, container, video, audio, is_live, relay)


def _open(address: SourceAddress, transport: str, relay: SrtRelay | None) -> Any:
    options = {"analyzeduration": _ANALYSIS_US, **_OPTIONS.get(address.kind, {})}
    limits = (OPEN_S, READ_S)
    if relay is not None:
        return av.open(relay, "r", format="mpegts", options=options)
    if address.is_file:
        return av.open(f"file:{address.text}", options=options, metadata_errors="replace")
    if address.kind is not SourceKind.RTSP:
        return av.open(address.text, options=options, timeout=limits, metadata_errors="replace")
    first = "udp" if transport == "udp" else "tcp"
    began = time.monotonic()
    try:
        return av.open(address.text, options={**options, "rtsp_transport": first}, timeout=limits)
    except av.error.FFmpegError as error:
        is_slow = time.monotonic() - began >= OPEN_S
        if transport != "auto" or is_slow or not _may_be_transport(error):
            raise
    return av.open(address.text, options={**options, "rtsp_transport": "udp"}, timeout=limits)


def _may_be_transport(error: Exception) -> bool:
    """Returns True if a camera may have refused the transport (461), not the user or the path."""
    known = (
        av.error.HTTPUnauthorizedError,
        av.error.HTTPForbiddenError,
        av.error.HTTPNotFoundError,
        av.error.ExitError,
        ConnectionRefusedError,
        TimeoutError,
    )
    return not isinstance(error, known)


def _streams(address: SourceAddress, container: Any) -> tuple[Any, Any]:
    """Returns the video, and the sound that belongs to it. Raises NotPublished."""
    video = container.streams.best("video")
    if video is None:
        held = container.streams.video
        if not held:
            raise NotPublished(f"{address.shown} sends no video.", is_passing=True)
        video = held[0]
    if video.codec_context is None:
        raise NotPublished(f"{address.shown} sends video of a codec that is not known here.")
    if not video.codec_context.width:
        raise NotPublished(
            f"{address.shown} sends no picture: its size did not come within {OPEN_S:.0f} s.",
            is_passing=True,
        )
    audio = container.streams.best("audio", related=video)
    return video, audio if audio is not None and audio.codec_context is not None else None


def refusal(address: SourceAddress, error: Exception) -> str:
    """Returns a sentence about a source that cannot be opened, and what a person can do."""
    shown = address.shown
    if isinstance(error, av.error.HTTPUnauthorizedError):
        return (
            f"{shown} refuses the user or the password (401): put them into the address as "
            f"{shown.partition('://')[0]}://USER:PASSWORD@HOST, signs such as @ as %40."
        )
    if isinstance(error, av.error.HTTPForbiddenError):
        return f"{shown} forbids it (403): this user or address may not watch."
    if isinstance(error, av.error.HTTPNotFoundError):
        return f"{shown} has nothing of that path (404)."
    if isinstance(error, av.error.HTTPServerError):
        return f"{shown} cannot serve it at the moment (5xx)."
    if isinstance(error, av.error.InvalidDataError):
        return f"{shown} holds nothing that can be read as {_what(address)}."
    if isinstance(error, ConnectionRefusedError):
        return f"Nothing listens at {shown}: the connection was refused."
    if isinstance(error, FileNotFoundError):
        return f"{shown} cannot be read: there is no such file."
    if _is_timeout(error) and address.is_listener:
        return f"No encoder came to {shown}."
    if _is_timeout(error):
        return f"{shown} does not answer within {OPEN_S:.0f} s."
    return f"{shown} cannot be opened: {_reason(error)}."


def _lost(address: SourceAddress, error: Exception) -> str:
    if _is_timeout(error):
        return f"{address.shown} sends nothing any more."
    return f"{address.shown} is lost ({_reason(error)})."


def _is_timeout(error: Exception) -> bool:
    # PyAV ends a call that takes too long by FFmpeg's interrupt.
    return isinstance(error, av.error.ExitError | TimeoutError)


def _what(address: SourceAddress) -> str:
    return "a film" if address.kind in (SourceKind.FILE, SourceKind.HTTP) else address.kind.value


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or type(error).__name__).rstrip(".")
