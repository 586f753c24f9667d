"""WHIP session of the publisher: encoders and FFmpeg's muxer."""

from __future__ import annotations

import dataclasses
import tempfile
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import av
import av.error

from cli.errors import NotPublished
from cli.publisher import codecs
from cli.publisher.certificate import write_certificate
from cli.publisher.clip import SAMPLE_RATE
from cli.publisher.server_query import ServerReason, refusal
from cli.publisher.watchdog import watching

_HANDSHAKE_TIMEOUT_MS = 10_000
"""Time limit of the ICE and DTLS handshakes, for servers that are far away or busy."""

KEY_FRAME_PERIOD_S = 2
"""Time between key frames, as live encoders are usually set."""

_TIME_OFFSET_S = Fraction(1, 50)
"""Seconds that are added to all time stamps, since Opus begins before zero by its look-ahead."""


@dataclasses.dataclass(frozen=True, slots=True)
class SendFormat:
    """Format of the sent video and sound."""

    width: int
    height: int
    fps: Fraction
    kbps: int
    has_sound: bool
    has_stamp: bool = False
    "True if frame numbers are burnt into the picture."


class WhipSession:
    """A session that is opened on entry and ended (DELETE) on exit.

    All methods raise NotPublished.
    """

    def __init__(self, url: str, token: str, sent: SendFormat) -> None:
        self._url = url
        self._sent = sent
        self._token = token
        self._container: Any = None
        self._video: Any = None
        self._audio: Any = None

    def __enter__(self) -> WhipSession:
        # FFmpeg reads the certificate only when the muxer starts, so the folder may go afterwards.
        with tempfile.TemporaryDirectory(prefix="sharpcast-publish-") as folder:
            try:
                self._open(Path(folder))
                # Far beyond the muxer's own limit, whose failure has a reason to tell.
                with watching(2 * _HANDSHAKE_TIMEOUT_MS / 1000):
                    self._container.start_encoding()
            except av.error.FFmpegError as error:
                self._container = None
                raise _failure(error, self._url, self._token) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._container is not None:
            try:
                with watching():
                    self._container.close()
            except av.error.FFmpegError as failure:
                if kind is None:
                    raise _failure(failure, self._url, self._token) from failure

    def send_picture(self, frame: av.VideoFrame, tick: int) -> None:
        """Encodes and sends a frame; ``tick`` counts 1/fps."""
        frame.pts = tick
        frame.time_base = 1 / self._sent.fps
        frame.pict_type = 0  # otherwise the encoder repeats the file's frame types
        self._send(self._video, frame)

    def send_sound(self, frame: av.AudioFrame) -> None:
        """Encodes and sends 20 ms of sound; ``pts`` counts samples."""
        self._send(self._audio, frame)

    def _send(self, stream: Any, frame: Any) -> None:
        try:
            packets = stream.encode(frame)
        except av.error.FFmpegError as error:
            raise _lost(error) from error
        for packet in packets:
            offset = round(_TIME_OFFSET_S / packet.time_base)
            packet.pts += offset
            packet.dts += offset
            self._mux(packet)

    def _mux(self, packet: Any) -> None:
        try:
            with watching():
                self._container.mux(packet)
        except av.error.FFmpegError as error:
            raise _lost(error) from error

    def _open(self, folder: Path) -> None:
        cert_file, key_file = write_certificate(folder)
        options = {
            "cert_file": str(cert_file),
            "key_file": str(key_file),
            "handshake_timeout": str(_HANDSHAKE_TIMEOUT_MS),
        }
        if self._token:
            options["authorization"] = self._token
        self._container = av.open(self._url, "w", format="whip", options=options)
        self._video = self._add_video()
        if self._sent.has_sound:
            self._audio = self._add_audio()

    def _add_audio(self) -> Any:
        audio = self._container.add_stream(codecs.AUDIO.encoder, rate=SAMPLE_RATE, layout="stereo")
        audio.bit_rate = 96_000
        return audio

    def _add_video(self) -> Any:
        sent = self._sent
        video = self._container.add_stream(codecs.VIDEO.encoder, rate=sent.fps)
        video.width, video.height = sent.width, sent.height
        video.pix_fmt = "yuv420p"
        video.bit_rate = sent.kbps * 1000
        set_up_encoder(video.codec_context, sent)
        return video


