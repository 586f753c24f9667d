"""Writes offers of one publisher and one player, with whatever a rule changes in them."""

from __future__ import annotations

import dataclasses
import secrets

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"

_FINGERPRINT = "sha-256 " + ":".join(f"{byte:02X}" for byte in range(0x21, 0x41))
"""A digest of no certificate: sessions of plain offers never get as far as DTLS."""

VIDEO = (
    "a=rtpmap:96 VP8/90000",
    "a=rtcp-fb:96 nack",
    "a=rtcp-fb:96 nack pli",
    "a=rtpmap:97 H264/90000",
    "a=rtcp-fb:97 nack",
    "a=rtcp-fb:97 nack pli",
    "a=fmtp:97 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1",
)
AUDIO = ("a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;useinbandfec=1")
UNKNOWN_VIDEO = ("a=rtpmap:98 X-NO-SUCH-CODEC/90000",)
UNKNOWN_AUDIO = ("a=rtpmap:112 X-NO-SUCH-CODEC/8000",)

LAYERS = (
    "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "a=rid:0 send",
    "a=rid:1 send",
    "a=rid:2 send",
    "a=simulcast:send 0;1;2",
)
"""Three simulcast layers (RFC 8853), as OBS 32.1 names them."""


def _random(length: int) -> str:
    return secrets.token_hex(length)[:length]


@dataclasses.dataclass(frozen=True, slots=True)
class IceLogin:
    """ICE user name fragment and password (RFC 8839 section 5.4)."""

    ufrag: str = dataclasses.field(default_factory=lambda: _random(8))
    password: str = dataclasses.field(default_factory=lambda: _random(24))


@dataclasses.dataclass(frozen=True, slots=True)
class OfferText:
    """A description to be written; ``replace`` of dataclasses changes parts of it."""

    direction: str
    kinds: tuple[str, ...] = ("audio", "video")
    login: IceLogin = dataclasses.field(default_factory=IceLogin)
    setup: str = "actpass"
    video: tuple[str, ...] = VIDEO
    audio: tuple[str, ...] = AUDIO
    extra: tuple[str, ...] = ()
    "Further lines of video sections."
    has_fingerprint: bool = True
    has_login: bool = True

    def __str__(self) -> str:
        mids = range(len(self.kinds))
        lines = [
            "v=0",
            f"o=- {secrets.randbits(62)} 2 IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
            "a=group:BUNDLE " + " ".join(str(mid) for mid in mids),
            "a=ice-options:trickle ice2",
        ]
        for mid, kind in enumerate(self.kinds):
            lines += self._section(mid, kind)
        return "\r\n".join(lines) + "\r\n"

    def _section(self, mid: int, kind: str) -> list[str]:
        codecs = self.video if kind == "video" else self.audio
        numbers = [line[9:].split()[0] for line in codecs if line.startswith("a=rtpmap:")]
        lines = [
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {' '.join(numbers)}",
            "c=IN IP4 0.0.0.0",
            f"a=mid:{mid}",
            f"a={self.direction}",
            "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid",
            "a=rtcp-mux",
            "a=rtcp-mux-only",
            f"a=setup:{self.setup}",
            *codecs,
        ]
        if self.direction in ("sendonly", "sendrecv"):
            lines.append(f"a=msid:conformance {kind}-{mid}")
        if kind == "video":
            lines += self.extra
        if self.has_login:
            lines += [f"a=ice-ufrag:{self.login.ufrag}", f"a=ice-pwd:{self.login.password}"]
        if self.has_fingerprint:
            lines.append(f"a=fingerprint:{_FINGERPRINT}")
        return lines


def fragment(
    login: IceLogin, candidates: tuple[str, ...] = (), *, mid: str = "0", kind: str = "audio"
) -> str:
    """Returns an SDP fragment (RFC 8840 section 9) of the section that leads the bundle."""
    lines = [
        "a=ice-options:trickle ice2",
        "a=group:BUNDLE 0 1",
        f"m={kind} 9 UDP/TLS/RTP/SAVPF 0",
        f"a=mid:{mid}",
        f"a=ice-ufrag:{login.ufrag}",
        f"a=ice-pwd:{login.password}",
        *(f"a=candidate:{candidate}" for candidate in candidates),
    ]
    return "\r\n".join(lines) + "\r\n"


CANDIDATE = "1 1 udp 2122260223 192.0.2.1 61764 typ host"
"""A candidate at an address of documentation (RFC 5737): no check sent there reaches anybody."""

ODD_CANDIDATES = (
    "2 1 sctp 2122260222 192.0.2.1 61764 typ host",
    "3 1 udp 2122260221 no-such-name.invalid 61764 typ host",
)
"""An unknown transport, and a name that cannot be resolved (RFC 6761 section 6.4)."""
