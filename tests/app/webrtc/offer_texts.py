"""Offers in the shape of real clients, and ways to change them."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent / "offers"
PUBLISHERS = (
    "obs",
    "obs_av1",
    "obs_simulcast_four",
    "ffmpeg",
    "ffmpeg_active",
    "hardware_publish",
    "chromium_publish",
    "obs_simulcast",
    "chromium_simulcast",
    "firefox_publish",
    "safari_publish",
    "gstreamer_publish",
    "larix_publish",
    "max_bundle_publish",
)
PLAYERS = ("chromium_play", "firefox_play", "gstreamer_play", "safari_play")


def offer(name: str) -> str:
    """The text of ``offers/NAME.sdp`` with CRLF, as clients send it."""
    return (_FOLDER / f"{name}.sdp").read_text().replace("\n", "\r\n")


def without(sdp: str, prefix: str) -> str:
    """All lines that do not begin with ``prefix``."""
    return "".join(line for line in sdp.splitlines(keepends=True) if not line.startswith(prefix))


def only(sdp: str, kind: str) -> str:
    """The session part and the sections of one kind."""
    session, *sections = sdp.split("\r\nm=")
    kept = "\r\nm=".join([session, *(s for s in sections if s.startswith(kind))])
    return kept.rstrip("\r\n") + "\r\n"


def publish_h264(parameters: str) -> str:
    """A publisher that offers one H.264 payload type with these parameters."""
    sdp = without(offer("obs"), "a=fmtp:96")
    return sdp + (f"a=fmtp:96 {parameters}\r\n" if parameters else "")


def publish_vp9(parameters: str) -> str:
    """A publisher that offers one VP9 payload type with these parameters."""
    return publish_h264(parameters).replace("H264/90000", "VP9/90000")


def publish_codec(name: str) -> str:
    """A publisher that offers one other video codec."""
    return without(offer("obs"), "a=fmtp:96").replace("H264/90000", f"{name}/90000")
