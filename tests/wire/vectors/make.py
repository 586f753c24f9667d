"""Writes the golden batches and ``vectors.json``, by hand from ``wire/PROTOCOL.md`` section 2.

Knows nothing of ``wire``: run it as ``python tests/wire/vectors/make.py`` only when the format
gets a new version. Each ``NAME.bin`` has an entry in ``vectors.json`` that says what it must give:
``batch`` (its units, ``times`` over) or ``error`` (the sentence).
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KEY, BYPASS, DISCONTINUITY = 1, 2, 4
H264, VP8, OPUS, VP9, AV1 = 1, 2, 3, 4, 5
VIDEO, AUDIO = 1, 2
CODES = {
    "video": VIDEO,
    "audio": AUDIO,
    "h264": H264,
    "vp8": VP8,
    "opus": OPUS,
    "vp9": VP9,
    "av1": AV1,
}

KEY_FRAME: dict[str, Any] = {
    "kind": "video",
    "codec": "h264",
    "flags": KEY,
    "width": 480,
    "height": 270,
    "sequence": 0,
    "clock_rate": 90_000,
    "pts": 3_000,
    "capture_us": 1_767_225_600_000_000,
    "arrival_us": 1_767_225_600_040_000,
    "stamps": [[1, 1_767_225_600_041_000], [2, 1_767_225_600_041_500]],
    "treatment": 0,
    "net": "",
    "payload": "0000000165b84004",
}
DELTA_FRAME = {
    **KEY_FRAME,
    "codec": "vp8",
    "flags": BYPASS | DISCONTINUITY,
    "width": 0,
    "height": 0,
    "sequence": 0xFFFFFFFF,
    "pts": 2**33 + 3_000,
    "stamps": [[stage, 1_767_225_600_041_000 + stage] for stage in range(1, 9)],
    "payload": "d1",
}
ENHANCED_FRAME = {**KEY_FRAME, "treatment": 2, "net": "live-s"}
RESIZED_FRAME = {**KEY_FRAME, "treatment": 16}
VP9_FRAME = {**KEY_FRAME, "codec": "vp9", "stamps": [], "payload": "8249834200"}
AV1_UNIT = {
    **KEY_FRAME,
    "codec": "av1",
    "stamps": [],
    "payload": "12000a0b00000004477e1a257c8020320310009a",
}
PACKET = {
    **KEY_FRAME,
    "kind": "audio",
    "codec": "opus",
    "width": 0,
    "height": 0,
    "sequence": 7,
    "clock_rate": 48_000,
    "pts": -960,
    "stamps": [],
    "payload": "fcfffe",
}


def stamp(stage: int, at_us: int) -> bytes:
    return struct.pack(">B", stage) + struct.pack(">q", at_us)


def unit(fields: dict[str, Any], **override: int) -> bytes:
    """One unit; ``override`` puts a raw number where the fields' own would be."""
    payload = bytes.fromhex(fields["payload"])
    return b"".join(
        [
            struct.pack(">B", override.get("kind", CODES[fields["kind"]])),
            struct.pack(">B", override.get("codec", CODES[fields["codec"]])),
            struct.pack(">B", override.get("flags", fields["flags"])),
            struct.pack(">B", override.get("stamp_count", len(fields["stamps"]))),
            struct.pack(">H", override.get("width", fields["width"])),
            struct.pack(">H", override.get("height", fields["height"])),
            struct.pack(">I", fields["sequence"]),
            struct.pack(">I", override.get("clock_rate", fields["clock_rate"])),
            struct.pack(">q", fields["pts"]),
            struct.pack(">q", fields["capture_us"]),
            struct.pack(">q", fields["arrival_us"]),
            struct.pack(">I", override.get("payload_length", len(payload))),
            struct.pack(">B", override.get("treatment", fields["treatment"])),
            struct.pack(">B", override.get("net_length", len(fields["net"]))),
            *(stamp(stage, at_us) for stage, at_us in fields["stamps"]),
            fields["net"].encode("latin-1"),
            payload,
        ]
    )


def batch(
    body: bytes,
    *,
    count: int = 1,
    magic: bytes = b"SCFB",
    version: int = 3,
    reserved: int = 0,
    epoch: int = 5,
    length: int | None = None,
) -> bytes:
    return b"".join(
        [
            magic,
            struct.pack(">B", version),
            struct.pack(">B", reserved),
            struct.pack(">H", count),
            struct.pack(">I", 20 + len(body) if length is None else length),
            struct.pack(">Q", epoch),
            body,
        ]
    )


