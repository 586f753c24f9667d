"""First lines of docstrings are plain statements with their subject."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.source_tree import SOURCE, Module, modules

QUESTIONS = (
    "How", "What", "When", "Whenever", "Where", "Whether", "Which", "Who", "Whom", "Whose", "Why",
)  # fmt: skip
FRAGMENTS = (
    "...", "After", "Also", "And", "As", "At", "Because", "Before", "Beside", "Between", "But",
    "By", "During", "For", "From", "If", "In", "Like", "Nor", "Of", "On", "Or", "So", "Than",
    "That", "Their", "Then", "They", "Those", "To", "Under", "Until", "With", "Within", "Without",
)  # fmt: skip
"""What begins a question, or a part of a sentence that is said above it."""

NO_WORDS = re.compile(r"\[[^\]]*\]|RFC \d+|[Ss]ections? [\d.]+(?:(?:,| and| to) [\d.]+)*")
"""Sizes of arrays and section numbers: alone they say nothing of what they stand at."""


def strings(module: Module) -> Iterator[tuple[int, str]]:
    """Line and text of every docstring, those under constants and fields included."""
    for node in ast.walk(module.tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for child in body:
            if (
                isinstance(child, ast.Expr)
                and isinstance(child.value, ast.Constant)
                and isinstance(child.value.value, str)
            ):
                yield child.lineno, child.value.value


def faults(module: Module) -> list[str]:
    """First lines that begin with a question or a fragment."""
    found = []
    for line, text in strings(module):
        first = text.split(maxsplit=1)[0].strip(",:;`") if text.split() else ""
        first_line = text.splitlines()[0] if text else ""
        says_nothing = not re.search(r"[^\W\d_]{2}", NO_WORDS.sub("", first_line))
        is_fragment = first in QUESTIONS or first in FRAGMENTS or text.startswith("...")
        if is_fragment or says_nothing:
            found.append(f"{module.path}:{line}: {first_line}")
    return found


def opens_with_sections(module: Module) -> list[str]:
    """Functions and classes whose first line begins with a section number or a size."""
    return [
        f"{module.path}:{node.lineno}: {node.name}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and re.match(r"\[|Sections? \d|RFC \d", ast.get_docstring(node) or "")
    ]


def is_undocumented(module: Module) -> bool:
    """True for a module that has code and no docstring; an empty ``__init__`` needs none."""
    return bool(module.tree.body) and not ast.get_docstring(module.tree)


def test_first_lines_are_statements() -> None:
    found = [fault for module in modules(*SOURCE) for fault in faults(module)]
    assert found == []


def test_every_module_says_what_it_is() -> None:
    assert [module.path for module in modules(*SOURCE) if is_undocumented(module)] == []


def test_functions_and_classes_do_not_open_with_a_section_or_a_size() -> None:
    assert [each for module in modules(*SOURCE) for each in opens_with_sections(module)] == []


def test_modules_without_a_docstring_are_found() -> None:
    assert is_undocumented(Module("x", False, "from __future__ import annotations\n"))
    assert is_undocumented(Module("x", False, 'A = 1\n"""Not the module\'s."""\n'))
    assert not is_undocumented(Module("x", False, '"""A module."""\nA = 1\n'))
    assert not is_undocumented(Module("x", True, ""))


def test_sections_and_sizes_alone_are_found() -> None:
    for text in (
        "Section 9.4.",
        "Sections 16 and 16.2.",
        "RFC 8489 section 5.",
        "[n, H, W].",
        "L.",
    ):
        assert len(faults(Module("x", False, f'A = 1\n"""{text}"""\n'))) == 1, text
    for text in ("One frame of RFC 6386.", "Section 5: tile lists are removed.", "[n, H]: levels."):
        assert faults(Module("x", False, f'A = 1\n"""{text}"""\n')) == [], text
    text = 'def f():\n    """Section 9.1. Raises it."""\n\nclass B:\n    """[H, W] to it."""\n'
    assert len(opens_with_sections(Module("x", False, text))) == 2
    right = 'def f():\n    """Reads a tag (section 9.1)."""\n'
    assert opens_with_sections(Module("x", False, right)) == []


def test_questions_and_fragments_are_found_wherever_a_string_documents() -> None:
    text = (
        '"""What it is."""\n\nA = 1\n"Of it."\n\nclass B:\n    x: int\n    "For `f`."\n'
        '    def f(self):\n        """...and more."""\n'
    )
    assert len(faults(Module("x", False, text))) == 4
    right = '"""A thing. What it is."""\nA = 1\n"Wholly new."\ndef f():\n    """Asks whether."""\n'
    assert faults(Module("x", False, right)) == []
