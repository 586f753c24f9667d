from __future__ import annotations

from benchmarks.machine import describe, headline
from benchmarks.material import CLIP_FOLDER, back_and_forth
from benchmarks.table import Row, markdown_table, render


def test_a_table_has_a_line_for_each_row() -> None:
    assert markdown_table(("a", "b"), [("1", "2")]) == "| a | b |\n|---|---|\n| 1 | 2 |"
    assert markdown_table(("a",), ()) == "| a |\n|---|"


def test_a_missed_target_is_said() -> None:
    rows = [Row("x", 1.0, 2.0, "dB"), Row("y", 1.0, 2.0, "ms", True, "n"), Row("z", 1.0, None, "")]
    assert render(rows).splitlines()[2:] == [
        "| x | 1 dB | at least 2 dB | **missed** |",
        "| y | 1 ms | at most 2 ms | met; n |",
        "| z | 1  | report |  |",
    ]


def test_the_machine_begins_with_its_headline() -> None:
    assert describe().splitlines()[0] == headline()
    assert "cores" in headline()


def test_clips_run_back_and_forth() -> None:
    assert back_and_forth(3, 7) == [0, 1, 2, 1, 0, 1, 2]
    assert (CLIP_FOLDER / "handheld.mp4").exists()
