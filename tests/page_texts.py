"""Sentences of the pages: those in scripts, and those in HTML as page-texts.js finds them."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from tests.source_tree import ROOT

STATIC = ROOT / "static"
TEXTS = STATIC / "texts"

LITERAL = r"""'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*\""""
LITERALS = rf"(?:{LITERAL})(?:\s*\+\s*(?:{LITERAL}))*"
MARKED = re.compile(rf"\b(?:t|msg)\(\s*({LITERALS})")
PLURAL = re.compile(rf"\bplural\(\s*({LITERALS}),\s*({LITERALS})")
COUNTED = re.compile(r"\bcounted\([^']*, '(\w+)'\)")
COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*", re.DOTALL | re.MULTILINE)

WORD = re.compile(r"[^\W\d_]")
SPACE = re.compile(r"\s+")
ATTRIBUTES = ("aria-label", "alt", "placeholder", "title")
KEPT = ("script", "style", "code", "kbd")
VOID = ("input", "link", "meta", "img", "br", "hr")


@dataclass
class Found:
    """What the pages say: sentences, and plural sentences with their form for one."""

    plain: set[str] = field(default_factory=set)
    plural: dict[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> set[str]:
        """All keys that a language's file has."""
        return self.plain | set(self.plural)


@dataclass
class Element:
    """An element of a page and what it holds."""

    name: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        # SVG elements close themselves; what stands open below the one that ends, ends too.
        while len(self.open) > 1 and self.open.pop().name != tag:
            pass

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def value(literals: str) -> str:
    """The text of JavaScript string literals that are joined by ``+``."""
    return "".join(ast.literal_eval(one) for one in re.findall(LITERAL, literals))


def of_script(script: str) -> Found:
    """The sentences of a script: the literals in ``t``, ``msg``, ``plural`` and ``counted``."""
    code = COMMENT.sub("", script)
    found = Found({value(text) for text in MARKED.findall(code)})
    found.plural = {value(many): value(one) for one, many in PLURAL.findall(code)}
    found.plural |= {f"{{n}} {noun}s": f"{{n}} {noun}" for noun in COUNTED.findall(code)}
    return found


def of_html(text: str) -> set[str]:
    """The sentences of a page."""
    tree = _Tree()
    tree.feed(text)
    found: set[str] = set()
    _collect(tree.open[0], found)
    return {SPACE.sub(" ", sentence).strip() for sentence in found if WORD.search(sentence)}


def _collect(element: Element, found: set[str]) -> None:
    attributes = element.attributes
    if element.name in KEPT or attributes.get("translate") == "no":
        return
    if element.name == "meta" and attributes.get("name") == "description":
        found.add(attributes["content"])
    found |= {attributes[name] for name in ATTRIBUTES if name in attributes}
    found.add(_own(element))
    for child in element.children:
        if isinstance(child, Element):
            _collect(child, found)


def _own(element: Element) -> str:
    """The element's own sentence, with its parts as placeholders; empty where it has no word."""
    words = [
        place
        for place, child in enumerate(element.children)
        if isinstance(child, str) and child.strip()
    ]
    if not any(WORD.search(str(element.children[place])) for place in words):
        return ""
    text, parts = "", 0
    for child in element.children[words[0] : words[-1] + 1]:
        if isinstance(child, str):
            text += child
        else:
            text += f"{{{parts}}}"
            parts += 1
    return text


def of_pages(root: Path = STATIC) -> Found:
    """All sentences of all pages below a folder."""
    whole = Found()
    for path in root.rglob("*.js"):
        found = of_script(path.read_text())
        whole.plain |= found.plain
        whole.plural |= found.plural
    for path in root.glob("*.html"):
        whole.plain |= of_html(path.read_text())
    whole.plain -= {*whole.plural, ""}
    return whole


def placeholders(sentence: str) -> set[str]:
    """Names in braces."""
    return set(re.findall(r"\{(\w+)\}", sentence))
