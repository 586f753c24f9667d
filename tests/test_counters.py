"""Every counter of app and workers is registered, and none is increased for nobody."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator

from tests.source_tree import PRODUCT, Module, modules
from wire.counters import COUNTERS

COUNTING = ("app", "workers", "wire")

NOT_COUNTED = {
    "MarkMeter.version": "tells the changes of a mark apart",
    "BodyReader.data": "bytes of one request's body",
    "ConnectionCounts.open": "connections open now, for a limit",
    "ControlReceiver.awaited": "a serial number",
    "ControlReceiver.refused": "of one link: `LinkFigures` tells it",
    "ControlSender.repeated": "of one link: `LinkFigures` tells it",
    "TuningPolicy.number": "a serial number",
    "Tunings.failed": "asked again after a rest; the log tells each",
    "Tunings.refused": "asked again after a rest; the log tells each",
    "EncodeStep.beside_s": "time, which the job's load is made of",
    "EncodeStep.spent_s": "time, which becomes `encode_ms` of the API",
    "FileDecode.concealed": "of one file: `sharpcast enhance` prints it",
    "FileDecode.damaged": "of one file: `sharpcast enhance` prints it",
    "FileEncode.frames": "of one file: `sharpcast enhance` prints it",
    "FileEnhance.size_changes": "of one file: `sharpcast enhance` prints it",
    "FileOutput.refused": "of one file: `sharpcast enhance` prints it",
    "FrameFilter.interlaced": "of one file: `sharpcast enhance` prints it",
    "HeldBytes.held": "bytes held now, for a limit",
    "LossMeter.loss": "an average",
    "LossMeter.measured": "an average",
    "LinkSite.connection": "its change makes logs be opened anew",
    "MediaTimeline.jumps": "its change restarts the capture clock",
    "Position.restarts": "its change makes a log reader begin anew",
    "RecordKeeper.restarts": "its change makes the backlog be written again",
    "Retention.bytes": "bytes of the log, for its limit",
    "RoundTripEstimator.smoothed_s": "an average",
    "RtpSender.octets": "of sender reports (RFC 3550 section 6.4.1)",
    "RtpSender.packets": "of sender reports (RFC 3550 section 6.4.1)",
    "SentPackets.forgotten": "of one link: `LinkFigures` tells it",
    "SpanExport.dropped": "of one process: its log tells it",
    "StreamState.wanted": "an average",
    "Window.version": "its change makes playlists be written anew",
    "UnitJoiner.torn": "its change asks for a key frame",
}
"""Public attributes that grow and are no counters, with the reason."""


@dataclasses.dataclass(frozen=True, slots=True)
class Increase:
    """``self.attribute += ...`` in a class."""

    owner: str
    attribute: str
    function: str

    @property
    def name(self) -> str:
        """As in ``Counter.attributes``."""
        return f"{self.owner}.{self.attribute}"


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def increases(module: Module) -> Iterator[Increase]:
    """All increases of public attributes of ``self``, also by key."""
    for owner in (node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)):
        for function in owner.body:
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node in ast.walk(function):
                if not isinstance(node, ast.AugAssign) or not isinstance(node.op, ast.Add):
                    continue
                target: ast.expr = node.target
                if isinstance(target, ast.Subscript):
                    target = target.value
                if (
                    isinstance(target, ast.Attribute)
                    and _is_self(target.value)
                    and not target.attr.startswith("_")
                ):
                    yield Increase(owner.name, target.attr, function.name)


def reads(module: Module) -> Iterator[tuple[str, str, str]]:
    """(class, function, attribute) of each attribute that is read, without increases by key."""

    def visit(node: ast.AST, owner: str, function: str) -> Iterator[tuple[str, str, str]]:
        if isinstance(node, ast.ClassDef):
            owner, function = node.name, ""
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        elif isinstance(node, ast.AugAssign):
            yield from visit(node.value, owner, function)
            return
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield owner, function, node.attr
        for child in ast.iter_child_nodes(node):
            yield from visit(child, owner, function)

    yield from visit(module.tree, "", "")


def test_every_counter_is_registered() -> None:
    registered = {name for counter in COUNTERS for name in counter.attributes}
    found = {each.name for module in modules(*COUNTING) for each in increases(module)}
    assert found - registered - set(NOT_COUNTED) == set(), "register them in wire/counters.py"
    assert set(NOT_COUNTED) - (found - registered) == set(), "take these off the list"


def test_every_registered_counter_is_counted() -> None:
    found = set()
    for module in modules(*COUNTING):
        for owner in (node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)):
            for node in ast.walk(owner):
                if isinstance(node, ast.Attribute) and _is_self(node.value):
                    found.add(f"{owner.name}.{node.attr}")
                elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    found.add(f"{owner.name}.{node.name}")
    assert {name for each in COUNTERS for name in each.attributes} - found == set()


def test_no_counter_is_increased_for_nobody() -> None:
    found = list(modules(*PRODUCT))
    read: dict[str, set[tuple[str, str]]] = {}
    for module in found:
        for owner, function, attribute in reads(module):
            read.setdefault(attribute, set()).add((owner, function))
    unread = {
        each.name
        for module in modules(*COUNTING)
        for each in increases(module)
        if not read.get(each.attribute, set()) - {(each.owner, each.function)}
    }
    assert unread == set()


def test_increases_and_reads_are_found() -> None:
    text = (
        "class A:\n    def f(self):\n        self.n += 1\n        self.m['x'] += self.k\n"
        "        self._p += 1\n        other.q += 1\n"
        "    async def g(self):\n        self.r += 1\n"
    )
    found = list(increases(Module("x", False, text)))
    assert [each.name for each in found] == ["A.n", "A.m", "A.r"]
    assert set(reads(Module("x", False, text))) == {("A", "f", "k")}
