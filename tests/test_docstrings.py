"""First lines of docstrings are plain statements with their subject."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.source_tree import PRODUCT, Module, modules

QUESTIONS = (
    "How", "What", "When", "Whenever", "Where", "Whether", "Which", "Who", "Whom", "Whose", "Why",
)  # fmt: skip
FRAGMENTS = (
    "...", "After", "Also", "And", "As", "At", "Because", "Before", "Beside", "Between", "But",
    "By", "During", "For", "From", "If", "In", "Like", "Nor", "Of", "On", "Or", "So", "Than",
    "That", "Their", "Then", "They", "To", "Under", "Until", "With", "Within", "Without",
)  # fmt: skip
"""What begins a question, or a part of a sentence that is said above it."""


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
        if first in QUESTIONS or first in FRAGMENTS or text.startswith("..."):
            found.append(f"{module.path}:{line}: {text.splitlines()[0]}")
    return found


def test_first_lines_are_statements() -> None:
    found = [fault for module in modules(*PRODUCT) for fault in faults(module)]
    assert found == []


def test_questions_and_fragments_are_found_wherever_a_string_documents() -> None:
    text = (
        '"""What it is."""\n\nA = 1\n"Of it."\n\nclass B:\n    x: int\n    "For `f`."\n'
        '    def f(self):\n        """...and more."""\n'
    )
    assert len(faults(Module("x", False, text))) == 4
    right = '"""A thing. What it is."""\nA = 1\n"Wholly new."\ndef f():\n    """Asks whether."""\n'
    assert faults(Module("x", False, right)) == []
