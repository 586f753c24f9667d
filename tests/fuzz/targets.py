"""The readers of foreign bytes: how each is called, what it may raise, and good inputs for it."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
from aiortc.rtp import (
    RTCP_PSFB_APP,
    HeaderExtensionsMap,
    RtcpPacket,
    RtcpPsfbPacket,
    RtpPacket,
    unpack_remb_fci,
)
from aiortc.sdp import SessionDescription

from app.errors import BadOffer
from app.ice.credentials import Credentials
from app.rtp.jitter_buffer import CodedUnit, Packet, VideoJitterBuffer
from app.rtp.transport_feedback import TransportFeedback, parse_transport_feedback
from app.rtp.video_intake import VideoIntake
from app.webrtc.peer_transport import PACKET_ERRORS
from app.webrtc.sdp_answer import OwnTransport, SendRates, write_answer
from app.webrtc.sdp_offer import check_play_offer, check_publish_offer
from media.access_unit import AccessUnit, Flags, Kind
from media.cmaf.fragments import Run, Sample, fragment
from media.cmaf.tracks import Unpackable, format_of, init_segment, is_packable, sample_of
from media.codec import Codec
from media.codec_table import DESCRIPTORS
from media.fragment import Fragment
from tests.app.coding import av1, h264, pictures, vp8, vp9
from tests.fuzz import ice_readers, link_readers
from tests.media.payloads import depacketize, inspect, packetize
from tests.wire.team_messages import one_of_each
from tests.wire.test_gateway_heartbeat import BEAT as GATEWAY_BEAT
from tests.wire.vectors import make as vectors
from tests.workers.team.books import DIMENSIONS, STAGES, write_book
from tests.workers.team.residuals import scene
from wire.batch import encode_batch, parse_batch
from wire.control import parse_message
from wire.errors import BadBatch, BadMessage, BadSettings
from wire.gateway_heartbeat import parse_gateway_beat
from wire.heartbeat import StreamWork, WorkerBeat, parse_beat
from wire.jobs import parse_job
from wire.link.secure import Cookies, SecurePeer, SecureState, make_context, make_identity
from wire.rendition_record import parse_rendition_record
from wire.settings import load_settings
from wire.stream_record import parse_stream_record
from wire.team import encode_team_message, parse_team_message
from wire.team_map import TeamMap
from workers.bitstream.vp8 import Vp8Parser
from workers.engines.tensorrt.gpu_api import Gpu
from workers.engines.tensorrt.plans import PlanKey
from workers.engines.tensorrt.plans import encode as encode_plan
from workers.engines.tensorrt.plans import parse as parse_plan
from workers.errors import BadPlan, BrokenUnit, FileFailed
from workers.team.feature_codebook import read_codebook
from workers.team.feature_codec import FeatureDecoder, FeatureEncoder
from workers.team.residual_codec import MAX_QUALITY, decode_region, encode_region
from workers.transcode.source import open_source
from workers.transcode.steps import FileDecode

OFFERS = Path(__file__).parents[1] / "app" / "webrtc" / "offers"


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """One reader. ``run`` raises for what it must not do, and nothing that is ``refusals``."""

    run: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]
    refusals: tuple[type[Exception], ...] = ()
    is_slow: bool = False
    "Takes milliseconds for an input."
    is_foreign: bool = False
    "FFmpeg reads it, whose own faults would be found."

    def __call__(self, data: bytes) -> None:
        with contextlib.suppress(*self.refusals):
            self.run(data)


def parts(data: bytes) -> Iterator[bytes]:
    """Cuts an input into pieces: two bytes of length, then so many bytes or what is left."""
    at = 0
    while at + 2 <= len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        yield data[at + 2 : at + 2 + length]
        at += 2 + length


def joined(pieces: list[bytes]) -> bytes:
    """Joins pieces to the input that ``parts`` cuts into them."""
    return b"".join(len(piece).to_bytes(2, "big") + piece for piece in pieces)


# What a stranger may send over HTTP and UDP.


_OWN = OwnTransport(
    Credentials("abcd", "0123456789012345678901"),
    "sha-256 " + ":".join(["AB"] * 32),
    "active",
    ("1 1 udp 1 127.0.0.1 50000 typ host",),
)


def _offer(data: bytes) -> None:
    text = data.decode(errors="replace")
    for check in (check_publish_offer, check_play_offer):
        with contextlib.suppress(BadOffer):
            answer = write_answer(check(text), _OWN, {}, rates=SendRates(9, 9))
            # What passed must have an answer that others can read. A section that is refused
            # repeats the offerer's own words (RFC 3264 section 6), which it must be able to read.
            head, *sections = answer.split("\r\nm=")
            used = [section for section in sections if section.split(" ", 2)[1] != "0"]
            SessionDescription.parse("\r\nm=".join((head, *used)))


def _offers() -> list[bytes]:
    return [path.read_bytes() for path in sorted(OFFERS.glob("*.sdp"))]


# What a peer may send inside SRTP.


def _rtp(data: bytes) -> None:
    extensions: Any = HeaderExtensionsMap()  # aiortc types none of its attributes
    extensions.mid, extensions.abs_send_time, extensions.rtp_stream_id = 1, 2, 3
    packet = RtpPacket.parse(data, extensions)
    for codec in Codec:
        with contextlib.suppress(ValueError):
            depacketize(codec, packet.payload)


def _rtp_seeds() -> list[bytes]:
    found = []
    for codec, payload in ((Codec.H264, b"\x65\x88\x84"), (Codec.VP8, b"\x10\0\0\0\x9d\x01\x2a")):
        packet = RtpPacket(payload_type=96 + codec, marker=1, sequence_number=7, timestamp=90)
        packet.payload = packetize(codec, b"\0\0\0\1" + payload, picture_id=3)[0]
        found.append(packet.serialize())
    packet = RtpPacket(payload_type=98, sequence_number=9)
    packet.extensions.mid, packet.extensions.abs_send_time = "0", 5
    extensions: Any = HeaderExtensionsMap()
    extensions.mid, extensions.abs_send_time = 1, 2
    return [*found, packet.serialize(extensions)]


def _rtcp(data: bytes) -> None:
    for packet in RtcpPacket.parse(data):
        if isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP:
            unpack_remb_fci(packet.fci)


def _rtcp_seeds() -> list[bytes]:
    return [
        bytes.fromhex("80c8000600000001e5a1b2c3d4e5f60700000bb80000000100000064"),
        bytes.fromhex(
            "81c90007000000010000000200000000000000030000000000000000"
            "0000000081cd0003000000010000000200010001"
        ),
        bytes.fromhex("81ce00020000000100000002"),
        bytes.fromhex("8fce000500000001000000005245 4d42 01030000 00000002".replace(" ", "")),
        bytes.fromhex("81cb000100000001"),
    ]


# What a publisher may code.


def _pictures(codec: Codec) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        intake = VideoIntake()
        for number, piece in enumerate(parts(data)):
            unit = CodedUnit(number // 2 * 3000, piece, number, number, False)
            for taken in intake.add(codec, unit, now=float(number)):
                payloads = packetize(codec, taken.payload, picture_id=number)
                if max(map(len, payloads), default=0) > 1500:
                    raise AssertionError("a payload is larger than a datagram")
        intake.reason(now=1.0)

    return run


def _h264_seeds() -> list[bytes]:
    pictures, changed = list(h264(64, 48, 3)), list(h264(32, 32, 2))
    return [joined(pictures), joined([pictures[0], *changed]), joined([b"", b"\0\0\1\x09"])]


def _pictures_of(make: Callable[..., tuple[bytes, ...]]) -> Callable[[], list[bytes]]:
    return lambda: [joined(list(make(64, 48, 3))), joined(list(make(32, 32, 1)))]


def _vp9_payload(data: bytes) -> None:
    depacketize(Codec.VP9, data)


def _vp9_payloads() -> list[bytes]:
    return [packetize(Codec.VP9, unit, picture_id=5)[0] for unit in vp9(64, 48, 3)]


def _av1_payloads(data: bytes) -> None:
    """Reads payloads as one publisher's units, a few to a time stamp."""
    reader = DESCRIPTORS[Codec.AV1].open_reader()
    fragments: list[Fragment] = []
    for number, piece in enumerate(parts(data)):
        with contextlib.suppress(ValueError):
            fragments.append(depacketize(Codec.AV1, piece))
            DESCRIPTORS[Codec.AV1].key_frame_size(fragments[-1])
        if number % 3 == 2 and fragments:
            whole = b"".join(fragment.data for fragment in fragments)
            picture = reader.read(whole, head=fragments[0].head, cuts=(), after_loss=False)
            if max(map(len, packetize(Codec.AV1, picture.payload)), default=0) > 1500:
                raise AssertionError("a payload is larger than a datagram")
            fragments = []


