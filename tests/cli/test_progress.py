"""The bar of a file, and sentences above it."""

from __future__ import annotations

import pytest

from cli.progress import FileProgress


def test_all_of_it_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with FileProgress() as progress:
        progress.show(3, 50)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "enhancing" in captured.err and "3/50" in captured.err


def test_a_file_of_unknown_length_counts_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with FileProgress() as progress:
        progress.show(7, 0)
    assert "7/?" in capsys.readouterr().err


def test_sentences_are_said_as_they_are_however_long(capsys: pytest.CaptureFixture[str]) -> None:
    sentence = "Stream 3 [bold]is[/bold] left out: " + "word " * 60 + "12:00 'x'."
    with FileProgress() as progress:
        progress.say((sentence, "Another one."))
    lines = capsys.readouterr().err.splitlines()
    assert sentence in lines and "Another one." in lines


def test_after_an_error_the_bar_is_over_and_the_error_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ValueError, match="broken"), FileProgress() as progress:
        progress.show(1, 2)
        raise ValueError("broken")
    capsys.readouterr()
    progress.say(("Afterwards.",))
    assert capsys.readouterr().err == "Afterwards.\n"


def test_nothing_done_has_no_rate(capsys: pytest.CaptureFixture[str]) -> None:
    with FileProgress() as progress:
        progress.show(0, 10)
    assert "- fps" in capsys.readouterr().err
