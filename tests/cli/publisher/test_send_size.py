"""The size of ``--size auto``."""

from __future__ import annotations

import json

import pytest

from cli.publisher.send_size import automatic_size, read_sizes, server_sizes
from media.send_size import SendSize
from tests.cli.publisher.http_server import answering

SIZES = (SendSize(0.5, 0.0), SendSize(0.75, 0.05), SendSize(1.0, 0.1))
ROWS = [{"fraction": size.fraction, "min_bpp": size.min_bpp} for size in SIZES]


def test_the_servers_table_is_read_smallest_first() -> None:
    with answering(200, json.dumps({"send_sizes": ROWS[::-1]}).encode()) as server:
        assert server_sizes(f"{server.url}/whip/cam") == SIZES
    assert server.asked[0][1] == "/api/v1/server"


@pytest.mark.parametrize(
    "answer",
    [b"", b"[]", b"no", b'{"send_sizes": 3}', b'{"send_sizes": [1]}', b'{"send_sizes": [{}]}'],
)
def test_other_answers_are_no_table(answer: bytes) -> None:
    with answering(200, answer) as server:
        assert server_sizes(f"{server.url}/whip/cam") == ()


@pytest.mark.parametrize(
    ("fraction", "min_bpp"),
    [
        (0, 0),
        (1.1, 0),
        (0.5, -1),
        ("0.5", 0),
        (0.5, None),
        (1e999, 0),
        (10**400, 0),
        (1, 10**400),
        (float("nan"), 0),
    ],
)
def test_numbers_out_of_range_are_no_table(fraction: object, min_bpp: object) -> None:
    assert read_sizes([{"fraction": fraction, "min_bpp": min_bpp}]) == ()


def test_an_address_of_another_form_is_not_asked() -> None:
    assert server_sizes("http://127.0.0.1:9/ingest/cam") == ()


@pytest.mark.parametrize(
    ("kbps", "size"), [(100, (480, 270)), (1000, (720, 404)), (2000, (960, 540))]
)
def test_the_rate_decides(kbps: int, size: tuple[int, int]) -> None:
    assert automatic_size(1920, 1080, fps=30.0, kbps=kbps, sizes=SIZES) == size


def test_small_pictures_are_not_enlarged_and_sides_are_even() -> None:
    assert automatic_size(640, 360, fps=30.0, kbps=5000, sizes=SIZES) == (640, 360)
    assert automatic_size(641, 361, fps=30.0, kbps=50, sizes=SIZES) == (320, 180)
    assert automatic_size(24, 18, fps=30.0, kbps=1, sizes=SIZES) == (18, 16)


def test_without_a_table_the_full_picture_is_sent() -> None:
    assert automatic_size(1280, 720, fps=30.0, kbps=50, sizes=()) == (960, 540)
