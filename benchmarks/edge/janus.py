"""Janus as Debian packages it, with its streaming plug-in alone: the reference in C."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.waiting import end

VIDEO_TYPE, AUDIO_TYPE = 96, 111
"""Payload types of the plain RTP that it takes."""

_LIBRARIES = "/usr/lib/x86_64-linux-gnu/janus"

_GENERAL = """
general: {{
  configs_folder = "{folder}"
  plugins_folder = "{libraries}/plugins"
  transports_folder = "{libraries}/transports"
  events_folder = "{libraries}/events"
  loggers_folder = "{libraries}/loggers"
  debug_level = 3
  session_timeout = 0
}}
nat: {{ ice_lite = true }}
plugins: {{ disable = "{plugins}" }}
transports: {{ disable = "{transports}" }}
events: {{ broadcast = false }}
"""

_HTTP = """
general: {{ json = "compact", base_path = "/janus", http = true, port = {port}, ip = "127.0.0.1" }}
admin: {{ admin_http = false }}
"""

# The newest key frame is kept for who joins, as our relays do with the whole group of pictures.
_STREAMING = """
edge: {{
  type = "rtp", id = 1, description = "edge"
  audio = true, audioport = {audio}, audiopt = {audio_type}, audiocodec = "opus"
  video = true, videoport = {video}, videopt = {video_type}, videocodec = "h264"
  videofmtp = "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1"
  videobufferkf = true
}}
"""


def is_installed() -> bool:
    """True where Debian's package is there (``apt install janus``)."""
    return shutil.which("janus") is not None and Path(_LIBRARIES).is_dir()


def own_address() -> str:
    """Returns an address of the machine that is not loopback's, on which Janus never listens;
    empty where there is none.
    """
    for addresses in psutil.net_if_addrs().values():
        for each in addresses:
            if each.family == socket.AF_INET and not each.address.startswith("127."):
                return each.address
    return ""


@contextlib.contextmanager
def running(http: int, video: int, audio: int) -> Iterator[subprocess.Popen[bytes]]:
    """Runs Janus with the given ports until the block ends."""
    with tempfile.TemporaryDirectory(prefix="janus-bench-") as folder:
        texts = {
            "janus.jcfg": _GENERAL.format(
                folder=folder,
                libraries=_LIBRARIES,
                plugins=_others("plugins", "streaming"),
                transports=_others("transports", "http"),
            ),
            "janus.transport.http.jcfg": _HTTP.format(port=http),
            "janus.plugin.streaming.jcfg": _STREAMING.format(
                video=video, audio=audio, video_type=VIDEO_TYPE, audio_type=AUDIO_TYPE
            ),
        }
        for name, text in texts.items():
            (Path(folder) / name).write_text(text)
        process = subprocess.Popen(
            ["janus", "--configs-folder", folder, "--disable-colors"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            end(process)


def _others(kind: str, wanted: str) -> str:
    found = {path.name.partition(".so")[0] + ".so" for path in Path(_LIBRARIES, kind).glob("*.so*")}
    return ",".join(sorted(name for name in found if wanted not in name))
