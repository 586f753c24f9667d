from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from media.access_unit import AccessUnit, Checkpoint, Flags, Kind
from media.codec import Codec
from media.treatment import Treatment
from wire import batch as batch_module
from wire.batch import MAX_PAYLOAD, Batch, encode_batch, parse_batch
from wire.errors import BadBatch

VECTORS = Path(__file__).parent / "vectors"
DESCRIBED: dict[str, dict[str, Any]] = json.loads((VECTORS / "vectors.json").read_text())
VALID = [name for name, text in DESCRIBED.items() if "batch" in text]
BROKEN = [name for name, text in DESCRIBED.items() if "error" in text]

FRAME = AccessUnit(
    kind=Kind.VIDEO,
    codec=Codec.H264,
    flags=Flags.KEY,
    sequence=1,
    pts=3000,
    clock_rate=90_000,
    capture_us=10,
    arrival_us=20,
    payload=b"\0\0\0\1e",
)
PACKET = dataclasses.replace(FRAME, kind=Kind.AUDIO, codec=Codec.OPUS)


def vector(name: str) -> bytes:
    return (VECTORS / f"{name}.bin").read_bytes()


def described_batch(name: str) -> Batch:
    fields = DESCRIBED[name]["batch"]
    units = tuple(
        AccessUnit(
            **{
                **each,
                "kind": Kind[each["kind"].upper()],
                "codec": Codec[each["codec"].upper()],
                "flags": Flags(each["flags"]),
                "payload": bytes.fromhex(each["payload"]),
                "stamps": tuple((Checkpoint(stage), at_us) for stage, at_us in each["stamps"]),
                "treatment": Treatment(each["treatment"]),
            }
        )
        for each in fields["units"]
    )
    return Batch(epoch=fields["epoch"], units=units * fields["times"])


def test_every_vector_is_described_and_every_description_has_its_vector() -> None:
    assert {path.stem for path in VECTORS.glob("*.bin")} == set(DESCRIBED)


@pytest.mark.parametrize("name", VALID)
def test_a_valid_vector_parses_to_its_description(name: str) -> None:
    assert parse_batch(vector(name)) == described_batch(name)


@pytest.mark.parametrize("name", VALID)
def test_a_description_encodes_to_its_vector(name: str) -> None:
    assert encode_batch(described_batch(name)) == vector(name)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_vector_is_refused_with_its_sentence(name: str) -> None:
    with pytest.raises(BadBatch) as caught:
        parse_batch(vector(name))
    assert str(caught.value) == DESCRIBED[name]["error"]


