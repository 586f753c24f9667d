"""Calls of a device to the gateway and what the gateway tells it, as control messages.

Each is a MessagePack object with a ``type``. A request carries a number, and its reply the same;
the gateway also tells things that were not asked for.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from wire.errors import BadMessage
from wire.free_workers import MAX_DRAWN, SAMPLE
from wire.heartbeat import MAX_FOUND, WorkerBeat
from wire.strikes import LeadNote

VERSION = 2
"""Version of these messages; the gateway refuses a device of another one, with a sentence."""

MAX_NUMBER = 2**53

MAX_HELD = 32
"""Jobs that one device holds at a time; above what a large one leads."""

Name = Annotated[str, msgspec.Meta(max_length=128)]
Words = Annotated[str, msgspec.Meta(max_length=500)]
Number = Annotated[int, msgspec.Meta(ge=0, lt=MAX_NUMBER)]
Lane = Annotated[int, msgspec.Meta(ge=0, lt=1 << 16)]
Entries = Annotated[list[Name], msgspec.Meta(max_length=4 * MAX_HELD)]
Proof = Annotated[bytes, msgspec.Meta(max_length=64)]


class _Call(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """One thing that a device asks for."""


class Claim(_Call, frozen=True, tag="claim"):
    """Asks for a job that nobody holds, or whose lease lapsed. Reply: a job or nothing."""


class Resume(_Call, frozen=True, tag="resume"):
    """Goes on with the jobs of an earlier connection. Reply: the entries that are still held."""

    entries: Entries


class Release(_Call, frozen=True, tag="release"):
    """Gives a job back at once."""

    entry: Name


class Finish(_Call, frozen=True, tag="finish"):
    """Removes a job whose stream or rendition is gone."""

    entry: Name


class HandOver(_Call, frozen=True, tag="hand_over"):
    """Moves the lease of a held job to another worker. Reply: True if it was the device's."""

    entry: Name
    to: Name


class GetRecords(_Call, frozen=True, tag="get_records"):
    """Asks for the records of a held job. Reply: the stream's and the rendition's."""

    entry: Name


class TakeLead(_Call, frozen=True, tag="take_lead"):
    """Takes the lead of a held job. Reply: the epoch, and until which time the log has units."""

    entry: Name
    output: Name = ""


class DropLead(_Call, frozen=True, tag="drop_lead"):
    """Lets go of the lead."""

    entry: Name
    epoch: Number


class Note(_Call, frozen=True, tag="note"):
    """Notes something about the lead, see ``wire/strikes.py``."""

    entry: Name
    epoch: Number
    what: LeadNote


class Beat(_Call, frozen=True, tag="beat"):
    """Shows the device in the list of workers."""

    beat: WorkerBeat
    is_brief: bool = False
    "Engines, trials and models are left out, since they are those of the last one that had them."


class Leave(_Call, frozen=True, tag="leave"):
    """Takes the device out of the list."""


class FindWorkers(_Call, frozen=True, tag="find_workers"):
    """Asks for some workers. Reply: the heartbeats of those that are alive, with what a lead asks
    of helpers; fields that have their default are left out.
    """

    names: Annotated[list[Name], msgspec.Meta(max_length=MAX_FOUND)]
    model: Name
    "Name of the net that is told of each worker, if it knows it."


class DrawWorkers(_Call, frozen=True, tag="draw_workers"):
    """Asks for workers with free capacity, drawn at random. Reply: a list of them."""

    count: Annotated[int, msgspec.Meta(ge=1, le=MAX_DRAWN)] = SAMPLE


class AskKeyFrame(_Call, frozen=True, tag="ask_key_frame"):
    """Asks the publisher of a stream for a key frame."""

    stream: Name
    reason: Words = ""


class Follow(_Call, frozen=True, tag="follow"):
    """Asks for the units of a stream from its last key frame on, or behind an entry of its log.
    Reply: False if there is no key frame that is young enough.
    """

    stream: Name
    lane: Lane
    "Number under which the units are to come; a new one for each call."
    after: Name = ""
    "Entry id of the last one that arrived; empty: from the last key frame on."


class Unfollow(_Call, frozen=True, tag="unfollow"):
    """Ends what ``Follow`` began."""

    lane: Lane


