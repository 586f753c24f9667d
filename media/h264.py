"""H.264: its RTP payload format (RFC 6184), and its streams as decoders need them.

Sent are single NAL units, aggregates (STAP-A) and fragments (FU-A), which is packetization mode 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from media.codec import MAX_PAYLOAD, Codec, CodecDescriptor, Parameters, SideData
from media.coded_picture import CodedPicture, Fault, FrameInfo
from media.fragment import Fragment, PayloadStart
from media.h264_stream import H264Stream, TooManyParts, has_slice, nal_units, with_sets
from media.limits import MAX_SIDE

MAX_AGGREGATED = 64
"""NAL units in one payload at most; each costs the event loop a microsecond."""

_START = b"\x00\x00\x00\x01"
_STARTS = (_START, _START[1:])
_STAP_A, _FU_A = 24, 28
_MAX_NAL_TYPE = 23
"""RFC 6184 section 5.2: greater numbers are those of payload structures, and 0 is none."""

_WITH_HIGH = ("64", "6e", "7a", "f4")
"""The first byte of ``profile-level-id`` (profile_idc) of High, High 10, High 4:2:2 and High 4:4:4
Predictive: a decoder for any of them decodes High (ITU-T H.264, annex A.2). Chromium without a
decoder in hardware offers f4 alone."""

_BEFORE_SLICES = (6, 7, 9)
"""NAL unit types that a payload with a sequence parameter set begins with (H.264 section 7.4.1)."""


def packetize(
    unit: bytes,
    *,
    picture_id: int,
    is_key: bool,
    size: tuple[int, int],
    mtu: int = MAX_PAYLOAD,
) -> list[bytes]:
    """Cuts an Annex B unit into payloads; NAL units of types that RTP cannot carry are left out."""
    payloads: list[bytes] = []
    group: list[bytes] = []
    length = 1
    for nal in nal_units(unit):
        if not 1 <= nal[0] & 0x1F <= _MAX_NAL_TYPE:
            continue
        if group and (length + 2 + len(nal) > mtu or len(group) == MAX_AGGREGATED):
            payloads.append(_aggregate(group))
            group, length = [], 1
        if len(nal) > mtu:
            payloads += _fragments(nal, mtu)
        else:
            group.append(nal)
            # Two bytes of size stand in front of each unit of an aggregate.
            length += 2 + len(nal)
    if group:
        payloads.append(_aggregate(group))
    return payloads


def _aggregate(nals: list[bytes]) -> bytes:
    """Returns one NAL unit as it is, several as a STAP-A (section 5.7.1)."""
    if len(nals) == 1:
        return nals[0]
    # Section 5.3: F is set if any unit has it, NRI is the greatest of all units.
    forbidden = max(nal[0] & 0x80 for nal in nals)
    importance = max(nal[0] & 0x60 for nal in nals)
    parts = [bytes([forbidden | importance | _STAP_A])]
    for nal in nals:
        parts += (len(nal).to_bytes(2, "big"), nal)
    return b"".join(parts)


def _fragments(nal: bytes, mtu: int) -> Iterator[bytes]:
    """Returns the FU-A payloads of one NAL unit (section 5.8), of one length but for the last,
    which is shorter: the kernel sends packets of one length by one call.
    """
    body = len(nal) - 1
    # Two bytes are the FU indicator and the FU header; the unit's own header is left out, since
    # both hold it.
    count = -(-body // (mtu - 2))
    step = -(-body // count)
    indicator, kind = nal[0] & 0xE0 | _FU_A, nal[0] & 0x1F
    for at in range(1, len(nal), step):
        flags = (0x80 if at == 1 else 0) | (0x40 if at + step >= len(nal) else 0)
        yield bytes([indicator, flags | kind]) + nal[at : at + step]


def depacketize(payload: bytes) -> Fragment:
    """Reads one payload into Annex B. Raises ValueError if it is malformed or of another mode."""
    if not payload:
        return Fragment(b"")
    kind = payload[0] & 0x1F
    if 1 <= kind <= _MAX_NAL_TYPE:
        return Fragment(_START + payload)
    if kind == _FU_A:
        if len(payload) < 2:
            raise ValueError("an H.264 fragment is cut off before its header")
        # The first fragment brings the NAL unit's header back: F and NRI stand in the indicator,
        # the type in the FU header.
        if payload[1] & 0x80:
            nal_header = payload[0] & 0xE0 | payload[1] & 0x1F
            return Fragment(b"%b%c%b" % (_START, nal_header, payload[2:]))
        return Fragment(payload[2:])
    if kind == _STAP_A:
        return Fragment(b"".join(_split(payload)))
    raise ValueError(f"an H.264 payload of type {kind} is not of packetization mode 0 or 1")


def _split(payload: bytes) -> Iterator[bytes]:
    at, count = 1, 0
    while at < len(payload):
        start = at + 2
        at = start + int.from_bytes(payload[at:start], "big")
        count += 1
        if at > len(payload) or start > len(payload):
            raise ValueError("an H.264 aggregate is cut off")
        if count > MAX_AGGREGATED:
            raise ValueError(f"a packet aggregates more than {MAX_AGGREGATED} NAL units")
        if at > start:
            yield _START
            yield payload[start:at]


def key_frame_size(fragment: Fragment) -> tuple[int, int]:
    """Returns the size of the key frame that a payload begins with its parameter sets."""
    data = fragment.data
    if len(data) < 5 or data[:4] != _START or data[4] & 0x1F not in _BEFORE_SLICES:
        return 0, 0
    info = inspect(data)
    return info.width, info.height


def inspect(unit: bytes) -> FrameInfo:
    """Reads a unit by the parameter sets that stand in it."""
    stream = H264Stream()
    try:
        head = stream.read(unit)
    except TooManyParts:
        return FrameInfo(is_key=False)
    size = (head.width, head.height) if head.has_slice else stream.newest_size()
    if max(size) > MAX_SIDE:
        size = (0, 0)
    return FrameInfo(head.is_idr or head.is_start, *size)


class H264Reader:
    """Reads one publisher's pictures, and puts parameter sets where decoding may start."""

    def __init__(self) -> None:
        self._stream = H264Stream()

    def learn(self, fmtp: str) -> None:
        """Takes the parameter sets of ``sprop-parameter-sets`` (RFC 6184 section 8.1)."""
        self._stream.learn(fmtp)

    def has_picture(self, part: bytes) -> bool:
        """False for parameter sets and messages alone."""
        # What begins with no start code goes on with a NAL unit that was cut at a marker.
        return not part.startswith(_STARTS) or has_slice(part)

    def begins_picture(self, head: PayloadStart) -> bool:
        """False: all slices of one time stamp are one picture."""
        return False

    def read(
        self, data: bytes, *, head: PayloadStart, cuts: tuple[int, ...], after_loss: bool
    ) -> CodedPicture:
        """Reads one access unit."""
        try:
            found = self._stream.read(data)
        except TooManyParts:
            return CodedPicture(b"", fault=Fault.TOO_MANY_PARTS)
        size = (found.width, found.height)
        # After a loss the picture's first slices may be missing, and nobody should begin with a
        # part of a picture.
        is_key = (found.is_idr or found.is_start) and (found.is_whole or not after_loss)
        if is_key and not found.width:
            return CodedPicture(b"", fault=Fault.NO_PARAMETER_SETS)
        return CodedPicture(
            with_sets(data, found.missing) if is_key else data,
            is_key,
            size,
            largest=size,
            is_bidirectional=found.has_b,
            ends_reordering=found.is_idr,
        )