def _av1_seeds() -> list[bytes]:
    units = av1(64, 64, 3)
    return [
        joined([payload for unit in units for payload in packetize(Codec.AV1, unit, mtu=mtu)])
        for mtu in (200, 1200)
    ]


def _av1_fragments() -> list[bytes]:
    pieces = [packetize(Codec.AV1, unit) for unit in av1(64, 64, 2)]
    units = [b"".join(depacketize(Codec.AV1, one).data for one in each) for each in pieces]
    return [joined(units)]


def _av1_unit(data: bytes) -> None:
    inspect(Codec.AV1, data)
    packetize(Codec.AV1, data)


def _packets(data: bytes) -> None:
    """Feeds packets in any order, of any number and time: six bytes each."""
    assembler, sequence, timestamp = VideoJitterBuffer(), 0, 0
    for at in range(0, len(data) - 5, 6):
        step, shift, flags, size, wait, _ = data[at : at + 6]
        sequence += step - 8 if step < 250 else 4096
        timestamp += (shift - 4) * 3000
        packet = Packet(sequence & 0xFFFF, timestamp & 0xFFFFFFFF, bool(flags & 1), bytes(size), at)
        out = assembler.add(packet, now=at / 600, resent=bool(flags & 2))
        if len(out.nacks) > 64:
            raise AssertionError("more is asked for again than may be")
        if wait > 200:
            assembler.on_time(now=at / 600 + wait / 1000)
    deadline = assembler.next_deadline()
    if deadline is not None:
        assembler.on_time(now=deadline + 1.0)


