"""The source tree as the tests of the house read it."""

from __future__ import annotations

import ast
import dataclasses
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PRODUCT = ("app", "media", "workers", "models", "wire", "cli")
SOURCE = (*PRODUCT, "benchmarks")


@dataclasses.dataclass(frozen=True, slots=True)
class Module:
    """One source file."""

    name: str
    "Dotted; a package's own name for its ``__init__``."
    is_package: bool
    text: str

    @property
    def tree(self) -> ast.Module:
        """The syntax tree; not to be changed, as all tests share it."""
        return _parsed(self.text)

    @property
    def path(self) -> str:
        """The path below the root of the project."""
        return self.name.replace(".", "/") + ("/__init__.py" if self.is_package else ".py")


@functools.cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def modules(*packages: str) -> Iterator[Module]:
    """All modules of these packages, by path."""
    for path in sorted(p for package in packages for p in (ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        yield Module(name, is_package, path.read_text())


def imported(module: Module) -> Iterator[str]:
    """Full names of all that is imported: ``from a import b`` gives ``a.b``."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.name.split(".")
                kept = len(parents) - node.level + module.is_package
                base = ".".join([*parents[:kept], *([base] if base else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