@pytest.mark.parametrize("name", VALID)
def test_every_truncation_of_a_valid_vector_is_refused(name: str) -> None:
    data = vector(name)
    step = max(1, len(data) // 500)
    for end in range(0, len(data), step):
        with pytest.raises(BadBatch):
            parse_batch(data[:end])


@pytest.mark.parametrize("name", ["key-frame", "delta-frame-with-every-stamp", "mixed"])
def test_every_truncation_with_an_honest_length_is_refused(name: str) -> None:
    data = vector(name)
    for end in range(20, len(data)):
        honest = data[:8] + end.to_bytes(4, "big") + data[12:end]
        with pytest.raises(BadBatch):
            parse_batch(honest)


@pytest.mark.parametrize("name", ["key-frame", "audio", "mixed"])
@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_a_corrupt_byte_is_refused_or_read_as_another_batch_that_encodes_to_it(
    name: str, flip: int
) -> None:
    data = vector(name)
    for index in range(len(data)):
        corrupt = bytearray(data)
        corrupt[index] ^= flip
        check_parses_or_refuses(bytes(corrupt))


def check_parses_or_refuses(data: bytes) -> None:
    try:
        found = parse_batch(data)
    except BadBatch:
        return
    assert encode_batch(found) == data


SIGNED = st.integers(-(2**63), 2**63 - 1)


@st.composite
def access_units(draw: st.DrawFn) -> AccessUnit:
    codec = draw(st.sampled_from(Codec))
    return AccessUnit(
        kind=Kind.AUDIO if codec is Codec.OPUS else Kind.VIDEO,
        codec=codec,
        flags=Flags(draw(st.integers(0, 7))),
        sequence=draw(st.integers(0, 2**32 - 1)),
        pts=draw(SIGNED),
        clock_rate=draw(st.integers(1, 192_000)),
        capture_us=draw(SIGNED),
        arrival_us=draw(SIGNED),
        payload=draw(st.binary(min_size=1, max_size=50)),
        width=draw(st.integers(0, 8192)),
        height=draw(st.integers(0, 8192)),
        stamps=tuple(draw(st.lists(st.tuples(st.sampled_from(Checkpoint), SIGNED), max_size=16))),
        treatment=draw(st.sampled_from(Treatment)),
        net=draw(st.text(st.characters(max_codepoint=127), max_size=40)),
    )


BATCHES = st.builds(
    Batch,
    epoch=st.integers(0, 2**64 - 1),
    units=st.lists(access_units(), min_size=1, max_size=4).map(tuple),
)
bounded = settings(max_examples=150, deadline=None, derandomize=True)


@bounded
@given(BATCHES)
def test_parse_is_the_inverse_of_encode(batch: Batch) -> None:
    assert parse_batch(encode_batch(batch)) == batch


@bounded
@given(BATCHES, st.data())
def test_any_corruption_is_refused_or_encodes_to_the_same_bytes(
    batch: Batch, data: st.DataObject
) -> None:
    corrupt = bytearray(encode_batch(batch))
    index = data.draw(st.integers(0, len(corrupt) - 1))
    corrupt[index] = data.draw(st.integers(0, 255))
    check_parses_or_refuses(bytes(corrupt))


@bounded
@given(st.binary(max_size=200))
@example(b"SCFB\3\0\0\1\0\0\0\x14" + bytes(8))
def test_arbitrary_bytes_raise_nothing_but_bad_batch(data: bytes) -> None:
    check_parses_or_refuses(data)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"codec": Codec.OPUS}, "codec OPUS cannot be video"),
        ({"clock_rate": 0}, "clock rate 0"),
        ({"clock_rate": 192_001}, "clock rate 192001"),
        ({"width": 8193}, "size 8193x0"),
        ({"height": -1}, "size 0x-1"),
        ({"payload": b""}, "payload of 0 bytes"),
        ({"payload": bytes(MAX_PAYLOAD + 1)}, "payload of 4194305 bytes"),
        ({"stamps": ((Checkpoint.ARRIVED, 1),) * 17}, "17 stamps"),
        ({"stamps": ((Checkpoint.ARRIVED, 2**63),)}, "64 bits"),
        ({"net": 41 * "n"}, "not up to 40"),
        ({"net": "é"}, "not up to 40"),
        ({"flags": Flags(8)}, "flags 0x8 are not known"),
        ({"pts": 2**63}, "64 bits"),
        ({"arrival_us": -(2**63) - 1}, "64 bits"),
    ],
)
def test_what_parse_would_refuse_is_not_encoded(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadBatch, match=words):
        encode_batch(Batch(epoch=1, units=(dataclasses.replace(FRAME, **change),)))


@pytest.mark.parametrize("epoch", [-1, 2**64])
def test_an_epoch_has_64_bits(epoch: int) -> None:
    with pytest.raises(BadBatch, match="epoch"):
        encode_batch(Batch(epoch=epoch, units=(FRAME,)))


@pytest.mark.parametrize("count", [0, 257])
def test_a_batch_has_1_to_256_units(count: int) -> None:
    with pytest.raises(BadBatch, match=f"{count} units"):
        encode_batch(Batch(epoch=1, units=(FRAME,) * count))


def test_a_batch_over_the_limit_is_neither_encoded_nor_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch = Batch(epoch=1, units=(FRAME, FRAME))
    data = encode_batch(batch)
    monkeypatch.setattr(batch_module, "MAX_BATCH", len(data) - 1)
    with pytest.raises(BadBatch, match="is over"):
        encode_batch(batch)
    with pytest.raises(BadBatch, match="is over"):
        parse_batch(data)


def test_a_payload_over_the_limit_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode_batch(Batch(epoch=1, units=(FRAME,)))
    monkeypatch.setattr(batch_module, "MAX_PAYLOAD", 4)
    with pytest.raises(BadBatch, match="payload of 5 bytes is not within"):
        parse_batch(data)


def test_sequence_numbers_wrap_at_32_bits() -> None:
    unit = dataclasses.replace(FRAME, sequence=2**32 + 3)
    assert parse_batch(encode_batch(Batch(epoch=1, units=(unit,)))).units[0].sequence == 3


def test_only_a_video_unit_makes_a_batch_one_with_a_key_frame() -> None:
    delta = dataclasses.replace(FRAME, flags=Flags.NONE)
    assert Batch(epoch=1, units=(delta, FRAME)).has_key_frame
    assert not Batch(epoch=1, units=(delta, PACKET)).has_key_frame
    assert FRAME.is_key
    assert not delta.is_key


def test_a_stamp_is_added_to_a_copy_and_found_by_its_stage() -> None:
    stamped = FRAME.stamped(Checkpoint.ARRIVED, 5).stamped(Checkpoint.LOGGED, 7)
    assert FRAME.stamps == ()
    assert stamped.stamp(Checkpoint.LOGGED) == 7
    assert stamped.stamp(Checkpoint.DELIVERED) is None