# What a device that helps may send.


def _residual(data: bytes) -> None:
    """Decodes a region over a picture whose sides are the first two bytes."""
    if len(data) >= 2:
        tall, wide = 1 + data[0] % 64, 1 + data[1] % 64
        made = decode_region(data[2:], scene(tall, wide)[1])
        if made.shape != (tall, wide):
            raise AssertionError("a region has not the size of its place")


def _residual_seeds() -> list[bytes]:
    found = []
    for tall, wide, quality in ((16, 32, 4), (64, 48, 14), (9, 1, MAX_QUALITY)):
        coded = encode_region(*scene(tall, wide), quality)
        found.append(bytes((tall - 1, wide - 1)) + coded)
    return found


# What stands in Redis and in files.


def _batch(data: bytes) -> None:
    if encode_batch(parse_batch(data)) != data:
        raise AssertionError("a batch is not what it is read as")


def _batches() -> list[bytes]:
    return [content for content, _ in vectors.valid().values() if len(content) < 1000]


def _entries(data: bytes) -> None:
    pieces = list(parts(data))
    if len(pieces) % 2:
        pieces.append(b"")
    with contextlib.suppress(BadMessage):
        parse_stream_record(pieces)
    with contextlib.suppress(BadMessage):
        parse_rendition_record(pieces)
    with contextlib.suppress(BadMessage):
        parse_job((b"1-1", pieces))
    for piece in pieces:
        with contextlib.suppress(BadMessage):
            parse_message(piece)


def _entry_seeds() -> list[bytes]:
    record = {"id": "cam1", "epoch": "12", "state": "live", "width": "64", "fps": "30.0"}
    flat = [text.encode() for pair in record.items() for text in pair]
    message = b'{"type":"key_frame","rendition":"enhanced","reason":"r"}'
    return [
        joined(flat),
        joined([b"stream", b"cam1", b"rendition", b"enhanced", b"source_epoch", b"12"]),
        joined([message, b'{"type":"record_changed"}']),
    ]


def _beat_seeds() -> list[bytes]:
    beat = WorkerBeat(
        name="w",
        host="h",
        pid=1,
        started_us=2,
        engines=["openvino"],
        models=[],
        capacity=1.0,
        load=0.5,
        ms_per_frame=8.0,
        streams=[],
    )
    team_map = TeamMap(width=24, height=8, cell=8, devices=["w", "v"], cells="0.1")
    work = StreamWork(
        stream="s", rendition="enhanced", epoch=1, state="enhancing", team_map=team_map
    )
    led = msgspec.structs.replace(beat, streams=[work])
    return [msgspec.json.encode(beat), msgspec.json.encode(led)]


_LINK_CONTEXT = make_context(make_identity(now=datetime.datetime.now(datetime.UTC)), Cookies())


