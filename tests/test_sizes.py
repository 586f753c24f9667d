"""Files, functions and constructors stay small: lists of what is larger, which only shrink."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.source_tree import SOURCE, Module, modules

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40
MAX_PARAMETERS = 7
"""Of a constructor, without ``self``: more belong into a dataclass of options."""

LARGER_FILES: dict[str, int] = {}
"""Lines of the files above the limit. None may grow; remove the line of one that is split."""

LONGER_FUNCTIONS = {
    "workers.encode.step.EncodeStep.__init__": 43,
}
"""Lines of the functions above the limit. None may grow; remove the line of one that is split."""

WIDER_CONSTRUCTORS: dict[str, int] = {}
"""Parameters of the constructors above the limit."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(module: Module) -> Iterator[tuple[str, int]]:
    """Qualified name and lines of each function; those within functions count to the outer one."""

    def within(node: ast.AST, path: str) -> Iterator[tuple[str, int]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function):
                lines = (child.end_lineno or child.lineno) - child.lineno + 1
                yield f"{path}.{child.name}", lines
            elif isinstance(child, ast.ClassDef):
                yield from within(child, f"{path}.{child.name}")

    yield from within(module.tree, module.name)


def constructors(module: Module) -> Iterator[tuple[str, int]]:
    """Qualified name and number of parameters of each class's ``__init__``."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ClassDef):
            continue
        for child in node.body:
            if isinstance(child, Function) and child.name == "__init__":
                words = child.args
                count = len(words.posonlyargs) + len(words.args) + len(words.kwonlyargs) - 1
                yield f"{module.name}.{node.name}", count


def above(found: Iterator[tuple[str, int]], limit: int, known: dict[str, int]) -> list[str]:
    """Sentences about what is larger than the limit, or than the list allows."""
    sizes = dict(found)
    return [
        f"{name} has {size}, more than {max(limit, known.get(name, 0))}"
        for name, size in sizes.items()
        if size > max(limit, known.get(name, 0))
    ]


def stale(found: Iterator[tuple[str, int]], limit: int, known: dict[str, int]) -> list[str]:
    """Sentences about entries of a list that say more than is there."""
    sizes = dict(found)
    return [
        f"{name} has {sizes.get(name, 0)}: "
        + (f"write that, not {size}" if sizes.get(name, 0) > limit else "remove its line")
        for name, size in known.items()
        if size > max(limit, sizes.get(name, 0)) or sizes.get(name, 0) <= limit
    ]


def files() -> Iterator[tuple[str, int]]:
    """Path and lines of each file."""
    return ((module.path, module.text.count("\n")) for module in modules(*SOURCE))


def all_functions() -> Iterator[tuple[str, int]]:
    """Qualified name and lines of all functions."""
    return (each for module in modules(*SOURCE) for each in functions(module))


def all_constructors() -> Iterator[tuple[str, int]]:
    """Qualified name and number of parameters of all constructors."""
    return (each for module in modules(*SOURCE) for each in constructors(module))


def test_no_file_is_too_long() -> None:
    assert above(files(), MAX_FILE_LINES, LARGER_FILES) == []


def test_no_function_is_too_long() -> None:
    assert above(all_functions(), MAX_FUNCTION_LINES, LONGER_FUNCTIONS) == []


def test_no_constructor_takes_too_much() -> None:
    assert above(all_constructors(), MAX_PARAMETERS, WIDER_CONSTRUCTORS) == []


def test_the_lists_say_no_more_than_is_there() -> None:
    """So that they can only shrink."""
    assert stale(files(), MAX_FILE_LINES, LARGER_FILES) == []
    assert stale(all_functions(), MAX_FUNCTION_LINES, LONGER_FUNCTIONS) == []
    assert stale(all_constructors(), MAX_PARAMETERS, WIDER_CONSTRUCTORS) == []


def test_what_is_too_large_is_found() -> None:
    text = "class A:\n    def f(self):\n" + "        pass\n" * 40
    assert list(functions(Module("x", False, text))) == [("x.A.f", 41)]
    assert above(iter([("x.A.f", 41)]), 40, {}) == ["x.A.f has 41, more than 40"]
    assert above(iter([("x.A.f", 41)]), 40, {"x.A.f": 41}) == []
    assert above(iter([("x.A.f", 42)]), 40, {"x.A.f": 41}) == ["x.A.f has 42, more than 41"]


def test_entries_that_say_too_much_are_found() -> None:
    found = [("f", 41), ("g", 40)]
    assert stale(iter(found), 40, {"f": 41}) == []
    assert stale(iter(found), 40, {"f": 42}) == ["f has 41: write that, not 42"]
    assert stale(iter(found), 40, {"g": 41}) == ["g has 40: remove its line"]
    assert stale(iter(found), 40, {"gone": 50}) == ["gone has 0: remove its line"]


def test_parameters_of_all_kinds_count() -> None:
    text = "class A:\n    def __init__(self, a, /, b, *, c, d=1): ...\n"
    assert list(constructors(Module("x", False, text))) == [("x.A", 4)]
