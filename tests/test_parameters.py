"""Functions take few parameters, compiled loops too; the list of those with more only shrinks."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.source_tree import SOURCE, Module, modules

MAX_PARAMETERS = 7
"""Of a function, without ``self``: more belong into a dataclass of options, or, for compiled loops,
into a named tuple of arrays.
"""

MORE = {
    "cli.enhance.enhance": 10,
    "cli.publish.publish": 12,  # Each is an option of the command line.
}
"""Parameters of the functions above the limit. None may grow."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def parameters(module: Module) -> Iterator[tuple[str, int]]:
    """Qualified name and number of parameters of each function, without ``self`` and ``cls``."""

    def within(node: ast.AST, path: str) -> Iterator[tuple[str, int]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function):
                words = [*child.args.posonlyargs, *child.args.args]
                own = bool(words) and words[0].arg in ("self", "cls")
                yield f"{path}.{child.name}", len(words) + len(child.args.kwonlyargs) - own
            if isinstance(child, Function | ast.ClassDef):
                yield from within(child, f"{path}.{child.name}")

    yield from within(module.tree, module.name)


def counts() -> dict[str, int]:
    """Numbers of parameters of all functions by qualified name."""
    return {name: count for module in modules(*SOURCE) for name, count in parameters(module)}


def test_no_function_takes_too_much() -> None:
    found = counts()
    assert {n: c for n, c in found.items() if c > max(MAX_PARAMETERS, MORE.get(n, 0))} == {}


def test_the_list_says_no_more_than_is_there() -> None:
    """So that it can only shrink: a function that needs its line no more loses it."""
    found = counts()
    assert {n: found.get(n, 0) for n in MORE} == MORE
    assert min(MORE.values(), default=MAX_PARAMETERS + 1) > MAX_PARAMETERS


def test_parameters_of_all_kinds_count() -> None:
    text = "class A:\n    def __init__(self, a, /, b, *, c, d=1):\n        def f(x): ...\n"
    found = list(parameters(Module("x", False, text)))
    assert found == [("x.A.__init__", 4), ("x.A.__init__.f", 1)]