def _dtls(data: bytes) -> None:
    """Hands datagrams of strangers to a gateway's listener, and to a connection that has begun."""
    listener = SecurePeer(_LINK_CONTEXT, is_server=True, now=0.0)
    begun = SecurePeer(_LINK_CONTEXT, is_server=True, now=0.0)
    begun.start(now=0.0)
    for piece in parts(data):
        if listener.listen(piece):
            # The one object serves all strangers until one of them has shown its address.
            listener = SecurePeer(_LINK_CONTEXT, is_server=True, now=0.0)
        begun.receive(piece, now=0.0)
        for peer in (listener, begun):
            while peer.next_datagram() is not None:
                pass
    if begun.state is SecureState.OPEN:
        raise AssertionError("a connection was opened by nobody")


def _dtls_seeds() -> list[bytes]:
    client = SecurePeer(
        make_context(make_identity(now=datetime.datetime.now(datetime.UTC))),
        is_server=False,
        now=0.0,
    )
    client.start(now=0.0)
    server = SecurePeer(_LINK_CONTEXT, is_server=True, now=0.0)
    sent = []
    for _ in range(2):
        while (datagram := client.next_datagram()) is not None:
            sent.append(datagram)
            server.listen(datagram)
        while (answer := server.next_datagram()) is not None:
            client.receive(answer, now=0.0)
    return [joined(sent), joined([sent[0], b"\x17\xfe\xfd" + bytes(30)])]


def _team_message(data: bytes) -> None:
    # What was taken can be sent on, and is the same there.
    message = parse_team_message(data)
    if parse_team_message(encode_team_message(message)) != message:
        raise AssertionError("a team message is not what it is read as")


def _team_messages() -> list[bytes]:
    return [encode_team_message(message) for message in one_of_each()]


def _features(data: bytes) -> None:
    """Decodes stripes of one frame, and the next frame without any."""
    with scratch(".npz") as path:
        decoder = FeatureDecoder(read_codebook(write_book(path)), 6, 8)
    decoder.decode(parts(data), sequence=1)
    decoder.decode([], sequence=2)


def _feature_seeds() -> list[bytes]:
    with scratch(".npz") as path:
        encoder = FeatureEncoder(read_codebook(write_book(path)), 6, 8)
    values = np.random.default_rng(0).normal(0, 30, (DIMENSIONS, 6, 8)).astype(np.float32)
    stripes = encoder.encode(values, sequence=1, stages=STAGES, price=1.0)
    return [joined(stripes), joined(stripes[:1])]


def _settings(data: bytes) -> None:
    """Loads a settings file of any content, and each of its values from the environment."""
    with scratch(".env") as path:
        path.write_bytes(data)
        with contextlib.suppress(BadSettings):
            load_settings({"SHARPCAST_CONFIG": str(path)})
    for line in data.decode(errors="replace").splitlines()[:8]:
        name, _, value = line.partition("=")
        if "\0" not in value:
            with contextlib.suppress(BadSettings):
                load_settings({name.strip(): value})


def _settings_seeds() -> list[bytes]:
    lines = (Path(__file__).parents[2] / "sharpcast.env.example").read_text().splitlines()
    values = [line[1:] for line in lines if line.startswith("#SHARPCAST_")]
    return ["\n".join(values).encode(), *(value.encode() for value in values)]


_PLAN = PlanKey("n", "s", (), Gpu("gpu", "9.0", "11"), "fp16")


def _plan(data: bytes) -> None:
    parse_plan(_PLAN, data)


def _vp8_modes(data: bytes) -> None:
    """Parses with the worker's VP8 first-partition reader, compiled and without bounds checks."""
    parser = Vp8Parser()
    for piece in parts(data):
        with contextlib.suppress(BrokenUnit):
            parser.parse(piece)


def _film(data: bytes) -> None:
    with scratch(".bin") as path:
        path.write_bytes(data)
        source = open_source(path)
        try:
            for item in FileDecode(source, set()).step(source.container):
                if item.picture is not None and item.picture.y.size > MAX_FILM_PIXELS:
                    break
        finally:
            source.container.close()


def _films() -> list[bytes]:
    found = []
    for codec, suffix in (("libx264", ".mp4"), ("ffv1", ".mkv"), ("mpeg4", ".avi")):
        with scratch(suffix) as path:
            with av.open(str(path), "w") as container:
                video: Any = container.add_stream(codec, rate=25)
                video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
                for frame in pictures(32, 32, 3):
                    container.mux(video.encode(frame))
                container.mux(video.encode(None))
            found.append(path.read_bytes())
    return found


