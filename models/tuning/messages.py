"""Messages between a worker and the process that tunes nets, over a pair of pipes.

A message is a header in JSON and, for a request, the luma of its pictures, one after the other. In
front stand the lengths of both, four bytes each, little endian. One answer follows each request.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Literal

import msgspec

__all__ = ["MAX_BYTES", "Answer", "Request", "read_answer", "read_request", "write_answer"]
__all__ += ["write_request"]

MAX_BYTES = 64 << 20
"""Bytes of one message at most: 30 pictures of 1920x1088."""

_LENGTHS = struct.Struct("<II")


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request to tune a net, or to judge one, with the pictures for it."""

    kind: Literal["tune", "judge"]
    model: str
    "Shipped net, by name."
    precision: str
    "Form of the graph that runs: a key of the manifest's ``files``."
    width: int
    height: int
    shown: int
    "Pictures to learn from, first in the message."
    held_back: int
    "Pictures to judge by, behind them."
    name: str
    "Name of the tuned net."
    folder: str
    "Folder in which it is a zoo of one: to be written by ``tune``, there for ``judge``."


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The result of a request."""

    gain_db: float = 0.0
    """Mean squared error against the teacher on the held-back pictures: the shipped net's over the
    tuned net's, in dB. Above 0 the tuned net is the better one."""
    teacher: str = ""
    fault: str = ""
    "Sentence that says why nothing came of it."


def write_request(pipe: BinaryIO, request: Request, pictures: list[bytes]) -> None:
    """Writes a request with its pictures. Raises ValueError for more than MAX_BYTES."""
    _write(pipe, msgspec.json.encode(request), b"".join(pictures))


def read_request(pipe: BinaryIO) -> tuple[Request, bytes] | None:
    """Reads a request; None at the end of the pipe. Raises ValueError if it is damaged."""
    found = _read(pipe)
    if found is None:
        return None
    head, body = found
    request = msgspec.json.decode(head, type=Request)
    wanted = (request.shown + request.held_back) * request.width * request.height
    if len(body) != wanted:
        raise ValueError(f"{len(body)} bytes of pictures came, {wanted} were named.")
    return request, body


def write_answer(pipe: BinaryIO, answer: Answer) -> None:
    """Writes an answer."""
    _write(pipe, msgspec.json.encode(answer), b"")


def read_answer(pipe: BinaryIO) -> Answer | None:
    """Reads an answer; None at the end of the pipe. Raises ValueError if it is damaged."""
    found = _read(pipe)
    return None if found is None else msgspec.json.decode(found[0], type=Answer)


def _write(pipe: BinaryIO, head: bytes, body: bytes) -> None:
    if len(head) + len(body) > MAX_BYTES:
        raise ValueError(f"A message of {len(head) + len(body)} bytes is too long.")
    pipe.write(_LENGTHS.pack(len(head), len(body)) + head)
    pipe.write(body)
    pipe.flush()


def _read(pipe: BinaryIO) -> tuple[bytes, bytes] | None:
    lengths = pipe.read(_LENGTHS.size)
    if not lengths:
        return None
    if len(lengths) < _LENGTHS.size:
        raise ValueError("The pipe ended inside of a message.")
    head, body = _LENGTHS.unpack(lengths)
    if head + body > MAX_BYTES:
        raise ValueError(f"A message of {head + body} bytes is too long.")
    content = pipe.read(head + body)
    if len(content) < head + body:
        raise ValueError("The pipe ended inside of a message.")
    return content[:head], content[head:]
