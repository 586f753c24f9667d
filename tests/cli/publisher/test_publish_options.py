"""Options of the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.errors import NotPublished
from cli.publisher.copy_rule import CopyMode
from cli.publisher.publish_options import (
    TRANSPORTS,
    PublishOptions,
    parse_mode,
    parse_size,
    parse_transport,
)


def options(source: str | None = None, size: str = "") -> PublishOptions:
    return PublishOptions(source, "http://h/whip/a", "", source is None, size, 0, 0, True, False)


def test_words_of_copying() -> None:
    assert [parse_mode(word) for word in ("auto", "always", "never")] == list(CopyMode)
    with pytest.raises(NotPublished, match="'often' is none of auto, always, never"):
        parse_mode("often")


def test_words_of_transport() -> None:
    assert [parse_transport(word) for word in TRANSPORTS] == ["auto", "tcp", "udp"]
    with pytest.raises(NotPublished, match="'http' is none of auto, tcp, udp"):
        parse_transport("http")


def test_a_size_is_two_even_numbers() -> None:
    assert parse_size("480x270") == (480, 270)
    for wrong in ("480", "481x270", "auto", "", "480X270", "٤٨٠x270"):
        with pytest.raises(NotPublished, match="in even numbers"):
            parse_size(wrong)


def test_a_source_is_a_path_for_what_reads_files() -> None:
    assert options("a/b.mp4").file == Path("a/b.mp4")
    assert options().file is None


def test_the_word_auto_lets_the_rate_decide() -> None:
    assert options(size="auto").is_automatic
    assert not options(size="480x270").is_automatic
    assert not options().is_automatic