def valid() -> dict[str, tuple[bytes, dict[str, Any]]]:
    """name: (bytes, fields)."""

    def of(epoch: int, *units: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
        data = batch(b"".join(map(unit, units)), count=len(units), epoch=epoch)
        return data, {"epoch": epoch, "units": list(units), "times": 1}

    full = batch(unit(PACKET) * 256, count=256), {"epoch": 5, "units": [PACKET], "times": 256}
    extreme = {
        **PACKET,
        "pts": -(2**63),
        "capture_us": 2**63 - 1,
        "arrival_us": -(2**63),
        "clock_rate": 192_000,
        "stamps": [[8, 2**63 - 1]] * 16,
    }
    return {
        "key-frame": of(1_767_225_600_000, KEY_FRAME),
        "delta-frame-with-every-stamp": of(2**64 - 1, DELTA_FRAME),
        "enhanced": of(5, ENHANCED_FRAME),
        "resized": of(5, RESIZED_FRAME),
        "vp9": of(6, VP9_FRAME),
        "av1": of(7, AV1_UNIT),
        "audio": of(0, PACKET),
        "mixed": of(5, KEY_FRAME, PACKET, DELTA_FRAME),
        "256-units": full,
        "extreme-numbers": of(5, extreme, {**KEY_FRAME, "width": 8192, "height": 8192}),
    }


def broken_treatments() -> dict[str, tuple[bytes, str]]:
    """The same of what was done to a picture."""
    return {
        "unknown-treatment": (
            batch(unit(KEY_FRAME, treatment=15)),
            "kind 1, codec 1 or treatment 15 is not known",
        ),
        "net-too-long": (
            batch(unit({**KEY_FRAME, "net": 41 * "a"})),
            f"net {40 * 'a'!r} is not up to 40 of ASCII",
        ),
        "net-not-ascii": (
            batch(unit({**KEY_FRAME, "net": "\xe9"})),
            "the name of a net is not ASCII",
        ),
        "truncated-net": (
            batch(unit(KEY_FRAME, net_length=200)),
            "a unit of 8 bytes at byte 66 is cut off",
        ),
    }


def broken_sizes() -> dict[str, tuple[bytes, str]]:
    """The same of numbers."""
    return {
        "oversize-width": (
            batch(unit(KEY_FRAME, width=8193)),
            "size 8193x270 is over 8192 on a side",
        ),
        "oversize-height": (
            batch(unit(KEY_FRAME, height=65535)),
            "size 480x65535 is over 8192 on a side",
        ),
        "clock-rate-0": (
            batch(unit(KEY_FRAME, clock_rate=0)),
            "clock rate 0 is not within 1..192000",
        ),
        "clock-rate-too-great": (
            batch(unit(KEY_FRAME, clock_rate=192_001)),
            "clock rate 192001 is not within 1..192000",
        ),
    }


def broken() -> dict[str, tuple[bytes, str]]:
    """name: (bytes, sentence)."""
    frame = unit(KEY_FRAME)
    whole = batch(frame)
    cut = batch(frame[:-1])
    packets = unit(PACKET) * 257
    return {
        "empty": (b"", "0 bytes are shorter than the header of 20"),
        "truncated-header": (whole[:19], "19 bytes are shorter than the header of 20"),
        "wrong-magic": (batch(frame, magic=b"SCFC"), "magic is b'SCFC', not b'SCFB'"),
        "version-2": (batch(frame, version=2), "version 2 is not 3"),
        "version-4": (batch(frame, version=4), "version 4 is not 3"),
        "reserved-flags": (batch(frame, reserved=0x80), "reserved flags 0x80 are set"),
        "length-too-great": (batch(frame, length=93), "length says 93 bytes, there are 92"),
        "truncated-end": (whole[:-1], "length says 92 bytes, there are 91"),
        "count-0": (batch(b"", count=0), "0 units are not within 1..256"),
        "count-257": (batch(packets, count=257), "257 units are not within 1..256"),
        "truncated-unit-header": (batch(frame[:45]), "a unit header at byte 20 is cut off"),
        "missing-second-unit": (batch(frame, count=2), "a unit header at byte 92 is cut off"),
        "truncated-payload": (cut, "a unit of 8 bytes at byte 66 is cut off"),
        "truncated-stamps": (batch(frame[:52]), "a unit of 8 bytes at byte 66 is cut off"),
        "unknown-kind": (
            batch(unit(KEY_FRAME, kind=3)),
            "kind 3, codec 1 or treatment 0 is not known",
        ),
        "unknown-codec": (
            batch(unit(KEY_FRAME, codec=9)),
            "kind 1, codec 9 or treatment 0 is not known",
        ),
        "unknown-flags": (batch(unit(KEY_FRAME, flags=9)), "unit flags 0x9 are not known"),
        "unknown-stage": (
            batch(unit({**KEY_FRAME, "stamps": [[9, 0]]})),
            "stage 9 is not known",
        ),
        "opus-as-video": (batch(unit(KEY_FRAME, codec=OPUS)), "codec OPUS cannot be video"),
        "h264-as-audio": (batch(unit(PACKET, codec=H264)), "codec H264 cannot be audio"),
        "vp9-as-audio": (batch(unit(PACKET, codec=VP9)), "codec VP9 cannot be audio"),
        "av1-as-audio": (batch(unit(PACKET, codec=AV1)), "codec AV1 cannot be audio"),
        "17-stamps": (
            batch(unit({**KEY_FRAME, "stamps": [[1, 0]] * 17})),
            "17 stamps are more than 16",
        ),
        "empty-payload": (
            batch(unit({**KEY_FRAME, "payload": ""})),
            "payload of 0 bytes is not within 1..4194304",
        ),
        "trailing-bytes": (batch(frame + b"\0\0"), "2 bytes follow the last unit"),
        **broken_sizes(),
        **broken_treatments(),
    }


def main() -> None:
    described: dict[str, dict[str, Any]] = {}
    for name, (data, fields) in valid().items():
        (HERE / f"{name}.bin").write_bytes(data)
        described[name] = {"batch": fields}
    for name, (data, sentence) in broken().items():
        (HERE / f"{name}.bin").write_bytes(data)
        described[name] = {"error": sentence}
    lines = [f"{json.dumps(name)}: {json.dumps(text)}" for name, text in described.items()]
    (HERE / "vectors.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
