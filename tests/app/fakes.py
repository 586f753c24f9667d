"""Stand-ins for what lies outside: units without an encoder, a peer without a network."""

from __future__ import annotations

import dataclasses

from aiortc.rtp import AnyRtcpPacket, RtpPacket

from app.rtp.send_queue import PacketizedFrame
from app.webrtc.sdp_offer import MediaOffer
from media.access_unit import AccessUnit, Checkpoint, Flags, Kind
from media.codec import Codec
from wire.batch import Batch
from wire.clock import now_us


def video(
    sequence: int, *, key: bool = False, size: int = 20, flags: Flags = Flags.NONE
) -> AccessUnit:
    """An H.264 unit of one slice; its bytes and times tell its number."""
    head = b"\x00\x00\x00\x01\x65" if key else b"\x00\x00\x00\x01\x41"
    return AccessUnit(
        kind=Kind.VIDEO,
        codec=Codec.H264,
        flags=flags | (Flags.KEY if key else Flags.NONE),
        sequence=sequence,
        pts=3000 * sequence,
        clock_rate=90_000,
        capture_us=now_us(),
        arrival_us=now_us(),
        payload=head + f"{sequence}".encode().ljust(size, b"."),
        width=480,
        height=270,
        stamps=((Checkpoint.ARRIVED, now_us()),),
    )


def audio(sequence: int) -> AccessUnit:
    """An Opus packet."""
    return AccessUnit(
        kind=Kind.AUDIO,
        codec=Codec.OPUS,
        flags=Flags.KEY,
        sequence=sequence,
        pts=960 * sequence,
        clock_rate=48_000,
        capture_us=now_us(),
        arrival_us=now_us(),
        payload=f"opus {sequence}".encode(),
        stamps=((Checkpoint.ARRIVED, now_us()),),
    )


def group(first: int, count: int) -> list[AccessUnit]:
    """A key frame and what follows it."""
    return [video(first + n, key=n == 0) for n in range(count)]


def batch(epoch: int, *units: AccessUnit) -> Batch:
    """One log entry."""
    return Batch(epoch=epoch, units=units)


def sequence(unit: AccessUnit) -> int:
    """The unit's sequence number."""
    return unit.sequence


def number(unit: PacketizedFrame) -> int:
    """The sequence number that ``video`` wrote into the payload."""
    return int(unit.payloads[0][1:].rstrip(b".") or b"0")


@dataclasses.dataclass(eq=False)
class Listener:
    """Keeps what a fan-out hands on."""

    heard: list[tuple[str, PacketizedFrame]] = dataclasses.field(default_factory=list)

    def __call__(self, rendition: str, unit: PacketizedFrame) -> None:
        self.heard.append((rendition, unit))

    @property
    def video(self) -> list[PacketizedFrame]:
        """Video units."""
        return [unit for _, unit in self.heard if unit.is_video]


@dataclasses.dataclass(eq=False)
class Consumer:
    """Keeps what a reader hands on."""

    is_needed: bool = True
    heard: list[AccessUnit] = dataclasses.field(default_factory=list)
    gaps: int = 0
    ends: int = 0

    def take(self, unit: AccessUnit) -> None:
        """Keeps one unit."""
        self.heard.append(unit)

    def on_gap(self) -> None:
        """Counts a gap."""
        self.gaps += 1

    def on_end(self) -> None:
        """Counts the end."""
        self.ends += 1

    @property
    def video(self) -> list[AccessUnit]:
        """Video units."""
        return [unit for unit in self.heard if unit.kind is Kind.VIDEO]


@dataclasses.dataclass(eq=False)
class KeyFrameWish:
    """Counts how often a key frame was asked for."""

    count: int = 0

    def __call__(self) -> None:
        self.count += 1


class SilentTrack:
    """A track that sends and takes nothing, and tells that it was started and stopped."""

    def __init__(self) -> None:
        self.is_started = self.is_stopped = False

    def start(self, section: MediaOffer) -> None:
        self.is_started = True

    async def stop(self) -> None:
        self.is_stopped = True

    def on_control(self, packet: AnyRtcpPacket) -> None:
        """Passes it over."""

    def on_packet(self, packet: RtpPacket, arrival_ms: int) -> None:
        """Passes it over."""