def decodes_high(parameters: Parameters) -> bool:
    """Says whether a decoder has the High profile, by its ``profile-level-id``.

    Who names no profile takes any: RFC 6184 section 8.1 would have such a one take Baseline of
    level 1, 176x144 at 15 Hz, but players that name none (GStreamer) decode what comes.
    """
    return _surplus(parameters) <= len(_WITH_HIGH)


def _surplus(parameters: Parameters) -> int:
    """Returns how far a profile is above High: 0 for High itself, and more for what lacks it than
    for where none is named.
    """
    profile = parameters.get("profile-level-id", "")[:2].lower()
    if profile in _WITH_HIGH:
        return _WITH_HIGH.index(profile)
    return len(_WITH_HIGH) + (1 if profile else 0)


def choose(offered: Sequence[Parameters], publishes: bool) -> Sequence[int]:
    """Chooses payload types by packetization mode; for sending, those nearest to High first.

    RFC 6184 section 8.1: no mode means mode 0, and mode 2 interleaves. Received are modes 0 and 1,
    sent is mode 1. Players that name no mode at all (GStreamer) take it too, so they get it where
    they name mode 1 nowhere.
    """
    modes = [parameters.get("packetization-mode", "") for parameters in offered]
    if publishes:
        return [place for place, mode in enumerate(modes) if mode in ("", "0", "1")]
    # Mode 0 has no fragments, and large pictures need them.
    wanted = "1" if "1" in modes else ""
    places = [place for place, mode in enumerate(modes) if mode == wanted]
    # Whatever we send goes under the first number, and a decoder for High has Baseline too. A
    # browser chooses its decoder by that number, and those in hardware lack what is above High.
    return sorted(places, key=lambda place: _surplus(offered[place]))


H264 = CodecDescriptor(
    codec=Codec.H264,
    kind="video",
    title="H.264",
    encoding_name="H264",
    clock_rate=90_000,
    unacceptable="without packetization mode 1",
    choose=choose,
    decodes_all=decodes_high,
    packetize=packetize,
    depacketize=depacketize,
    key_frame_size=key_frame_size,
    inspect=inspect,
    open_reader=H264Reader,
    decoder="h264",
    encoder="libx264",
    reorders=True,
    conceals=True,
    side_data=SideData.VECTORS | SideData.QUANTIZERS,
)
"""Profiles are answered as offered (RFC 6184 section 8.2.2)."""
