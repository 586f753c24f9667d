"""Draws all transition tables into ``docs/states.md``: ``make docs``.

Python's tables are named here; those of the pages are read from ``static/js``.
"""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from wire.state_machine import TransitionTable

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/states.md"

TABLES = (
    "app.http.edge.connection_state:CONNECTION",
    "app.streams.ingest_state:INGEST",
    "app.recording.recording_state:RECORDING",
    "app.gateway.device_state:DEVICE",
    "app.ice.agent_state:AGENT",
    "app.webrtc.peer_state:PEER",
    "app.webrtc.publisher_state:PUBLISHER",
    "app.webrtc.viewer_state:VIEWER",
    "app.delivery.switch_state:SWITCH",
    "app.delivery.adaptation_state:ADAPTATION",
    "workers.process.worker_state:WORKER",
    "workers.session.rendition_state:RENDITION",
    "workers.tuning.tuning_state:TUNING",
    "workers.decode.key_frame_gate:GATE",
    "workers.team.helper_state:HELPER",
    "cli.publisher.reconnect_state:RECONNECT",
    "wire.link.secure:SECURE",
    "wire.remote.device_link_state:DEVICE_LINK",
)
"""Every table of the Python side, as ``module:NAME``, in the order of the page."""

PAGE_TABLES = {
    "static/js/pages/broadcast.js": "Broadcast page",
    "static/js/net/publish-session.js": "Publish sessions of the browser",
    "static/js/net/watch-session.js": "Watch sessions of the browser",
    "static/js/net/media-session.js": "WHIP and WHEP sessions of the browser",
}
"""The files of the pages that hold a table, and whose states these are."""

HEAD = """# States

<!-- Written by `make docs`; edit the tables in the code instead. -->

Each thing that has a life has one table of states and events (`wire/state_machine.py`, and
`static/js/net/state-machine.js` in the browser). An event that a table does not name for a state is
a bug and raises.
"""

Moves = Mapping[str, Mapping[str, str]]
"""State, event, next state."""


def _word(member: enum.Enum) -> str:
    return member.name.lower()


def diagram(initial: str, moves: Moves) -> Iterator[str]:
    """The lines of a Mermaid state diagram; events between the same two states share an arrow."""
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {initial}"
    for state, row in moves.items():
        arrows: dict[str, list[str]] = {}
        for event, after in row.items():
            arrows.setdefault(after, []).append(event.replace("_", " "))
        for after, events in arrows.items():
            yield f"    {state} --> {after}: {', '.join(events)}"
        if not any(after != state for after in row.values()):
            yield f"    {state} --> [*]"
    yield "```"


def meanings(members: type[enum.Enum]) -> dict[str, str]:
    """The sentence under each member of an Enum, by the member's word; those without are absent."""
    body = ast.parse(inspect.getsource(members)).body[0]
    assert isinstance(body, ast.ClassDef)
    found, last = {}, ""
    for node in body.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            last = node.targets[0].id.lower()
        elif last and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found[last] = " ".join(str(node.value.value).split())
    return found


def load(place: str) -> TransitionTable[enum.Enum, enum.Enum]:
    """The table at ``module:NAME``."""
    module, name = place.split(":")
    found = getattr(importlib.import_module(module), name)
    assert isinstance(found, TransitionTable)
    return found


def section(place: str) -> Iterator[str]:
    """The part of the page about one table of the Python side."""
    table = load(place)
    yield f"## {table.name}"
    yield ""
    yield f"`{place.split(':')[0].replace('.', '/')}.py`"
    yield ""
    moves = {
        _word(state): {_word(event): _word(after) for event, after in row.items()}
        for state, row in table.moves.items()
    }
    yield from diagram(_word(table.initial), moves)
    told = [
        *meanings(type(table.initial)).items(),
        *meanings(type(next(iter(next(iter(table.moves.values())))))).items(),
    ]
    if told:
        yield ""
        yield from (f"- *{word.replace('_', ' ')}*: {text}" for word, text in told)


def page_table(text: str) -> tuple[str, Moves]:
    """The initial state and the moves of the one table in a file of JavaScript."""
    (initial,) = re.findall(r"new StateMachine\(TABLE, '(\w+)'", text)
    (body,) = re.findall(r"^const TABLE = (\{.*?^\});", text, re.DOTALL | re.MULTILINE)
    quoted = re.sub(r"(\w+):", r'"\1":', body).replace("'", '"')
    moves: Moves = json.loads(re.sub(r",(\s*})", r"\1", quoted))
    return initial, moves


def page_section(path: str) -> Iterator[str]:
    """The part of the page about one table of the browser."""
    yield f"## {PAGE_TABLES[path]}"
    yield ""
    yield f"`{path}`"
    yield ""
    yield from diagram(*page_table((ROOT / path).read_text()))


def draw() -> str:
    """The text of ``docs/states.md``."""
    parts = [HEAD.rstrip()]
    parts += ["\n".join(section(place)) for place in TABLES]
    parts += ["\n".join(page_section(path)) for path in PAGE_TABLES]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(draw())
