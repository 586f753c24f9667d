"""Shell commands that Markdown pages show: from blocks without a language, and from spans."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Iterator

_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_SHELL = ("", "sh", "bash", "console")
"""Languages of blocks that are read as commands; others name theirs, for example ``text``."""

_ENDS = {"&&", "||", "|", ";", ">", ">>", "&"}
_SETTING = re.compile(r"[A-Z][A-Z0-9_]*=")


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One command of a page."""

    page: str
    is_block: bool
    "Shown to be typed as it is; a span may leave arguments out."
    variables: tuple[str, ...]
    "Names that are set before the command, or by `export`."
    program: str
    "Without its folder; empty where only variables are set."
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {' '.join([*self.variables, self.program, *self.arguments])}"


def lines(page: str, text: str) -> Iterator[Line]:
    """All commands of a page, in blocks and in spans that begin as a command does."""
    for _, language, block in _BLOCK.findall(text):
        if language in _SHELL:
            for each in block.replace("\\\n", " ").splitlines():
                yield from split(page, each, is_block=True)
    for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", _BLOCK.sub("", text)):
        if " " in span.strip():
            yield from split(page, _without_brackets(" ".join(span.split())), is_block=False)


def _without_brackets(span: str) -> str:
    """`[--option NAME] ...` as if it were given; the extras in `name[extra]` stay."""
    return re.sub(r"(?<=\s)\[([^\]]*)\]", r"\1", span).replace(" ...", "")


def split(page: str, text: str, *, is_block: bool) -> Iterator[Line]:
    """The commands of one line of a shell; comments, redirections and `sudo` are taken off."""
    try:
        lexer = shlex.shlex(text, posix=True, punctuation_chars="|&;>")
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:  # an apostrophe of a sentence, in a span
        if is_block:
            raise
        return
    command: list[str] = []
    for word in [*words, ";"]:
        if word not in _ENDS:
            command.append(word)
            continue
        if command:
            yield _line(page, command, is_block)
        command = []


def _line(page: str, words: list[str], is_block: bool) -> Line:
    variables = []
    if words[0] == "sudo":
        words = words[1:]
    if words[0] == "export":
        words = words[1:]
    while words and _SETTING.match(words[0]):
        variables.append(words[0].partition("=")[0])
        words = words[1:]
    program = words[0] if words else ""
    if "://" not in program and not program.endswith(".sh"):
        program = program.rpartition("/")[2]
    return Line(page, is_block, tuple(variables), program, tuple(words[1:]))
