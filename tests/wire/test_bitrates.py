from __future__ import annotations

import pytest

from wire.bitrates import BitrateTable
from wire.errors import BadSettings
from wire.settings import load_settings

TABLE = BitrateTable.parse(("960x540=2500", "640x360=1200"))


@pytest.mark.parametrize(
    ("width", "height", "kbps"),
    [
        (640, 360, 1200),
        (960, 540, 2500),
        (540, 960, 2500),
        (320, 180, 300),
        (1920, 1080, 10_000),
        (800, 468, 1850),
    ],
)
def test_a_bitrate_is_interpolated_by_pixels(width: int, height: int, kbps: float) -> None:
    assert TABLE.kbps(width, height) == pytest.approx(kbps)


def test_bitrates_grow_with_the_size() -> None:
    table = BitrateTable.parse(load_settings({}).bitrates)
    found = [table.kbps(16 * n, 9 * n) for n in range(4, 240)]
    assert found == sorted(found)


def test_one_target_is_enough() -> None:
    assert BitrateTable.parse(("640x360=1000",)).kbps(640, 180) == 500.0


def test_a_bad_target_is_refused() -> None:
    with pytest.raises(BadSettings, match="'640=1' is not of the form"):
        BitrateTable.parse(("640=1",))
