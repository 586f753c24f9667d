"""From options to what is sent."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import pytest

from cli.errors import NotPublished
from cli.publisher import command
from cli.publisher.clip import Clip
from cli.publisher.copy_rule import CopyMode
from cli.publisher.publish_options import PublishOptions
from cli.publisher.watchdog import Attempt

PATTERN = PublishOptions(
    source=None,
    url="http://127.0.0.1:9/whip/a",
    token="",
    test_pattern=True,
    size="",
    fps=0.0,
    kbps=300,
    loop=True,
    stamp=False,
)
NOWHERE = Attempt(None, -1)
"""What none of these get as far as to tell."""

FILM = Clip(
    path=Path("film.mp4"),
    width=1920,
    height=1080,
    fps=Fraction(24_000, 1001),
    duration_s=Fraction(9),
    has_sound=True,
)


@pytest.mark.parametrize(
    "wrong",
    [
        "480",
        "480x",
        "x270",
        "481x270",
        "480x271",
        "0x0",
        "480x270x2",
        "480X270",
        " 480x270",
        "480x270\n",
        "99999x270",
        "-480x270",
        "4x2",
    ],
)
def test_a_size_that_is_none_is_shown_with_the_form(wrong: str) -> None:
    with pytest.raises(NotPublished) as caught:
        command.run(dataclasses.replace(PATTERN, size=wrong), NOWHERE)
    assert str(caught.value) == f"--size: {wrong!r} is not of the form 480x270, in even numbers."


@pytest.mark.parametrize("url", ["", "whip", "ftp://h/whip/a", "127.0.0.1:8080/whip/a", "//h/a"])
def test_an_address_that_is_none_is_shown_with_the_form(url: str) -> None:
    with pytest.raises(NotPublished, match="is no address of the form http://host:port/whip/NAME"):
        command.run(dataclasses.replace(PATTERN, url=url), NOWHERE)


def test_a_file_and_a_pattern_exclude_each_other() -> None:
    with pytest.raises(NotPublished, match="a file or an address, or --test-pattern"):
        command.run(dataclasses.replace(PATTERN, source="film.mp4"), NOWHERE)
    with pytest.raises(NotPublished, match="a file or an address, or --test-pattern"):
        command.run(dataclasses.replace(PATTERN, test_pattern=False), NOWHERE)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1920, 1080), (480, 270)),
        ((320, 180), (320, 180)),
        ((1080, 1920), (152, 270)),
        ((321, 181), (320, 180)),
        ((640, 272), (636, 270)),
        ((4, 2000), (2, 270)),
    ],
)
def test_a_film_is_sent_with_270_lines_at_most_in_its_shape(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    clip = dataclasses.replace(FILM, width=size[0], height=size[1])
    sent = command._format(PATTERN, clip)
    assert (sent.width, sent.height) == expected
    assert sent.width % 2 == sent.height % 2 == 0


def test_a_size_that_is_asked_for_is_sent_whatever_the_shape() -> None:
    sent = command._format(dataclasses.replace(PATTERN, size="640x480"), FILM)
    assert (sent.width, sent.height) == (640, 480)


@pytest.mark.parametrize(
    ("fps", "clip", "expected"),
    [
        (0.0, None, Fraction(30)),
        (0.0, FILM, Fraction(24_000, 1001)),
        (12.5, FILM, Fraction(25, 2)),
        (29.97, None, Fraction(2997, 100)),
        (60.0, None, Fraction(60)),
    ],
)
def test_the_rate_is_the_one_asked_for_else_the_films_own_else_thirty(
    fps: float, clip: Clip | None, expected: Fraction
) -> None:
    assert command._format(dataclasses.replace(PATTERN, fps=fps), clip).fps == expected


@pytest.mark.parametrize(("clip", "has_sound"), [(None, False), (FILM, True)])
def test_the_line_about_it_names_what_where_and_how_much(
    clip: Clip | None, has_sound: bool
) -> None:
    options = dataclasses.replace(PATTERN, source=None if clip is None else "a/film.mp4")
    sent = command._format(options, clip)
    assert sent.has_sound is has_sound
    line = command._announce(options, sent)
    assert line.startswith(f"publishing {'film.mp4' if clip else 'a test pattern'} to http://127.")
    assert "480x270 at " in line and "300 kbit/s" in line
    assert f"{'with' if has_sound else 'without'} sound" in line


@pytest.mark.parametrize(
    "wish",
    [{"size": "480x270"}, {"fps": 10.0}, {"kbps": 300}, {"stamp": True}, {"test_pattern": True}],
    ids=str,
)
def test_what_is_copied_cannot_be_changed(wish: dict[str, object]) -> None:
    wishes: dict[str, object] = {"kbps": 0, "test_pattern": False, "source": "a.mp4", **wish}
    if wish.get("test_pattern"):
        wishes["source"] = None
    options = dataclasses.replace(PATTERN, mode=CopyMode.ALWAYS, **wishes)  # type: ignore[arg-type]
    with pytest.raises(NotPublished, match="--copy always excludes"):
        command.run(options, NOWHERE)


def test_an_address_of_an_unknown_kind_is_refused_before_anything_is_opened() -> None:
    options = dataclasses.replace(PATTERN, source="gopher://h/a", test_pattern=False)
    with pytest.raises(NotPublished, match="known are rtsp://"):
        command.run(options, NOWHERE)
