"""The devices that made each part of the picture, in virtual time."""

from __future__ import annotations

import threading

import pytest

from wire.team_map import LIFE_S, MADE_S, MAX_CELLS, MAX_DEVICES, NOBODY, TeamMap
from workers.temporal.region_selection import Region
from workers.upscale.made_map import MAX_NAMES, MadeMap
from workers.upscale.team_frame import OWN, MadeRegion

WIDTH, HEIGHT = 160, 96
WHOLE = Region(0, 0, HEIGHT, WIDTH)


def wanted(now: float = 0.0) -> MadeMap:
    """A map that somebody just asked for."""
    made = MadeMap()
    made.want(now=now)
    return made


def read(made: MadeMap, now: float) -> TeamMap:
    found = made.read("lead", now=now)
    assert found is not None
    return found


def rows(found: TeamMap) -> list[str]:
    return [
        found.cells[start : start + found.columns]
        for start in range(0, len(found.cells), found.columns)
    ]


def test_nothing_is_kept_while_nobody_asks() -> None:
    made = MadeMap()
    made.note(WIDTH, HEIGHT, [(OWN, WHOLE)], now=0.0)
    assert made.read("lead", now=0.0) is None
    made.want(now=1.0)
    # What was made before the request is not known.
    assert made.read("lead", now=1.0) is None
    made.note(WIDTH, HEIGHT, [], now=1.0)
    assert set(read(made, 1.0).cells) == {NOBODY}


def test_it_ends_when_the_requests_do() -> None:
    made = wanted()
    for now in (0.0, 1.0, LIFE_S - 0.01):
        made.note(WIDTH, HEIGHT, [(OWN, WHOLE)], now=now)
    assert set(read(made, LIFE_S - 0.01).cells) == {"0"}
    assert made.read("lead", now=LIFE_S) is None
    made.note(WIDTH, HEIGHT, [(OWN, WHOLE)], now=LIFE_S)
    made.want(now=LIFE_S + 1.0)
    assert made.read("lead", now=LIFE_S + 1.0) is None


def test_each_cell_shows_who_made_it_last() -> None:
    made = wanted()
    made.note(
        WIDTH, HEIGHT, [(OWN, WHOLE), ("b", Region(0, 0, 32, 80)), ("a", Region(64, 80, 32, 80))],
        now=0.5,
    )  # fmt: skip
    found = read(made, 0.5)
    assert found.devices == ["lead", "b", "a"]
    assert (found.width, found.height, found.cell) == (WIDTH, HEIGHT, 8)
    assert rows(found) == ["1" * 10 + "0" * 10] * 4 + ["0" * 20] * 4 + ["0" * 10 + "2" * 10] * 4
    # The next frame's own region takes a part back; what it does not touch stays.
    made.note(WIDTH, HEIGHT, [(OWN, Region(0, 0, 16, 80))], now=0.6)
    assert rows(read(made, 0.6))[:4] == ["0" * 20] * 2 + ["1" * 10 + "0" * 10] * 2


def test_what_is_older_than_a_second_is_nobody_s() -> None:
    made = wanted()
    made.note(WIDTH, HEIGHT, [("a", Region(0, 0, 48, WIDTH))], now=0.0)
    made.note(WIDTH, HEIGHT, [("b", Region(48, 0, 48, WIDTH))], now=0.5)
    assert read(made, MADE_S - 0.01).devices == ["lead", "a", "b"]
    found = read(made, MADE_S)
    # A device that made nothing of late is not among them, the lead always is.
    assert found.devices == ["lead", "b"]
    assert rows(found) == [NOBODY * 20] * 6 + ["1" * 20] * 6
    assert read(made, 0.5 + MADE_S).devices == ["lead"]


def test_a_stream_of_which_no_picture_is_made_has_no_map() -> None:
    """It is only copied, or stands still: nobody makes it."""
    made = wanted()
    made.note(WIDTH, HEIGHT, [(OWN, WHOLE)], now=0.0)
    for now in (1.0, 2.0, LIFE_S - 0.01):
        made.want(now=now)
        assert made.read("lead", now=now) is not None
    made.want(now=LIFE_S)
    assert made.read("lead", now=LIFE_S) is None
    made.note(WIDTH, HEIGHT, [], now=LIFE_S)
    assert set(read(made, LIFE_S).cells) == {NOBODY}


def test_squares_of_cells_are_those_of_who_made_most_of_them() -> None:
    made = wanted()
    regions: list[MadeRegion] = [("a", Region(0, 0, 8, 16)), ("b", Region(0, 16, 8, 8))]
    made.note(480, 270, regions, now=0.0)
    found = read(made, 0.0)
    assert (found.cell, found.columns, found.rows) == (16, 30, 17)
    # Half of the first square is a device's, a quarter of the second one.
    assert found.devices == ["lead", "a"]
    assert rows(found)[0] == "1" + NOBODY * 29


def test_the_squares_at_the_edges_count_what_is_in_the_picture() -> None:
    """34 rows and 60 columns of cells in squares of two; at 472 the last column is half out."""
    made = wanted()
    made.note(472, 270, [("a", Region(0, 464, 272, 8))], now=0.0)
    found = read(made, 0.0)
    assert (found.columns, found.rows) == (30, 17)
    assert rows(found) == [NOBODY * 29 + "1"] * 17


@pytest.mark.parametrize(
    "size", [(2, 2), (16, 8), (480, 270), (640, 360), (1920, 1088), (8192, 16), (1088, 1920)]
)
def test_a_picture_of_any_size_has_few_cells_and_all_of_it(size: tuple[int, int]) -> None:
    width, height = size
    made = wanted()
    made.note(width, height, [("a", Region(0, 0, height, width))], now=0.0)
    found = read(made, 0.0)
    assert len(found.cells) <= MAX_CELLS and set(found.cells) == {"1"}
    assert found.columns * found.cell >= width > (found.columns - 1) * found.cell


def test_another_size_begins_anew() -> None:
    made = wanted()
    made.note(WIDTH, HEIGHT, [("a", WHOLE)], now=0.0)
    made.note(2 * WIDTH, HEIGHT, [("b", Region(0, 0, HEIGHT, WIDTH))], now=0.1)
    found = read(made, 0.1)
    assert (found.width, found.devices) == (2 * WIDTH, ["lead", "b"])


def test_there_are_never_more_devices_than_a_map_may_have() -> None:
    made = wanted()
    for turn in range(3 * MAX_NAMES):
        region = Region(8 * (turn % 12), 8 * (turn // 12 % 20), 8, 8)
        made.note(WIDTH, HEIGHT, [(f"d{turn}", region)], now=0.001 * turn)
        assert len(read(made, 0.001 * turn).devices) <= MAX_DEVICES


def test_one_thread_may_note_while_another_one_reads() -> None:
    made = wanted()
    halves: list[MadeRegion] = [("a", Region(0, 0, 48, WIDTH)), ("b", Region(48, 0, 48, WIDTH))]
    made.note(WIDTH, HEIGHT, halves, now=0.0)

    def note() -> None:
        for turn in range(2000):
            made.note(WIDTH, HEIGHT, halves[:: 1 if turn % 2 else -1], now=0.0)

    thread = threading.Thread(target=note, name="notes")
    thread.start()
    while thread.is_alive():
        assert rows(read(made, 0.0)) == ["1" * 20] * 6 + ["2" * 20] * 6
    thread.join()