@contextlib.contextmanager
def scratch(suffix: str) -> Iterator[Path]:
    """Gives the path of a file that is gone afterwards, in memory where the machine has that."""
    folder = MEMORY if MEMORY.is_dir() else None
    with tempfile.NamedTemporaryFile(suffix=suffix, dir=folder) as file:
        yield Path(file.name)


MEMORY = Path("/dev/shm")
MAX_FILM_PIXELS = 1 << 22


def _cmaf(data: bytes) -> None:
    """Packs one unit of each codec, or says why not."""
    for codec in filter(is_packable, Codec):
        kind = Kind.AUDIO if DESCRIPTORS[codec].kind == "audio" else Kind.VIDEO
        unit = AccessUnit(kind, codec, Flags.KEY, 0, 0, 90_000, 0, 0, data)
        with contextlib.suppress(Unpackable):
            init_segment([format_of(unit)])
        with contextlib.suppress(Unpackable):
            fragment(1, [Run(1, [Sample(sample_of(unit), 0, 960)])])


def _cmaf_seeds() -> list[bytes]:
    return [make(96, 64)[0] for make in (h264, vp9, av1)] + [b"\xf8\xff\xfe"]


TARGETS: dict[str, Target] = {
    "sdp": Target(_offer, _offers),
    "stun": Target(ice_readers.read, ice_readers.seeds),
    "rtp": Target(_rtp, _rtp_seeds, PACKET_ERRORS),
    "rtcp": Target(_rtcp, _rtcp_seeds, PACKET_ERRORS),
    "transport-feedback": Target(
        parse_transport_feedback,
        lambda: [TransportFeedback(1, 2, 3, 4, 5, (9, None, 500, 8, 9, 10)).encode()],
        (ValueError,),
    ),
    "h264": Target(_pictures(Codec.H264), _h264_seeds),
    "vp8": Target(_pictures(Codec.VP8), _pictures_of(vp8)),
    "vp9": Target(_pictures(Codec.VP9), _pictures_of(vp9)),
    "vp9-payload": Target(_vp9_payload, _vp9_payloads, (ValueError,)),
    "av1": Target(_pictures(Codec.AV1), _av1_fragments),
    "av1-payload": Target(_av1_payloads, _av1_seeds),
    "av1-unit": Target(_av1_unit, lambda: list(av1(64, 64, 2))),
    "residual": Target(_residual, _residual_seeds, (BadMessage,)),
    "packets": Target(_packets, lambda: [bytes([9, 5, 1, 40, 0, 0] * 6), bytes(range(250))]),
    "batch": Target(_batch, _batches, (BadBatch,)),
    "redis": Target(_entries, _entry_seeds),
    "heartbeat": Target(parse_beat, _beat_seeds, (BadMessage,)),
    "gateway-beat": Target(
        parse_gateway_beat, lambda: [msgspec.json.encode(GATEWAY_BEAT)], (BadMessage,)
    ),
    "dtls": Target(_dtls, _dtls_seeds),
    "link": Target(
        lambda data: link_readers.read_datagrams(parts(data)),
        lambda: [joined(each) for each in link_readers.datagrams()],
    ),
    "link-body": Target(link_readers.read_body, link_readers.bodies, link_readers.REFUSALS),
    "link-device": Target(
        link_readers.read_from_device, link_readers.from_device, link_readers.REFUSALS
    ),
    "link-gateway": Target(link_readers.read_from_gateway, link_readers.from_gateway),
    "link-units": Target(
        lambda data: link_readers.read_units(parts(data)),
        lambda: [joined(each) for each in link_readers.parts_of_units()],
    ),
    "link-team": Target(link_readers.read_letter, link_readers.letters, link_readers.REFUSALS),
    "team": Target(_team_message, _team_messages, (BadMessage,)),
    "features": Target(_features, _feature_seeds, (BadMessage,)),
    "settings": Target(_settings, _settings_seeds, is_slow=True),
    "plan": Target(_plan, lambda: [encode_plan(_PLAN, b"plan")], (BadPlan,)),
    "vp8-modes": Target(_vp8_modes, _pictures_of(vp8)),
    "cmaf": Target(_cmaf, _cmaf_seeds),
    "film": Target(_film, _films, (FileFailed,), is_slow=True, is_foreign=True),
}
"""By name; what ``make fuzz`` goes through."""