def set_up_encoder(coder: Any, sent: SendFormat) -> None:
    """Sets what an encoder for WebRTC needs: no delay, key frames by the clock, a bounded rate."""
    coder.time_base = Fraction(1, 90_000)
    coder.gop_size = round(KEY_FRAME_PERIOD_S * sent.fps)
    # WebRTC has no decoding time stamps, and receivers show frames in the order of arrival.
    coder.max_b_frames = 0
    coder.thread_count = 1  # more threads make more slices, or a delay
    coder.options = {
        "preset": "superfast",
        "tune": "zerolatency",
        "profile": "baseline",
        # Key frames come by the clock alone; one at each cut would exceed the rate.
        "sc_threshold": "0",
        "maxrate": f"{sent.kbps}k",
        # The buffer that the rate control models: half a second at the given rate.
        "bufsize": f"{max(1, sent.kbps // 2)}k",
    }


_NAME_TAKEN = "Already publishing"
"""Title of the server's refusal of a name that is in use."""

_PERMANENT = (
    av.error.HTTPUnauthorizedError,
    av.error.HTTPNotFoundError,
    av.error.HTTPBadRequestError,
)


def _failure(error: av.error.FFmpegError, url: str, token: str) -> NotPublished:
    if isinstance(error, av.error.HTTPOtherClientError):
        return NotPublished(_refused(refusal(url, token), url), is_passing=True)
    return NotPublished(_sentence(error, url), is_passing=not isinstance(error, _PERMANENT))


def _sentence(error: av.error.FFmpegError, url: str) -> str:
    """Returns a sentence that says what went wrong and what a person can do."""
    parts = urlsplit(url)
    name = parts.path.rsplit("/", 1)[-1]
    # FFmpeg keeps the status of 400, 401, 403, 404, 429, and the class of others.
    if isinstance(error, av.error.HTTPUnauthorizedError):
        return "The server wants its publish token: set SHARPCAST_PUBLISH_TOKEN (401)."
    if isinstance(error, av.error.HTTPNotFoundError):
        return f"Nothing takes streams at {url} (404)."
    if isinstance(error, av.error.HTTPBadRequestError):
        return f"The server does not take the offer or the name {name!r} (400)."
    if isinstance(error, av.error.HTTPServerError):
        return "The server is full or cannot work at the moment; try again later (503)."
    if isinstance(error, ConnectionRefusedError):
        return f"Nothing listens at {parts.netloc}: the connection was refused."
    return f"No session with {parts.netloc}: {_reason(error)}."


def _refused(why: ServerReason, url: str) -> str:
    """Returns the server's own sentence, or what to do where the name is taken."""
    # A 400 is about the request for the reason, which has no offer: what refuses the stream comes
    # behind that, a name that another node has, or no room for its first view permission.
    if why.detail and why.title != _NAME_TAKEN and why.status != 400:
        return f"The server refuses the stream: {why.detail.rstrip('.')} ({why.status})."
    name = urlsplit(url).path.rsplit("/", 1)[-1]
    if why.status == 400:
        return (
            f"Somebody publishes {name!r} already, or there is no room for its view permission; "
            "choose another name, or end that one (409)."
        )
    return f"Somebody publishes {name!r} already; choose another name or end that one (409)."


def _lost(error: av.error.FFmpegError) -> NotPublished:
    words = f"The connection to the server is lost ({_reason(error)})."
    return NotPublished(words, is_passing=True)


def _reason(error: av.error.FFmpegError) -> str:
    return str(error.strerror or error).rstrip(".")
