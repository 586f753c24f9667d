"""AV1: its RTP payload format (AOM, version 1.0), and its streams as decoders need them.

A unit is a temporal unit in the low-overhead form, which begins with a temporal delimiter; RTP
carries its OBUs without delimiters and sizes. The dependency descriptor (a header extension) is not
asked for: without it a receiver takes every frame to need the one before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from media import av1_obu
from media.av1_obu import TooManyObus, parse_leb128, parse_sequence, split_obus
from media.codec import MAX_PAYLOAD, Codec, CodecDescriptor, Parameters
from media.coded_picture import CodedPicture, Fault, FrameInfo
from media.fragment import Fragment, PayloadStart

# A key frame begins a coded video sequence, whose first packet alone has N.
_CONTINUES, _IS_CONTINUED, _BEGINS_SEQUENCE = 0x80, 0x40, 0x08
"""Z, Y and N of the aggregation header (section 4.4); bits 4 and 5 are W, the number of OBUs."""

# Every element is counted with a length of two bytes, since it is not known before the payload is
# full which one is the last and goes without.
_LENGTH_BYTES = 2
"""Bytes of an OBU's length in front of it, at most, and of a payload's length in a fragment."""

_NOT_SENT = (av1_obu.TEMPORAL_DELIMITER, av1_obu.TILE_LIST, av1_obu.PADDING)
"""Section 5: delimiters and tile lists are removed."""

_FRAMES = (av1_obu.FRAME, av1_obu.FRAME_HEADER)


def packetize(
    unit: bytes,
    *,
    picture_id: int,
    is_key: bool,
    size: tuple[int, int],
    mtu: int = MAX_PAYLOAD,
) -> list[bytes]:
    """Cuts a unit into payloads; none for one that is malformed."""
    try:
        obus = [obu for obu in split_obus(unit) if av1_obu.kind_of(obu) not in _NOT_SENT]
    except ValueError:
        return []
    payloads: list[bytes] = []
    elements: list[bytes] = []
    capacity, continues = mtu - 1, False
    for index, obu in enumerate(obus):
        at = 0
        while at < len(obu):
            space = capacity - sum(len(each) + _LENGTH_BYTES for each in elements) - _LENGTH_BYTES
            if space < 1:
                payloads.append(_payload(elements, continues, at > 0))
                elements, continues = [], at > 0
                continue
            end = min(at + space, len(obu))
            # libwebrtc takes a payload that ends with an OBU for the last of its frame. So where
            # no part of the next OBU has space, the last byte of this one goes with that.
            is_full = end == len(obu) and space - (end - at) <= _LENGTH_BYTES
            if is_full and index + 1 < len(obus) and end - at > 1:
                end -= 1
            elements.append(obu[at:end])
            at = end
            if at < len(obu):
                payloads.append(_payload(elements, continues, True))
                elements, continues = [], True
    if elements:
        payloads.append(_payload(elements, continues, False))
    if payloads and is_key:
        payloads[0] = bytes([payloads[0][0] | _BEGINS_SEQUENCE]) + payloads[0][1:]
    return payloads


def _payload(elements: list[bytes], continues: bool, is_continued: bool) -> bytes:
    count = len(elements) if len(elements) <= 3 else 0
    flags = (_CONTINUES if continues else 0) | (_IS_CONTINUED if is_continued else 0)
    parts = [bytes([flags | count << 4])]
    for place, element in enumerate(elements, 1):
        # The last one of a number that is told goes to the end.
        length = b"" if place == count else av1_obu.encode_leb128(len(element))
        parts += (length, element)
    return b"".join(parts)


def depacketize(payload: bytes) -> Fragment:
    """Reads one payload, whose OBUs are joined by ``Av1Reader``: the fragment's data is the payload
    behind its length, so that payloads can be told apart in a unit.

    Raises ValueError for an impossible header.
    """
    if not payload:
        return Fragment(b"")
    begins = payload[0] & _BEGINS_SEQUENCE
    if len(payload) < 2 or (begins and payload[0] & _CONTINUES):
        raise ValueError("an AV1 payload has no OBU, or begins a sequence within one")
    head = PayloadStart.KEY if begins else PayloadStart.UNKNOWN
    if payload[0] & _CONTINUES:
        head = PayloadStart.MIDDLE
    return Fragment(len(payload).to_bytes(_LENGTH_BYTES, "big") + payload, head)


def _payloads(data: bytes) -> Iterator[bytes]:
    """Returns the payloads of a unit's fragments. Raises ValueError where one is cut off."""
    at = 0
    while at < len(data):
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(data[at:start], "big")
        # An aggregation header and one byte of an OBU are the least.
        if at > len(data) or at < start + 2:
            raise ValueError("an AV1 payload is cut off")
        yield data[start:at]


def _elements(payload: bytes) -> Iterator[bytes]:
    """Splits one payload into OBUs, or parts of them. Raises ValueError where one is cut off."""
    count, at, number = payload[0] >> 4 & 3, 1, 0
    while at < len(payload):
        number += 1
        if number > av1_obu.MAX_OBUS:
            raise TooManyObus
        size = len(payload) - at
        if number != count:
            size, at = parse_leb128(payload, at)
        if at + size > len(payload):
            raise ValueError("an AV1 OBU is cut off")
        yield payload[at : at + size]
        at += size
    if number < count:
        raise ValueError("an AV1 payload has fewer OBUs than it says")


