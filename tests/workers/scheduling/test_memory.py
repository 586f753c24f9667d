from __future__ import annotations

from pathlib import Path

import pytest

from workers.scheduling.memory import USABLE_FRACTION, stream_bytes, too_dear, usable_bytes

MIB = 1 << 20


@pytest.mark.parametrize(
    "size,measured_mb", [((480, 270), 85), ((1280, 720), 237), ((1920, 1080), 423)]
)
def test_a_stream_is_planned_with_what_was_measured_and_what_reuse_takes(
    size: tuple[int, int], measured_mb: int
) -> None:
    planned_mb = stream_bytes(*size, 2) / 1e6
    assert measured_mb <= planned_mb <= 1.5 * measured_mb


def test_a_larger_factor_takes_more() -> None:
    assert stream_bytes(1920, 1080, 4) > 2.5 * stream_bytes(1920, 1080, 2)


def test_a_containers_limit_counts_where_there_is_one(tmp_path: Path) -> None:
    limit, none = tmp_path / "memory.max", tmp_path / "unlimited"
    limit.write_text(f"{512 * MIB}\n")
    none.write_text("max\n")
    assert usable_bytes((tmp_path / "missing", none, limit)) == int(USABLE_FRACTION * 512 * MIB)
    assert usable_bytes((none,)) == usable_bytes(()) > 0


def test_the_refusal_says_both_numbers() -> None:
    assert too_dear(1920, 1080, 560 * MIB, -5) == (
        "1920x1080 needs 560 MiB here, and the worker has 0 MiB left for it."
    )
