"""AV1 headers written bit by bit, as the specification has them."""

from __future__ import annotations

from media.av1_obu import FRAME, SEQUENCE_HEADER, Sequence


def obu_of(kind: int, body: bytes, *, extension: bool = False) -> bytes:
    """An OBU without a size field."""
    return bytes([kind << 3 | extension << 2]) + (b"\x08" if extension else b"") + body


def _bytes(bits: str) -> bytes:
    bits += "1"  # trailing bit (section 5.3.4)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def sequence_of(
    width: int,
    height: int,
    *,
    points: tuple[int, ...] = (0,),
    timing: bool = False,
    model: bool = False,
    frame_ids: bool = False,
    still: bool = False,
) -> bytes:
    """A sequence header OBU (section 5.5.1); ``points`` are the operating points' masks."""
    bits = "000" + ("11" + "00000" if still else "00")
    if not still:
        bits += str(int(timing))
        if timing:
            bits += f"{1:032b}{30:032b}" + "1" + "00110"  # uvlc() of 5
            bits += str(int(model))
            if model:
                bits += f"{9:05b}{1:032b}{4:05b}{4:05b}"
        bits += "1" + f"{len(points) - 1:05b}"
        for level, point in enumerate(points, 6):
            bits += f"{point:012b}{level:05b}" + ("0" if level > 7 else "")
            bits += "1" + "0" * 21 if model else ""
            bits += "1" + "0011"
    bits += f"{15:04b}{15:04b}{width - 1:016b}{height - 1:016b}"
    if not still:
        bits += "1" + f"{12:04b}{0:03b}" if frame_ids else "0"
    bits += "000"
    if not still:
        bits += "0000" + "1" + "00" + "1" + "1" + f"{6:03b}"
    return obu_of(SEQUENCE_HEADER, _bytes(bits + "0" * 11))


def frame_of(sequence: Sequence, *, size: tuple[int, int] | None = None) -> bytes:
    """The beginning of a shown key frame; it says its size only where one is given."""
    bits = "0" + "00" + "1" + "0" + "1" + "0" + "0" * sequence.frame_id_bits
    bits += "0" if size is None else "1"
    bits += "0" * sequence.order_hint_bits
    if size is not None:
        bits += f"{size[0] - 1:0{sequence.width_bits}b}{size[1] - 1:0{sequence.height_bits}b}"
    return obu_of(FRAME, _bytes(bits + "0" * 16))