def join_obus(data: bytes) -> list[bytes]:
    """Joins the OBUs of a unit's fragments, without sizes. Raises ValueError if parts are missing.

    Delimiters and tile lists are left out, as a receiver has to.
    """
    found: list[bytes] = []
    parts: list[bytes] = []
    for payload in _payloads(data):
        # Both ends of a cut OBU tell of it. Where they disagree, a packet between them is missing.
        if bool(payload[0] & _CONTINUES) is not bool(parts):
            raise ValueError("a part of an AV1 OBU is missing")
        elements = list(_elements(payload))
        for place, element in enumerate(elements, 1):
            parts.append(element)
            if place < len(elements) or not payload[0] & _IS_CONTINUED:
                found.append(b"".join(parts))
                parts = []
        if len(found) > av1_obu.MAX_OBUS:
            raise TooManyObus
    if parts:
        raise ValueError("a part of an AV1 OBU is missing")
    # An OBU may come with a size field of its own, though none is needed.
    bare = [next(split_obus(obu)) for obu in found if obu]
    return [obu for obu in bare if av1_obu.kind_of(obu) not in _NOT_SENT]


def key_frame_size(fragment: Fragment) -> tuple[int, int]:
    """Returns the size in the sequence header that a key frame's first payload begins with."""
    if fragment.head is PayloadStart.MIDDLE or len(fragment.data) < _LENGTH_BYTES + 2:
        return 0, 0
    try:
        # A sequence header should be the first OBU of its packet (section 5).
        obu = next((each for each in _elements(fragment.data[_LENGTH_BYTES:]) if each), b"")
        if not obu or av1_obu.kind_of(obu) != av1_obu.SEQUENCE_HEADER:
            return 0, 0
        sequence = parse_sequence(next(split_obus(obu)))
    except ValueError:
        return 0, 0
    return sequence.width, sequence.height


def inspect(unit: bytes) -> FrameInfo:
    """Reads a unit by the sequence header that stands in it."""
    try:
        return _inspect(list(split_obus(unit)), None)[0]
    except ValueError:
        return FrameInfo(is_key=False)


def _inspect(obus: list[bytes], known: bytes | None) -> tuple[FrameInfo, bytes | None]:
    """Returns (facts of a unit, its sequence header); ``known`` is that of the units before it."""
    # A decoder takes each sequence header as it comes: the last one holds for the frames, and the
    # largest one for the limit of pixels.
    own = [obu for obu in obus if av1_obu.kind_of(obu) == av1_obu.SEQUENCE_HEADER]
    header = own[-1] if own else known
    sequence = parse_sequence(header) if header is not None else None
    # The lowest layer's frame comes first, and decoding starts with it.
    frame = next((obu for obu in obus if av1_obu.kind_of(obu) in _FRAMES), None)
    is_key = frame is not None and av1_obu.is_shown_key_frame(frame, sequence)
    size = largest = (0, 0)
    if frame is not None and sequence is not None and is_key:
        size = av1_obu.key_frame_size(frame, sequence)
    for each in own:
        other = parse_sequence(each)
        largest = max(largest, (other.width, other.height), key=lambda s: s[0] * s[1])
    return FrameInfo(is_key, *size, largest=largest), header


class Av1Reader:
    """Reads one publisher's units, and puts the sequence header in front of key frames."""

    def __init__(self) -> None:
        self._header: bytes | None = None

    def learn(self, fmtp: str) -> None:
        """Does nothing: the parameters hold nothing that decoding needs."""

    def has_picture(self, part: bytes) -> bool:
        """True: every part belongs to the picture with its time."""
        return True

    def begins_picture(self, head: PayloadStart) -> bool:
        """False: all OBUs of one time stamp are one unit."""
        return False

    def read(
        self, data: bytes, *, head: PayloadStart, cuts: tuple[int, ...], after_loss: bool
    ) -> CodedPicture:
        """Reads one unit from its fragments."""
        try:
            obus = join_obus(data)
            info, self._header = _inspect(obus, self._header)
        except TooManyObus:
            return CodedPicture(b"", fault=Fault.TOO_MANY_PARTS)
        except ValueError:
            return CodedPicture(b"", fault=Fault.DAMAGED)
        if not obus:
            return CodedPicture(b"", fault=Fault.DAMAGED)
        if info.is_key:
            if self._header is None:
                return CodedPicture(b"", fault=Fault.NO_PARAMETER_SETS)
            if self._header not in obus:
                # Senders may send it once. Whoever joins, wakes or takes over begins at any key
                # frame.
                obus.insert(0, self._header)
        payload = av1_obu.DELIMITER + b"".join(map(av1_obu.with_size, obus))
        return CodedPicture(payload, info.is_key, (info.width, info.height), info.largest)


def choose(offered: Sequence[Parameters], publishes: bool) -> Sequence[int]:
    """Chooses the Main profile, which is meant where none is named (section 7.2.1)."""
    return [at for at, each in enumerate(offered) if each.get("profile", "0") == "0"]


AV1 = CodecDescriptor(
    codec=Codec.AV1,
    kind="video",
    title="AV1",
    encoding_name="AV1",
    clock_rate=90_000,
    rank=2,
    acceptable="AV1 of the Main profile",
    choose=choose,
    packetize=packetize,
    depacketize=depacketize,
    key_frame_size=key_frame_size,
    inspect=inspect,
    open_reader=Av1Reader,
    decoder="libdav1d",
)
"""Behind the others in an answer: it tells a worker nothing besides the picture.
Level and tier are answered as offered."""
