"""The documentation holds: links lead somewhere, commands and files that it names exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from benchmarks.__main__ import JOBS
from cli.main import app
from media.codec_table import TABLE
from tests.test_words import DRAFT
from wire.counters import COUNTERS
from workers.scheduling.decision import DROP, TEAM
from workers.upscale.methods.table import METHODS

ROOT = Path(__file__).parents[1]
GENERATED = (
    "docs/quality/README.md",
    "docs/sending/README.md",
    "docs/temporal/README.md",
    "docs/transport/README.md",
)
"""Written by `make bench-quality`, `bench-temporal` and `bench-transport`, and by
`benchmarks.sending`; their long lines are data."""

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("wire/*.md"))
)
MAX_LINE = 120
MAX_README_LINES = 150
MAX_GLOSSARY_WORDS = 20
HAS_OWN_LINES = ("wire/PROTOCOL.md",)
"""A specification is reviewed by the line; wrapping it anew would hide what changed."""


def read(page: str) -> str:
    return (ROOT / page).read_text()


def prose(text: str) -> Iterator[str]:
    """Lines that can be wrapped: no tables and no blocks of code."""
    is_code = False
    for line in text.splitlines():
        if line.startswith("```"):
            is_code = not is_code
        elif not is_code and not line.startswith("|"):
            yield line


def broken_links(page: str, text: str) -> list[str]:
    """Relative links whose file does not exist."""
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    paths = [link.split("#")[0] for link in links if "://" not in link]
    return [path for path in paths if path and not ((ROOT / page).parent / path).exists()]


def missing_files(text: str) -> list[str]:
    """Paths in backticks that begin with a folder of ours and do not exist."""
    folders = "app|benchmarks|cli|docs|media|models|static|tests|wire|workers"
    paths = re.findall(rf"`((?:{folders})/[\w./-]+)`", text)
    named = [path for path in paths if "NAME" not in path]  # a placeholder in an instruction
    return [path for path in named if not (ROOT / path).exists()]


def unknown_targets(text: str) -> list[str]:
    """`make TARGET` without such a target."""
    targets = set(re.findall(r"^([\w-]+):", read("Makefile"), re.MULTILINE))
    used = re.findall(r"(?:^|`|\s)make ([a-z][\w-]*)(?=[`\s]|$)", "\n".join(code(text)))
    return [target for target in used if target not in targets]


def unknown_commands(text: str) -> list[str]:
    """`sharpcast COMMAND` and `sharpcast bench JOB` that do not exist."""
    commands = set(getattr(typer.main.get_command(app), "commands", {}))
    lines = "\n".join(code(text))
    found = re.findall(r"(?:^|[\s/])sharpcast ([a-z][\w-]*)", lines)
    jobs = re.findall(r"sharpcast bench ([a-z]\w*)", lines)
    return [each for each in found if each not in commands] + [j for j in jobs if j not in JOBS]


def code(text: str) -> Iterator[str]:
    """Blocks and spans of code."""
    yield from re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    outside = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`([^`\n]+)`", outside)


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_exists(page: str) -> None:
    text = read(page)
    assert broken_links(page, text) == []
    assert unknown_targets(text) == []
    assert unknown_commands(text) == []
    if page not in ("CHANGELOG.md", *GENERATED):  # these speak of earlier versions
        assert missing_files(text) == []


@pytest.mark.parametrize("page", [p for p in PAGES if p not in (*GENERATED, *HAS_OWN_LINES)])
def test_lines_can_be_read_without_scrolling(page: str) -> None:
    assert [line for line in prose(read(page)) if len(line) > MAX_LINE] == []


def test_every_page_with_long_lines_of_its_own_has_some() -> None:
    for page in (*GENERATED, *HAS_OWN_LINES):
        assert any(len(line) > MAX_LINE for line in prose(read(page))), page


def test_the_readme_is_short() -> None:
    lines = read("README.md").splitlines()
    assert len(lines) <= MAX_README_LINES
    assert [line for line in lines if len(line) > MAX_LINE] == []


def glossary_words(text: str) -> list[str]:
    """The words that a glossary explains; a row may have several, by comma."""
    cells = re.findall(r"^\| (.+?) \|", text, re.MULTILINE)
    return [word.strip() for cell in cells[1:] for word in cell.split(",")]


def test_the_glossary_is_short() -> None:
    words = glossary_words(read("docs/GLOSSARY.md"))
    assert 10 < len(words) <= MAX_GLOSSARY_WORDS
    assert len(set(words)) == len(words)


def test_words_of_a_glossary_are_counted_not_rows() -> None:
    text = "| word | meaning |\n|---|---|\n| a | x, y |\n| b, c | z |\n"
    assert glossary_words(text) == ["a", "b", "c"]


def test_the_glossary_names_every_quality_level() -> None:
    (row,) = re.findall(r"^\| quality level \|.*", read("docs/GLOSSARY.md"), re.MULTILINE)
    levels = {*(method.name for method in METHODS), "passthrough", DROP, TEAM}
    assert set(re.findall(r"`(\w+)`", row)) == levels


def test_the_page_of_the_api_names_every_codec() -> None:
    (point,) = re.findall(r"^- \*\*Codecs\.\*\*.*?(?=^- )", read("docs/api.md"), re.M | re.S)
    assert [codec.title for codec in TABLE if codec.title not in point] == []


def test_the_page_of_the_api_names_every_counter() -> None:
    named = set(re.findall(r"`(\w+)`", read("docs/api.md").partition("\n## Metrics")[2]))
    metrics = {each.name + ("_total" if each.only_grows else "") for each in COUNTERS}
    assert metrics - named == set()


OUT_OF_USE = (
    r"(?i)\b(ladders?|rungs?|tally|tallies|reus(?:e|es|ed|ing)|wish(?:es)?|outbox|2x-\w+)\b"
)
"""Words of earlier versions; `docs/limitations.md` may speak of a ladder of bitrates."""


@pytest.mark.parametrize("page", [page for page in PAGES if page not in GENERATED])
def test_words_of_earlier_versions_stand_in_the_list_of_renamed_ones_alone(page: str) -> None:
    text = read(page).partition("\n### Renamed")[0].replace("bitrate ladder", "")
    text = DRAFT.sub("", text)
    assert re.findall(OUT_OF_USE, text) == []


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = re.findall(r"^(\d+)\. \*\*", read("docs/DECISIONS.md"), re.MULTILINE)
    assert [int(number) for number in numbers] == list(range(1, len(numbers) + 1))


def test_the_picture_is_small() -> None:
    assert (ROOT / "docs/images/watch.png").stat().st_size < 200_000


def test_faults_are_found() -> None:
    assert broken_links("docs/x.md", "[a](api.md) [b](nowhere.md) [c](https://x.org)") == [
        "nowhere.md"
    ]
    assert missing_files("`wire/log.py` `wire/gone.py` `gone/x.py`") == ["wire/gone.py"]
    assert unknown_targets("`make run`, `make tea`, make do") == ["tea"]
    assert unknown_commands("`sharpcast up`, `sharpcast fly`, `sharpcast bench tea`") == [
        "fly",
        "tea",
    ]