class OpenLog(_Call, frozen=True, tag="open_log"):
    """Begins to write one of the logs of a held rendition."""

    entry: Name
    log: Name
    epoch: Number
    lane: Lane
    "Number under which the batches will come."


class ClearLog(_Call, frozen=True, tag="clear_log"):
    """Empties a log, and all batches of an earlier ``turn`` that are on their way."""

    lane: Lane
    turn: Lane
    "Number of times, modulo 65536, that the log was emptied through this lane."


class GetTime(_Call, frozen=True, tag="get_time"):
    """Asks for the time of the server that holds a stream. Reply: Unix us."""

    stream: Name


Call = (
    Claim
    | Resume
    | Release
    | Finish
    | GetRecords
    | TakeLead
    | DropLead
    | Note
    | Beat
    | Leave
    | FindWorkers
    | DrawWorkers
    | HandOver
    | AskKeyFrame
    | Follow
    | Unfollow
    | OpenLog
    | ClearLog
    | GetTime
)


class _Told(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """One message over the control stream."""


class Hello(_Told, frozen=True, tag="hello"):
    """The first message of a device."""

    version: int
    name: Name
    "Name that it asks for in the list of workers."
    proof: Annotated[bytes, msgspec.Meta(max_length=64)]
    "Proof that it has the token, see ``join.py``."
    token: Annotated[str, msgspec.Meta(max_length=64)] = ""
    "Name of its token, see ``join.token_id``."


class Welcome(_Told, frozen=True, tag="welcome"):
    """The answer to a device that may work."""

    name: Name
    "Name under which it works."
    proof: Proof
    "Proof that the gateway has the token too."


class Refused(_Told, frozen=True, tag="refused"):
    """The answer to a device that may not work, with the reason as a sentence."""

    reason: Words


class Request(_Told, frozen=True, tag="request"):
    """A call with its number."""

    number: Number
    call: Call


class Holding(_Told, frozen=True, tag="holding"):
    """Names the jobs that the device goes on with; what it names no more lapses."""

    entries: Entries


class Reply(_Told, frozen=True, tag="reply"):
    """The reply to the request of that number."""

    number: Number
    value: Any = None
    error: Name = ""
    "Name of the error's class in ``wire/errors.py``; empty: it was carried out."
    reason: Words = ""


class Changed(_Told, frozen=True, tag="changed"):
    """The records of a stream changed; read them again."""

    stream: Name


class KeyFrameWanted(_Told, frozen=True, tag="key_frame_wanted"):
    """A viewer of a log cannot go on without a key frame, or a batch of it was lost on its way."""

    stream: Name
    rendition: Name
    reason: Words = ""


class MapWanted(_Told, frozen=True, tag="map_wanted"):
    """Somebody looks at who makes which part of a rendition."""

    stream: Name
    rendition: Name


class JobLost(_Told, frozen=True, tag="job_lost"):
    """The lease of a held job is somebody else's now, or a log may not be written any more."""

    entry: Name
    error: Name
    reason: Words = ""


FromDevice = Hello | Request | Holding
FromGateway = Welcome | Refused | Reply | Changed | KeyFrameWanted | MapWanted | JobLost

_ENCODER = msgspec.msgpack.Encoder()
_FROM_DEVICE: msgspec.msgpack.Decoder[FromDevice] = msgspec.msgpack.Decoder(FromDevice)
_FROM_GATEWAY: msgspec.msgpack.Decoder[FromGateway] = msgspec.msgpack.Decoder(FromGateway)


def encode(message: FromDevice | FromGateway) -> bytes:
    """Returns the bytes of a control message."""
    return _ENCODER.encode(message)


def parse_from_device(data: bytes) -> FromDevice:
    """Reads what a device sent. Raises BadMessage."""
    message: FromDevice = _parse(_FROM_DEVICE, data)
    return message


def parse_from_gateway(data: bytes) -> FromGateway:
    """Reads what the gateway sent. Raises BadMessage."""
    message: FromGateway = _parse(_FROM_GATEWAY, data)
    return message


def _parse(decoder: msgspec.msgpack.Decoder[Any], data: bytes) -> Any:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(f"message of a link: {error}") from error
