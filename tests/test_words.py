"""No word with two meanings: words that are not said any more, and classes of one name."""

from __future__ import annotations

import ast
import collections
import functools
import io
import re
import tokenize
from collections.abc import Iterator

import pytest

from tests.source_tree import PRODUCT, SOURCE, Module, modules
from tests.test_docstrings import strings

SAY_INSTEAD = {
    "wish": "config, request or options",
    "tally": "counters",
    "seat": "scheduler handle",
    "shot": "frame or frame task",
    "rung": "quality level",
    "ladder": "degradation policy; a ladder is a set of renditions",
    "look": "style, where it is a noun",
    "share": "allocation; fraction, where it is a part of 1",
    "room": "budget; space, where it is one",
    "crowd": "overcommit",
    "toll": "overhead",
    "hope": "prior",
    "reuse": "temporal propagation",
    "reuser": "propagator",
    "effort": "cost",
    "intent": "mode",
    "outbox": "log publisher",
    "viewing": "playback session",
    "publication": "ingest session",
}
"""Words that meant several things, or nothing to an engineer of the field, and what to say."""

STILL_SAID: dict[str, set[str]] = {"share": {"workers.engines.openvino"}}
"""Modules whose identifiers still have the word. The sets only shrink."""

NOT_IN_TEXT = ("wish", "tally", "seat", "rung", "crowd", "toll", "outbox", "reuser")
"""Words of ``SAY_INSTEAD`` that docstrings and comments do not say either: these have no other
meaning that an engineer would need. The names of IETF drafts do not count."""

DRAFT = re.compile(r"draft-[\w-]+")

RANKS = ("MOST", "LEAST", "LONGEST", "OLDEST")
"""A constant that bounds something is MAX_ or MIN_, a noun and a unit."""

STILL_RANKED: set[str] = set()
"""Constants that still begin so. The set only shrinks."""

DEFINED_TWICE = {
    "Asked": "what the limits of the edge know of a request; who asks for the picture's state",
    "Batch": "frames in a log entry; crops for a step of training, as everybody calls them",
    "Choice": "an engine chosen by measuring; the workers that a lead invites",
    "Clip": "a file to publish; material of training",
    "Counter": "a registered counter; the REST object of it",
    "Material": "what a model was trained on; what a run of training reads",
    "Offer": "a session description; what a device would take of a frame",
    "Picture": "a decoded picture in memory; what a viewer is shown of one",
    "Published": "sizes in papers; an export of a published net",
    "Ready": "a helper's message that it takes tasks; a decoded frame of a file",
    "Refused": "a packet that SRTP refuses; the gateway's answer to a device",
    "Request": "asks for stripes of a link again; a call of a device with its number",
    "Run": "samples of a track in a fragment; one training of a net",
    "Source": "what the REST object, a piece of codec information and a file come from",
    "Standing": "a stream's level and costs; how a viewer's picture was made",
    "Step": "one thread's work on a frame; one frame of an exported video net",
    "Worker": "the process; the REST object of it",
}
"""Public classes of one name in several modules, with the reason why both keep it."""


def words_of(identifier: str) -> set[str]:
    """The words of a name in snake or camel case, in the singular where an s was added."""
    found = {part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)}
    return (
        found | {word.removesuffix("es") for word in found} | {w.removesuffix("s") for w in found}
    )


def identifiers(module: Module) -> Iterator[str]:
    """All names that a module defines or uses, also of arguments and attributes."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg


@functools.cache
def said(module: Module) -> set[str]:
    """The words of ``SAY_INSTEAD`` in a module's identifiers and in its own name."""
    found: set[str] = set()
    for name in {*identifiers(module), module.name.rpartition(".")[2]}:
        found |= words_of(name) & SAY_INSTEAD.keys()
    return found


def words_of_text(text: str) -> set[str]:
    """The words of ``NOT_IN_TEXT`` that a text has, in the singular."""
    words = re.findall(r"[a-z]+", DRAFT.sub("", text.lower()))
    found = {word.removesuffix("ies") + "y" if word.endswith("ies") else word for word in words}
    found |= {word.removesuffix("s") for word in found} | {
        word.removesuffix("es") for word in found
    }
    return found & {*NOT_IN_TEXT}


def texts(module: Module) -> Iterator[tuple[int, str]]:
    """Line and text of every docstring and every comment."""
    yield from strings(module)
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def constants(module: Module) -> Iterator[str]:
    """Names of the module's constants."""
    for node in module.tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            for name in names:
                if isinstance(name, ast.Name) and name.id.isupper():
                    yield name.id


def public_classes() -> dict[str, list[str]]:
    """The modules that define each public class at their top, by its name."""
    found: dict[str, list[str]] = collections.defaultdict(list)
    for module in modules(*PRODUCT):
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(module.name)
    return found


@pytest.mark.parametrize("word", SAY_INSTEAD)
def test_words_of_two_meanings_are_not_said_again(word: str) -> None:
    found = {module.name for module in modules(*SOURCE) if word in said(module)}
    still = STILL_SAID.get(word, set())
    assert found - still == set(), f"say {SAY_INSTEAD[word]}"
    assert still - found == set(), f"these do not say {word} any more: take them off the list"


def test_docstrings_and_comments_do_not_say_them_either() -> None:
    found = [
        f"{module.path}:{line}: say {SAY_INSTEAD[word]}, not {word}"
        for module in modules(*SOURCE)
        for line, text in texts(module)
        for word in sorted(words_of_text(text))
    ]
    assert found == []


def test_words_of_texts_are_found() -> None:
    text = '"""Its wishes."""\nA = "wish"  # two tallies\nB = 1\n"""A Rung: crowds."""\n'
    found = set().union(*(words_of_text(each) for _, each in texts(Module("x", False, text))))
    assert found == {"wish", "tally", "rung", "crowd"}
    assert words_of_text("draft-ietf-wish-whep-03, wrung, totally, a seating") == set()


def test_every_word_of_the_list_is_one_that_is_not_said() -> None:
    assert set(STILL_SAID) - set(SAY_INSTEAD) == set()
    assert all(STILL_SAID.values()), "take words that no module says off the list"


def test_bounds_begin_with_max_and_min() -> None:
    found = {
        f"{module.name}.{name}"
        for module in modules(*SOURCE)
        for name in constants(module)
        if name.lstrip("_").split("_")[0] in RANKS
    }
    assert found - STILL_RANKED == set()
    assert STILL_RANKED - found == set(), "take these off the list"


def test_no_public_class_is_defined_twice_without_a_reason() -> None:
    twice = {name: found for name, found in public_classes().items() if len(found) > 1}
    assert set(twice) - set(DEFINED_TWICE) == set(), twice
    assert set(DEFINED_TWICE) - set(twice) == set(), "take these off the list"


def test_words_are_found_in_any_case_and_number() -> None:
    text = "class FirstWish:\n    def f(self, seats):\n        return self.MOST_SHARES + _rungs\n"
    assert said(Module("x", False, text)) == {"wish", "seat", "share", "rung"}
    assert said(Module("workers.tally", False, "")) == {"tally"}
    assert said(Module("x", False, "shared_memory = shareholder = mushroom = overlook")) == set()


def test_constants_are_found() -> None:
    text = "MOST_A = 1\n_LEAST_B: int = 2\nC, OLDEST = 1, 2\ndef f():\n    MOST_D = 3\n"
    assert list(constants(Module("x", False, text))) == ["MOST_A", "_LEAST_B", "C", "OLDEST"]
