"""``models.tuning.messages``: what passes between a worker and the process that tunes."""

from __future__ import annotations

import io

import msgspec
import pytest

from models.tuning.messages import (
    MAX_BYTES,
    Answer,
    Request,
    read_answer,
    read_request,
    write_answer,
    write_request,
)

REQUEST = Request(
    kind="tune",
    model="live-s",
    precision="int8",
    width=4,
    height=2,
    shown=2,
    held_back=1,
    name="live-s.tuned-1",
    folder="/nowhere",
)
PICTURES = [bytes(range(8)), bytes(8), b"\xff" * 8]


def written(request: Request = REQUEST, pictures: list[bytes] = PICTURES) -> bytes:
    pipe = io.BytesIO()
    write_request(pipe, request, pictures)
    return pipe.getvalue()


def test_a_request_arrives_with_its_pictures_in_order() -> None:
    pipe = io.BytesIO(written() + written())
    for _ in range(2):
        found = read_request(pipe)
        assert found == (REQUEST, b"".join(PICTURES))
    assert read_request(pipe) is None


def test_an_answer_arrives() -> None:
    pipe = io.BytesIO()
    answer = Answer(gain_db=1.25, teacher="live-m")
    write_answer(pipe, answer)
    pipe.seek(0)
    assert read_answer(pipe) == answer
    assert read_answer(pipe) is None


@pytest.mark.parametrize("length", [1, 7, 8, 20, -1])
def test_a_pipe_that_ends_inside_of_a_message_is_said(length: int) -> None:
    with pytest.raises(ValueError, match="ended inside"):
        read_request(io.BytesIO(written()[:length]))


def test_other_bytes_than_the_pictures_named_are_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes of pictures came, 24 were named"):
        read_request(io.BytesIO(written(pictures=PICTURES[:2])))


def test_a_length_beyond_the_limit_is_refused_before_it_is_read() -> None:
    pipe = io.BytesIO(MAX_BYTES.to_bytes(4, "little") * 2)
    with pytest.raises(ValueError, match="too long"):
        read_request(pipe)
    with pytest.raises(ValueError, match="too long"):
        write_request(io.BytesIO(), REQUEST, [bytes(MAX_BYTES)])


def test_a_header_that_is_none_is_refused() -> None:
    pipe = io.BytesIO((2).to_bytes(4, "little") + bytes(4) + b"{}")
    with pytest.raises(msgspec.ValidationError):
        read_request(pipe)
